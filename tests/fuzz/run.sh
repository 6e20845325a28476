#!/bin/sh
# Fuzzes every target (or those named) for FUZZ_SECONDS each; prints one line a target, and where findings lie.
# A target is a folder of tests/fuzz/corpus: NAME or NAME.FORMAT, run by fuzz_NAME.  What it learns stays in $B/corpus.
set -u
here=$(pwd); B=$here/${B:-build/fuzz}; seconds=${FUZZ_SECONDS:-60}; bad=0
mkdir -p "$B/found" "$B/log"
export TMPDIR=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) OMP_WAIT_POLICY=passive OMP_NUM_THREADS=1
export ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
trap 'rm -rf "$TMPDIR"' EXIT
[ $# -gt 0 ] || set -- $(cd tests/fuzz/corpus && echo *)
for t in "$@"; do
    mkdir -p "$B/corpus/$t"; rm -f "$B/found/$t-"*
    timeout $((seconds + 60)) "$B/tests/fuzz/fuzz_${t%%.*}" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=1024 \
        -max_len="${FUZZ_LEN:-4096}" -print_final_stats=1 -artifact_prefix="$B/found/$t-" "$B/corpus/$t" "$here/tests/fuzz/corpus/$t" \
        >"$B/log/$t" 2>&1
    rc=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$B/log/$t"); runs=${runs:-0}
    found=$(ls "$B/found" | grep -c "^$t-")
    [ $rc = 0 ] || [ "$found" -gt 0 ] || found=1
    echo "$t: $runs executions, $found findings$([ "$found" = 0 ] || echo ": $B/found/$t-*, $B/log/$t")"
    [ "$found" = 0 ] || bad=1
done
exit $bad
