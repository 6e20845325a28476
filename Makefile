# make            build/venule (with GPU kernels where nvcc >= 12.8 is found; NVCC= leaves them out)
# make check      all tests    SAN=asan|ubsan|tsan  LEVEL=v2|v3|v4    make check-long  the full matrix
# make demo       the main job on the bundled sample           make layers      who may include whom
# make parity     emulated kernels against the CPU             make bench       timings (never a test)
# make gpu-check  on a machine with a GPU                       make fuzz        FUZZ_SECONDS=60 (clang)
# make install    PREFIX=/usr/local
CC      = gcc
NVCC   := $(shell command -v nvcc 2>/dev/null)
PREFIX  = /usr/local
SAN     =
LEVEL   =
B      := build$(if $(SAN),/$(SAN))$(if $(LEVEL),/$(LEVEL))
G      := $(B)/gen
PKGS    = libtiff-4 libpng ncursesw readline libcjson zlib

WARN    = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wvla -Wno-missing-field-initializers $(if $(WERROR),-Werror)
OPT     = -O3 -g -fno-math-errno -fno-trapping-math -ffp-contract=off
CFLAGS  = -std=c11 -D_GNU_SOURCE $(OPT) $(WARN) -fopenmp -Iinclude -I$(G) -pthread
LIBS   := $(shell pkg-config --libs $(PKGS)) -lm -ldl
CFLAGS += $(shell pkg-config --cflags $(PKGS))

ifeq ($(SAN),asan)
CFLAGS += -fsanitize=address -fno-omit-frame-pointer -O2
endif
ifeq ($(SAN),ubsan)
CFLAGS += -fsanitize=undefined -fno-sanitize-recover=undefined -O2
endif
ifeq ($(SAN),tsan)
# gcc's OpenMP runtime gives false races under its thread sanitizer; clang's with archer does not.
CC      = clang
CFLAGS += -fsanitize=thread -O1 -Wno-unknown-warning-option -Wno-unknown-pragmas -Wno-string-concatenation
endif
ifeq ($(SAN),fuzz)
CC      = clang
CFLAGS += -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -O2 -w
endif
# One vector level for the tests that compare levels.
ifneq ($(LEVEL),)
CFLAGS += -DVN_NO_CLONES $(if $(filter v2,$(LEVEL)),-march=x86-64-v2) $(if $(filter v3,$(LEVEL)),-march=x86-64-v3) $(if $(filter v4,$(LEVEL)),-march=x86-64-v4)
endif

Q       = $(if $(V),,@echo "  $@";)
SRC    := $(sort $(wildcard src/*/*.c))
OBJ    := $(SRC:%.c=$(B)/%.o)
GEN    := $(G)/mode_table.o $(G)/cmd_table.o $(G)/op_table.o $(G)/format_table.o $(G)/help_table.o
TESTS  := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/test_*.c)))

all: $(B)/venule

# ---- tables made from file names; rewritten only when the set of files changes ----
# $1 output, $2 type, $3 symbol prefix, $4 table name, $5 header, $6 names
define table
$1: FORCE
	@mkdir -p $$(@D); { echo '/* generated from file names */'; echo '#include "$5"'; \
	  $(foreach n,$6,echo 'extern const struct $2 $3$n;';) \
	  echo 'const struct $2 *const $4[] = {'; $(foreach n,$6,echo '    &$3$n,';) echo '    0 };'; } > $$@.new; \
	  cmp -s $$@.new $$@ && rm $$@.new || mv $$@.new $$@
endef
$(eval $(call table,$(G)/cmd_table.c,vn_cmd,vn_cmd_,vn_cmd_table,cmd.h,$(sort $(patsubst src/cmd/cmd_%.c,%,$(wildcard src/cmd/cmd_*.c)))))
$(eval $(call table,$(G)/mode_table.c,vn_mode,vn_mode_,vn_mode_table,src/ui/mode.h,$(sort $(patsubst src/ui/mode_%.c,%,$(wildcard src/ui/mode_*.c)))))
$(eval $(call table,$(G)/op_table.c,vn_op,vn_op_,vn_op_table,op.h,$(sort $(patsubst src/op/op_%.c,%,$(wildcard src/op/op_*.c)))))
$(eval $(call table,$(G)/format_table.c,vn_format,vn_format_,vn_format_table,io.h,$(sort $(patsubst src/io/io_%.c,%,$(wildcard src/io/io_*.c)))))
# Help pages as C strings: { name, text } rows.
$(G)/help_table.c: $(wildcard help/*.txt) Makefile FORCE
	@mkdir -p $(@D); { echo 'const char *const vn_help_table[][2] = {'; \
	  for f in $(sort $(wildcard help/*.txt)); do echo "{ \"$$(basename $$f .txt)\","; \
	    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&\\n"/' $$f; echo '},'; done; echo '{ 0, 0 } };'; } > $@.new; \
	  cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# Objects know the headers they were made with (.d), and are made anew when the flags change.
DEPS    = -MMD -MP -MF $(@:.o=.d)
FLAGS  := $(CC) $(filter-out -Werror,$(CFLAGS))
$(B)/flags: FORCE
	@mkdir -p $(@D); echo '$(FLAGS)' > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(DEPS) -c $< -o $@
$(G)/%.o: $(G)/%.c $(B)/flags
	$(Q)$(CC) $(CFLAGS) -I. $(DEPS) -c $< -o $@
-include $(patsubst %.o,%.d,$(B)/src/main.o $(OBJ) $(GEN)) $(wildcard $(B)/tests/*.d $(B)/tests/*/*.d $(B)/src/device/cuda/*.d)

include kernels/kernels.mk

$(B)/venule: $(B)/src/main.o $(OBJ) $(GEN) $(DEVICE_OBJ) $(FATBIN_OBJ)
	$(Q)$(CC) $(CFLAGS) $^ $(LIBS) -o $@
$(B)/tests/%: $(B)/tests/%.o $(OBJ) $(GEN) $(DEVICE_OBJ) $(FATBIN_OBJ)
	$(Q)$(CC) $(CFLAGS) $^ $(LIBS) -lcmocka -o $@

objects: $(OBJ) $(GEN)
# Those that run the program in a terminal.
UI_TESTS := $(filter $(B)/tests/test_ui%,$(TESTS))
$(UI_TESTS): LIBS += -lvterm
$(UI_TESTS): | $(B)/venule
$(UI_TESTS:%=%.o): tests/tty.h

# ---- fuzzing: targets and their inputs in tests/fuzz; the inputs are replayed by `make check` without clang ----
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/tests/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SECONDS = 60
FUZZ    =
ifeq ($(SAN),fuzz)
# Comparisons of voxels teach the fuzzer nothing and take half of its time.
$(filter $(addprefix $(B)/src/,data/% op/% graph/% render/% stats/%),$(OBJ)): CFLAGS += -fno-sanitize-coverage=trace-cmp
endif
FUZZ_DRIVER = $(if $(filter fuzz,$(SAN)),,$(B)/tests/fuzz/replay.o)
$(B)/tests/fuzz/fuzz.o $(B)/tests/fuzz/replay.o $(FUZZERS:%=%.o): tests/fuzz/fuzz.h
$(FUZZERS): $(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/fuzz.o $(FUZZ_DRIVER) $(OBJ) $(GEN) $(DEVICE_OBJ) $(FATBIN_OBJ)
	$(Q)$(CC) $(CFLAGS) $(if $(filter fuzz,$(SAN)),-fsanitize=fuzzer) $(filter %.o,$^) $(LIBS) -o $@
fuzzers: $(FUZZERS)
tests: $(B)/venule $(TESTS) $(FUZZERS)
# FUZZ_SECONDS=60 each; FUZZ='volume.tiff line' for some of them
fuzz:
	@$(MAKE) SAN=fuzz fuzzers
	@B=build/fuzz FUZZ_SECONDS=$(FUZZ_SECONDS) sh tests/fuzz/run.sh $(FUZZ)

# ---- timings beside the peers of ../shared/peers; never a test ----
$(B)/tests/bench/accuracy: LIBS += -Wl,--wrap=vn_joined,--wrap=vn_pores_fill
$(B)/tests/bench/stages $(B)/tests/bench/estimate $(B)/tests/bench/accuracy $(B)/tests/bench/repair $(B)/tests/bench/deartifact: $(B)/tests/bench/%: $(B)/tests/bench/%.o $(OBJ) $(GEN) $(DEVICE_OBJ) $(FATBIN_OBJ)
	$(Q)$(CC) $(CFLAGS) $^ $(LIBS) -o $@
bench: $(B)/venule $(B)/tests/bench/stages
	@B=$(B) bash tests/bench/bench.sh

# Accuracy of parameterless segmentation, into build/bench.  N=100 phantoms; WHAT=table, causes, ablation, parts, leave or all.
bench-accuracy: $(B)/tests/bench/accuracy
	@mkdir -p $(B)/bench && OMP_WAIT_POLICY=passive $(B)/tests/bench/accuracy $(B)/bench $(or $(N),100) 96x96x64 $(WHAT)

# How soon the interface answers, also over simulated links.  UI='start 250' for some of the lines.
$(B)/tests/bench/bench_ui.o: tests/tty.h
$(B)/tests/bench/bench_ui: $(B)/tests/bench/bench_ui.o $(OBJ) $(GEN) $(DEVICE_OBJ) $(FATBIN_OBJ)
	$(Q)$(CC) $(CFLAGS) $^ $(LIBS) -lcmocka -lvterm -o $@
bench-ui: $(B)/venule $(B)/tests/bench/bench_ui
	@LC_ALL=C.UTF-8 $(B)/tests/bench/bench_ui $(UI)

layers:
	@sh tests/layers.sh
check: all tests layers
	@B=$(B) SAN=$(SAN) LEVEL=$(LEVEL) sh tests/run.sh
check-long:
	VN_LONG=1 $(MAKE) check
	$(MAKE) check SAN=asan
	$(MAKE) check SAN=ubsan
	$(MAKE) check SAN=tsan
demo: all
	@sh sample_data/demo.sh $(B)/venule build/demo
install: all
	install -D -m 755 $(B)/venule $(DESTDIR)$(PREFIX)/bin/venule
clean:
	rm -rf build
FORCE:
.PHONY: all objects tests fuzzers fuzz bench bench-accuracy bench-ui check check-long layers clean FORCE demo install
.SECONDARY:
