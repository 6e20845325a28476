#!/bin/sh
# Emulated kernels against the CPU (plain, address and thread sanitizer), and planted defects that must be reported.
# They are builds of their own: under SAN= or LEVEL= there is nothing more to see.
if [ -n "$SAN$LEVEL" ]; then
    echo "check_parity: 0 passed, 0 failed, 1 skipped"
    exit 0
fi
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
env -u MAKEFLAGS -u MAKELEVEL make -s -j2 parity >"$out" 2>&1; a=$?
env -u MAKEFLAGS -u MAKELEVEL make -s bugs >>"$out" 2>&1; b=$?
cat "$out"
set -- $(sed -n 's/^\(parity\|bugs\): //p' "$out" | awk '{ p += $1; f += $3; s += $5 } END { print p + 0, f + 0, s + 0 }')
[ $a$b = 00 ] || [ "$2" -gt 0 ] || set -- "$1" 1 "$3"
echo "check_parity: $1 passed, $2 failed, $3 skipped"
[ "$2" = 0 ]
