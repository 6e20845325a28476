# Kernels: compiled by nvcc into fatbins that are embedded in the program, and by g++ for the CPU emulation.
# DEVICE_OBJ: the implementation of device.h (driver API).  FATBIN_OBJ: one object a kernel file; empty without nvcc.
KERNELS    := $(sort $(basename $(notdir $(wildcard kernels/*.cu))))
DEVICE_OBJ := $(B)/src/device/cuda/device_cuda.o
FATBIN_OBJ :=

# nvcc 12.8 is the first that knows sm_100 and sm_120.
NVCC_OK := $(if $(NVCC),$(shell $(NVCC) --version 2>/dev/null | sed -n 's/.*release \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | \
             awk '$$1 > 12 || ($$1 == 12 && $$2 >= 8) { print "yes" }'))
GENCODE  = $(foreach a,75 80 90 100 120,-gencode arch=compute_$a,code=sm_$a) -gencode arch=compute_75,code=compute_75
KDEP     = kernels/kernel.h include/vox.h

ifeq ($(NVCC_OK),yes)
FATBIN_OBJ := $(KERNELS:%=build/fatbin/%.o)
else
$(info no nvcc >= 12.8 found: this is a CPU build (complete, without GPU kernels))
endif
build/fatbin/%.fatbin: kernels/%.cu $(KDEP)
	@mkdir -p $(@D)
	$(NVCC) -std=c++17 -O3 --fmad=false -Werror all-warnings -Iinclude $(GENCODE) --fatbin $< -o $@
build/fatbin/%.o: build/fatbin/%.fatbin kernels/embed.S
	gcc -DFATBIN='"$<"' -c kernels/embed.S -o $@

# ---- emulation: $1 folder, $2 flags of the kernels and the link, $3 flags of the engine, $4 folder of the host objects ----
# The engine is never instrumented for threads: it must stay invisible to the race detector.
EMU_K = -std=c++20 -g -O1 -ffp-contract=off -Wall -Wextra -DVN_EMU -Iinclude -Itests/emu -x c++
EMU_E = -std=c++20 -g -O2 -Wall -Wextra -DVN_EMU -Iinclude -Itests/emu -Isrc/device
define emulated
$1/%.o: kernels/%.cu $(KDEP) tests/emu/emu.h
	@mkdir -p $$(@D)
	g++ $(EMU_K) $2 $(BUG:%=-DBUG_%) -DEMU_FILE=$$* -c $$< -o $$@
$1/device_emu.o: tests/emu/device_emu.cpp tests/emu/emu.h include/device.h src/device/device_impl.h
	@mkdir -p $$(@D)
	g++ $(EMU_E) $3 -c $$< -o $$@
$1/parity: $(KERNELS:%=$1/%.o) $1/device_emu.o $4/tests/parity.o $(SRC:%.c=$4/%.o) $(patsubst $(G)/%,$4/gen/%,$(GEN))
	g++ $$^ $2 -fopenmp -pthread $(LIBS) -o $$@
endef
EMU_ASAN = -fsanitize=address -fno-omit-frame-pointer -fsanitize-sections=emu_*
$(eval $(call emulated,build/emu$(BUG:%=-%)/plain,,,build))
$(eval $(call emulated,build/emu$(BUG:%=-%)/tsan,-fsanitize=thread,-DEMU_TSAN,build))
$(eval $(call emulated,build/emu$(BUG:%=-%)/asan,$(EMU_ASAN),$(EMU_ASAN) -DEMU_ASAN,build/asan))

.PHONY: parity
