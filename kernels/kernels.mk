# Kernels: compiled by nvcc into fatbins that are embedded in the program, and by g++ for the CPU emulation.
# DEVICE_OBJ: the implementation of device.h (driver API).  FATBIN_OBJ: one object a kernel file; empty without nvcc.
KERNELS    := $(sort $(basename $(notdir $(wildcard kernels/*.cu))))
DEVICE_OBJ := $(B)/src/device/cuda/device_cuda.o
FATBIN_OBJ :=

# nvcc 12.8 is the first that knows sm_100 and sm_120.
NVCC_VERSION := $(if $(NVCC),$(shell $(NVCC) --version 2>/dev/null | sed -n 's/.*release \([0-9]*\.[0-9]*\).*/\1/p'))
NVCC_OK := $(shell echo '$(NVCC_VERSION)' | awk -F. '$$1 > 12 || ($$1 == 12 && $$2 >= 8) { print "yes" }')
GENCODE  = $(foreach a,75 80 90 100 120,-gencode arch=compute_$a,code=sm_$a) -gencode arch=compute_75,code=compute_75
KDEP     = kernels/kernel.h kernels/kernels.mk include/vox.h

ifeq ($(NVCC_OK),yes)
FATBIN_OBJ := $(KERNELS:%=build/fatbin/%.o)
else ifeq ($(MAKELEVEL),0)
$(info $(if $(NVCC_VERSION),nvcc $(NVCC_VERSION) is older than 12.8,no nvcc): a CPU build, complete but without GPU kernels)
endif
build/fatbin/%.fatbin: kernels/%.cu $(KDEP)
	@mkdir -p $(@D)
	$(NVCC) -std=c++17 -O3 --fmad=false -Werror all-warnings -Iinclude $(GENCODE) --fatbin $< -o $@
build/fatbin/%.o: build/fatbin/%.fatbin kernels/embed.S
	gcc -DFATBIN='"$<"' -c kernels/embed.S -o $@

HDR := $(wildcard include/*.h src/*/*.h)

# The program as a build without nvcc makes it, for the tests.
build/venule-without-nvcc: build/src/main.o $(SRC:%.c=build/%.o) $(GEN) build/src/device/cuda/device_cuda.o
	$(CC) $(CFLAGS) $^ $(LIBS) -o $@

# ---- parity: every operation with a kernel, CPU against device ----
# Operations need no library but libc: the same objects link on a bare machine with a GPU.
PAR_SRC := $(filter src/base/% src/data/% src/op/% src/device/%,$(SRC))
PAR_LIBS = -fopenmp -pthread -lm -ldl

# $1 folder, $2 flags of the kernels and the link, $3 flags of the engine, $4 flags of the host code.
# The engine and, for the race detector, the host code are not instrumented: threads of a block are what it has to see.
EMU_K = -std=c++20 -g -O1 -ffp-contract=off -Wall -Wextra -DVN_EMU -Iinclude -Itests/emu -x c++
EMU_E = -std=c++20 -g -O2 -Wall -Wextra -DVN_EMU -Iinclude -Itests/emu -Isrc/device
EMU_H = -std=c11 -D_GNU_SOURCE -g -O1 -fno-math-errno -fno-trapping-math -ffp-contract=off $(WARN) -fopenmp -pthread -Iinclude
define emulated
$1/kernel/%.o: kernels/%.cu $(KDEP) tests/emu/emu.h
	@mkdir -p $$(@D)
	g++ $(EMU_K) $2 $(BUG:%=-DBUG_%) -DEMU_FILE=$$* -c $$< -o $$@
$1/device_emu.o: tests/emu/device_emu.cpp tests/emu/emu.h include/device.h src/device/device_impl.h kernels/kernels.mk
	@mkdir -p $$(@D)
	g++ $(EMU_E) $3 -c $$< -o $$@
$4/%.o: %.c $(HDR) kernels/kernels.mk
	@mkdir -p $$(@D)
	gcc $(EMU_H) $5 -c $$< -o $$@
$1/parity: $(KERNELS:%=$1/kernel/%.o) $1/device_emu.o $4/tests/parity.o $(PAR_SRC:%.c=$4/%.o) $4/$(G)/op_table.o
	g++ $2 $$^ $(PAR_LIBS) -o $$@
endef
EMU_ASAN = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -fsanitize-sections=emu_*
$(eval $(call emulated,build/emu/plain$(BUG:%=-%),,,build/emu/plain/host,))
$(eval $(call emulated,build/emu/asan$(BUG:%=-%),$(EMU_ASAN),$(EMU_ASAN) -DEMU_ASAN,build/emu/asan/host,-fsanitize=address -fno-omit-frame-pointer))
$(eval $(call emulated,build/emu/tsan$(BUG:%=-%),-fsanitize=thread,-DEMU_TSAN,build/emu/plain/host,))

# A libcuda.so.1 over the emulation: runs device_cuda.c and the finished program.
build/emu/driver/libcuda.so.1: tests/emu/driver.c tests/emu/device_emu.cpp tests/emu/emu.h src/device/device.c src/device/*.h src/device/cuda/*.h include/device.h $(KERNELS:%=kernels/%.cu) $(KDEP)
	@mkdir -p $(@D)
	for k in $(KERNELS); do g++ $(EMU_K) -fPIC -DEMU_FILE=$$k -c kernels/$$k.cu -o $(@D)/$$k.o || exit 1; done
	g++ $(EMU_E) -fPIC -c tests/emu/device_emu.cpp -o $(@D)/device_emu.o
	for f in src/device/device tests/emu/driver; do gcc -std=c11 -D_GNU_SOURCE -g -O1 $(WARN) -fPIC -Iinclude -Isrc/device -c $$f.c -o $(@D)/$$(basename $$f).o || exit 1; done
	g++ -shared -Wl,-Bsymbolic -Wl,-soname,libcuda.so.1 $(@D)/*.o -ldl -o $@

parity: build/emu/plain/parity build/emu/asan/parity build/emu/tsan/parity
	@NVCC='$(if $(filter yes,$(NVCC_OK)),$(NVCC))' sh tests/emu/parity.sh
# Defects planted in the kernels must be reported.
bugs:
	@sh tests/emu/bugs.sh

# ---- the same on a GPU: needs nvcc, cc and a GPU, no other library ----
build/gpu/parity: build/emu/plain/host/tests/parity.o $(PAR_SRC:%.c=build/gpu/%.o) build/gpu/$(G)/op_table.o build/gpu/src/device/cuda/device_cuda.o $(FATBIN_OBJ)
	gcc $^ $(PAR_LIBS) -o $@
build/gpu/%.o: %.c $(HDR)
	@mkdir -p $(@D)
	gcc -std=c11 -D_GNU_SOURCE $(OPT) $(WARN) -fopenmp -pthread -Iinclude -c $< -o $@
gpu-check: build/gpu/parity
	@sh tests/gpu/gpu_check.sh build/gpu/parity || [ $$? = 77 ]

.PHONY: parity bugs gpu-check
