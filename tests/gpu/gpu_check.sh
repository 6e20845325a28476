#!/bin/sh
# Every operation with a kernel on the GPU of this machine: the CPU's bytes at awkward sizes, again with each launch waited
# for and with poisoned memory, again under compute-sanitizer where it is installed, then a table of times.
# $1: the parity program linked with the CUDA driver.  Exit 77 where there is no GPU.  Results belong into tests/gpu/RESULTS.md.
p=$1; pass=0; fail=0
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT

"$p" --quick >"$out" 2>&1; rc=$?
if [ $rc = 77 ]; then
    cat "$out"; echo "gpu-check: 0 passed, 0 failed, 1 skipped (this machine has no GPU that can be used)"; exit 77
fi
command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader

run() { # title, command
    title=$1; shift
    "$@" >"$out" 2>&1; rc=$?
    printf '%-40s %s\n' "$title" "$(grep '^parity: ' "$out" || echo "exit $rc")"
    [ $rc = 0 ] && pass=$((pass + 1)) || { fail=$((fail + 1)); tail -n 40 "$out"; }
}

run "all sizes" "$p"
run "each launch waited for" env VN_DEV_SYNC=1 "$p"
run "new memory filled with NaN" env VN_DEV_POISON=1 "$p"
check=$(command -v compute-sanitizer || echo "$(dirname "$(command -v nvcc)")/compute-sanitizer")
if [ -x "$check" ]; then
    for tool in memcheck racecheck initcheck synccheck; do
        run "compute-sanitizer $tool" "$check" --tool $tool --error-exitcode 9 "$p" --quick
    done
else
    echo "compute-sanitizer is not installed: skipped"
fi
VN_DEV_TIME=1 "$p" --time || fail=$((fail + 1))
echo "gpu-check: $pass passed, $fail failed"
[ $fail = 0 ]
