#!/bin/sh
# Plants defects in the kernels (BUG_... in kernels/components.cu) and fails where the emulation does not report one.
export ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=halt_on_error=1
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
pass=0; fail=0

try() { # defect, mode, what the report has to say
    if ! make -s BUG="$1" "build/emu/$2-$1/parity" >"$out" 2>&1; then
        cat "$out"; fail=$((fail + 1)); return
    fi
    timeout 120 "build/emu/$2-$1/parity" --quick >"$out" 2>&1
    rc=$?
    said=$(grep -m1 -e "$3" "$out")
    if [ $rc != 0 ] && [ -n "$said" ]; then
        pass=$((pass + 1)); echo "$1, $2: $said"
    else
        fail=$((fail + 1)); echo "FAIL $1, $2: not reported (exit $rc)"
    fi
}

try NO_BARRIER plain 'CPU and device differ'
try NO_BARRIER tsan 'SUMMARY: ThreadSanitizer: data race kernels/components.cu'
try OOB asan 'ERROR: AddressSanitizer: use-after-poison'
echo "bugs: $pass passed, $fail failed"
[ $fail = 0 ]
