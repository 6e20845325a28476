#!/bin/sh
# Every input of tests/fuzz/corpus through its target, built by the ordinary compiler: what fuzzing found stays found.
targets=$(dirname "$(realpath "$1")")/tests/fuzz
[ -n "$SAN$LEVEL" ] || env -u MAKEFLAGS -u MAKELEVEL make -s WERROR=1 fuzzers >/dev/null || exit 1
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
pass=0; fail=0
for t in tests/fuzz/corpus/*; do
    want=$(ls "$t" | wc -l); name=$(basename "$t")
    if timeout 120 "$targets/fuzz_${name%%.*}" "$t"/* >"$out" 2>&1 && [ "$(tail -n 1 "$out")" = "$want" ]; then
        pass=$((pass + want))
    else
        fail=$((fail + 1))
        echo "FAIL $name:"; tail -n 20 "$out"
    fi
done
echo "check_fuzz: $pass passed, $fail failed"
[ $fail = 0 ]
