#!/bin/sh
# Runs every test of build folder $B and ends with "N passed, N failed, N skipped".
B=${B:-build}; pass=0; fail=0; skip=0
export SAN LEVEL
log=$(mktemp -d) || exit 1
trap 'rm -rf "$log"' EXIT
# Threads that spin while they wait starve each other on a busy machine.
export LC_ALL=C.UTF-8 OMP_WAIT_POLICY=passive
case $SAN in
asan) export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 ;;
ubsan) export UBSAN_OPTIONS=print_stacktrace=1 ;;
tsan) export OMP_TOOL_LIBRARIES=$(ls /usr/lib/llvm-*/lib/libarcher.so 2>/dev/null | head -n 1) TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=1 ;;
esac

# cmocka prints "[  PASSED  ] 3 test(s)." and the like on stderr.
unit() {
    name=$(basename "$1")
    start=$(date +%s)
    timeout 300 "$1" >"$log/out" 2>&1; rc=$?
    p=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s).*/\1/p' "$log/out"); s=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test(s).*/\1/p' "$log/out")
    f=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test(s).*/\1/p' "$log/out")
    p=${p:-0}; s=${s:-0}; f=${f:-0}
    [ $rc = 0 ] || [ "$f" -gt 0 ] || f=1
    [ "$p$s$f" = 000 ] && f=1
    pass=$((pass + p)); skip=$((skip + s)); fail=$((fail + f))
    printf '%-28s %4d passed %3d failed %3d skipped %4ds\n' "$name" "$p" "$f" "$s" $(($(date +%s) - start))
    [ "$f" = 0 ] || grep -vE '^\[ +(OK|RUN) ' "$log/out" | tail -n 40
}
# Scripts print "NAME: N passed, N failed[, N skipped]" last.
script() {
    start=$(date +%s)
    timeout 600 sh "$@" >"$log/out" 2>&1; rc=$?
    line=$(grep -E ': [0-9]+ passed, [0-9]+ failed' "$log/out" | tail -n 1)
    p=$(echo "$line" | sed -n 's/.*: \([0-9]*\) passed.*/\1/p'); f=$(echo "$line" | sed -n 's/.* \([0-9]*\) failed.*/\1/p')
    s=$(echo "$line" | sed -n 's/.* \([0-9]*\) skipped.*/\1/p'); p=${p:-0}; f=${f:-0}; s=${s:-0}
    [ $rc = 0 ] || [ "$f" -gt 0 ] || f=1
    pass=$((pass + p)); skip=$((skip + s)); fail=$((fail + f))
    printf '%-28s %4d passed %3d failed %3d skipped %4ds\n' "$(basename "$1")" "$p" "$f" "$s" $(($(date +%s) - start))
    [ "$f" = 0 ] || tail -n 40 "$log/out"
}
for t in "$B"/tests/test_*; do
    [ -x "$t" ] && [ -f "tests/$(basename "$t").c" ] && unit "$t"
done
script tests/help.sh "$B/venule"
for t in tests/check_*.sh; do
    [ -f "$t" ] && script "$t" "$B/venule"
done
echo "$pass passed, $fail failed, $skip skipped"
[ $fail = 0 ]
