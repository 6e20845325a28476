#!/bin/sh
# The emulated kernels against the CPU: plain with several seeds, under the address and undefined-behaviour sanitizers,
# under the thread sanitizer inside blocks and between them; and our words for the driver's interface against NVIDIA's
# headers where there is an nvcc ($NVCC).  Called by "make parity", which has built the programs.
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
pass=0; fail=0; skip=0

run() { # name, environment, program and options
    name=$1; shift
    env "$@" >"$out" 2>&1; rc=$?
    line=$(sed -n 's/^parity: //p' "$out")
    p=$(echo "$line" | sed -n 's/ passed.*//p'); f=$(echo "$line" | sed -n 's/.* \([0-9]*\) failed.*/\1/p'); p=${p:-0}; f=${f:-0}
    [ $rc = 0 ] || [ "$f" -gt 0 ] || f=1
    pass=$((pass + p)); fail=$((fail + f))
    printf '%-32s %5d passed %3d failed\n' "$name" "$p" "$f"
    [ "$f" = 0 ] || tail -n 30 "$out"
}

for seed in 1 2 3; do run "plain, seed $seed" EMU_SEED=$seed build/emu/plain/parity; done
grep '^  ' "$out"
run "address sanitizer" EMU_SEED=4 build/emu/asan/parity --quick
run "thread sanitizer, inside blocks" EMU_SEED=5 build/emu/tsan/parity --quick
run "thread sanitizer, between blocks" EMU_SEED=6 EMU_BLOCK_RACES=1 build/emu/tsan/parity --blocks
skip=$(grep -c 'skip: no kernel' "$out")

api=
for dir in "$(dirname "$(readlink -f "${NVCC:-/none}")")/../include" /usr/include; do
    [ -f "$dir/cudaTypedefs.h" ] && api=$dir && break
done
if [ -n "$NVCC" ] && [ -n "$api" ]; then
    if gcc -std=c11 -D_GNU_SOURCE -Wall -Iinclude -DVN_CHECK_CUDA_H -isystem "$api" -fsyntax-only src/device/cuda/device_cuda.c; then
        pass=$((pass + 1)); echo "driver interface equals NVIDIA's headers"
    else
        fail=$((fail + 1))
    fi
else
    skip=$((skip + 1)); echo "driver interface not compared: no nvcc with cudaTypedefs.h"
fi
echo "parity: $pass passed, $fail failed, $skip skipped"
[ $fail = 0 ]
