#!/bin/sh
# README.md: the tour is followed word by word and answers what it says; its journal makes the same files; the operation compiles;
# its tables name commands that there are, and every folder.
. tests/lib.sh
readme=$here/README.md
mkdir -p build/demo
ln -s "$program" build/venule
ln -s "$here/sample_data" sample_data
# In blocks of the tour that begin with "> " these are commands and the rest is what they print; other blocks are for the shell.
sed -n '/^## A tour/,/^## What is read/p' "$readme" | awk '
    !/^    / { inside = 0; next }
    { line = substr($0, 5); if (!inside) talk = line ~ /^> /; inside = 1 }
    !talk { print line >"shell"; next }
    line ~ /^> / { print substr(line, 3) >"commands"; next }
    { print line >"want" }'
# A small stand-in for what make demo leaves.
echo subject,group,path >build/demo/cohort.csv
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    group=control; injury=none
    [ $i -le 6 ] || { group=injured; injury=diffuse; }
    echo "phantom network dims=64x64x48 voxel=1um seed=$i injury=$injury severity=0.3 as=v; save v_mask build/demo/brain$i.tif"
    echo "b$i,$group,brain$i.tif" >>build/demo/cohort.csv
done >demo.vn
check "brains for the tour" "$program" --quiet -f demo.vn >/dev/null

sed -e "s|^\.\./venule .*vessels.tif$|& --quiet -f $scratch/commands >$scratch/got|" -e "s|^build/venule|cd $scratch; &|" shell >steps
check "the tour's shell lines" grep -q -- "--quiet -f" steps
if timeout 300 sh -e steps >json 2>err; then ok; else bad "tour: $(tail -n 2 err)"; fi
awk -v want=want -f "$here/tests/match.awk" got >differs && ok || bad "tour: $(cat differs)"
check "one object a command" [ "$(grep -c '"ok":true' json)" = 5 ]
# (A recipe written by a replay has the numbers that were automatic.)
for f in segments.csv slice.png mip.png view.png segments.pdf mask.tif cohort.pdf result.csv; do
    check "$f replayed" cmp -s build/tour/$f build/tour/again/$f
done

# The operation that is added as an example.
awk '/^   ```c/ { n++; inside = 1; next } /^   ```/ { inside = 0 } inside { print >("part" n ".c") }' "$readme"
for f in part1.c part2.c; do
    check "$f compiles" gcc -fsyntax-only -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wno-missing-field-initializers -Werror -I"$here/include" $f
done
"$program" -c 'help all' | sed -n 's/^  \([a-z]*\) .*/\1/p' >verbs
sed -n '/^## Commands by task/,/^## Why/s/^|[^|]*|\(.*\)|$/\1/p' "$readme" | tr -d '`' | tr -s ' -' '\n' | grep -v -e '^$' -e commands >named
grep -vxF -f verbs named >unknown
check "no such commands: $(tr '\n' ' ' <unknown)" [ -s named -a ! -s unknown ]
(cd "$here" && for f in src/*/ kernels/ help/ tests/ sample_data/; do grep -q "\`${f%/}\`" README.md || echo "$f"; done) >missing
check "folders missing in the table: $(tr '\n' ' ' <missing)" [ ! -s missing ]
check "the picture" [ -s "$here/sample_data/screen.png" ]
finish
