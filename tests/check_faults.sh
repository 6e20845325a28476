#!/bin/sh
# Failing allocations, a full disk and an interrupt leave a clean error and no file.
. tests/lib.sh
cat >text.vn <<'EOT'
phantom network dims=24x24x20 voxel=1um seed=3 as=v
roi 2:22,:,:
denoise v sigma=1um as=d
segment d as=p
threshold p auto as=m
clean m as=c
components c as=l
metrics c v_mask full as=e
roi off
graph c as=g
measure g to=segments.csv
save c mask.tif
save p probability.nii.gz
slice v axis=z at=5 to=slice.png
EOT
echo 'open mask.tif as=o; info o stats=full; list; distance o as=d; info nothing' >json.vn
files="segments.csv mask.tif probability.nii.gz slice.png"

# job FOLDER: runs it there; prints the exit status
job() { (cd "$1" && timeout 20 "$program" --quiet --threads 1 $2 >out 2>err </dev/null; rc=$?; sed -i "s#$(pwd)/##g" out; echo $rc); }
mkdir whole
check "the job itself" test "$(job whole '-f ../text.vn')" = 0
check "all files" test "$(cd whole && echo $(ls))" = "$(echo $(echo $files out err | tr ' ' '\n' | sort))"
cp whole/out text.out; cp whole/err text.err
check "the job in JSON" test "$(job whole '--json -f ../json.vn')" = 1
cp whole/out json.out; cp whole/err json.err

# one KIND FOLDER N: allocation N fails.  Exit 1 with its message behind a whole beginning of what there is to print, or all
# of that; files that exist are whole.
one() {
    case $1 in
    text) rc=$(VN_FAIL_ALLOC=$3 job "$2" "-f ../text.vn"); done=0 ;;
    json) rc=$(VN_FAIL_ALLOC=$3 job "$2" "--json -f ../json.vn"); done=1 ;;
    esac
    if [ "$rc" = $done ] && cmp -s "$2/out" "$1.out"; then
        [ "$1" = json ] || for f in $files; do [ -f "$2/$f" ] || echo "$1, allocation $3 fails: exit 0, and no $f"; done
    elif [ "$rc" = 0 ]; then
        echo "$1, allocation $3 fails: exit 0, but other output: $(head -n 1 "$2/err") $(diff "$2/out" "$1.out" | head -n 3 | tr '\n' ' ')"
    elif [ "$rc" != 1 ]; then
        echo "$1, allocation $3 fails: exit $rc: $(grep -e SUMMARY -e ERROR "$2/err" | head -n 2 | tr '\n' ' ')"
    elif ! cat "$2/out" "$2/err" | grep -q 'no memory'; then
        echo "$1, allocation $3 fails: no message of it: $(head -n 1 "$2/err") $(tail -n 1 "$2/out")"
    elif grep -v '"ok":false' "$2/out" >"$2.said"; ! head -c "$(wc -c <"$2.said")" "$1.out" | cmp -s - "$2.said"; then
        echo "$1, allocation $3 fails: what is printed before is other: $(diff "$2.said" "$1.out" | head -n 3 | tr '\n' ' ')"
    fi
    ls -A "$2" | grep -q '\.tmp' && { echo "$1, allocation $3 fails: a temporary file stays"; rm -f "$2"/.*.tmp*; }
    [ "$1" = json ] && return
    for f in $files; do
        [ ! -f "$2/$f" ] || cmp -s "$2/$f" "whole/$f" || echo "$1, allocation $3 fails: $f is another"
        rm -f "$2/$f"
    done
}
# some KIND WORKER: every second allocation of those tried; until a failure is planned behind the last allocation
some() {
    dir=$1$2; mkdir "$dir"; [ "$1" = text ] || cp whole/mask.tif "$dir"
    n=$((1 + $2)); quiet=0; : >"$dir.bad"
    while [ $n -lt 20000 ] && { [ $n -le 200 ] || [ $quiet -lt 10 ]; } && [ "$(wc -l <"$dir.bad")" -lt 10 ]; do
        one "$1" "$dir" $n >>"$dir.bad"
        if cmp -s "$dir/out" "$1.out" && cmp -s "$dir/err" "$1.err"; then quiet=$((quiet + 1)); else quiet=0; fi
        if [ $n -le 198 ]; then n=$((n + 2)); elif [ $n -le 200 ]; then n=$((200 + step * (1 + $2))); else n=$((n + 2 * step)); fi
    done
    echo "$n" >"$dir.n"
}
# Each of the first 200 allocations, then by default every 5th (31st under a sanitizer); VN_LONG tries each.
step=${VN_FAULT_STEP:-$([ -n "$VN_LONG" ] && echo 1 || { [ -n "$SAN" ] && echo 31 || echo 5; })}
for kind in text json; do
    some $kind 0 & first=$!
    some $kind 1 & wait $first $!
    cat $kind[01].bad >bad
    while read -r line; do bad "$line"; done <bad
    [ -s bad ] || ok
    check "$kind: the last allocation is reached" test "$(cat ${kind}0.n)" -lt 20000 -a "$(cat ${kind}0.n)" -gt 200
done
rm -rf bad whole text* json*; touch marker

# No room: files may grow to 4 kB (8 blocks of 512) and no further.
full() {
    # Clang's OpenMP runtime dies itself where files may not grow.
    if [ "$SAN" = tsan ]; then skip "$1 without room"; return; fi
    (trap '' XFSZ; ulimit -f 8; timeout 100 "$program" --quiet -c "phantom network dims=96x96x96 voxel=1um seed=1 noise=0.2 as=v; graph v_mask as=g; $1" >out 2>err; echo $? >rc)
    check "$1 without room: exit $(cat rc)" test "$(cat rc)" = 1
    check "$1 without room names the file: $(tail -n 1 err)" grep -q 'big\.' err
    rm -f rc
    check "$1 without room leaves nothing" only marker
}
full 'save v big.tif'
full 'save v big.nii'
full 'save v big.nii.gz'
full 'save v big.nrrd'
full 'slice v axis=z at=3 scale=8 to=big.png'
full 'measure g to=big.csv'
mkdir closed && chmod 0500 closed
if [ "$(id -u)" != 0 ]; then run 1 "unwritable folder" -c 'phantom tube dims=16x16x16 as=v; save v closed/x.tif'; fi
run 1 "no such folder" -c 'phantom tube dims=16x16x16 as=v; save v nowhere/x.tif'
check "no such folder: names the file" grep -q 'nowhere/x.tif' err
rmdir closed

# Interrupt, in the middle of computing: exit 1, "cancelled", nothing left.
"$program" --quiet -c 'phantom network dims=320x320x256 voxel=1um seed=1 as=v; save v ready.tif; segment v as=p; vesselness v as=w; save p big.tif' >out 2>err &
pid=$!; tries=0
while [ ! -f ready.tif ] && [ $tries -lt 600 ]; do sleep 0.1; tries=$((tries + 1)); done
kill -INT $pid 2>/dev/null; wait $pid; rc=$?
check "interrupted: exit $rc" test $rc = 1
check "interrupted: says so" grep -q "cancelled" err
check "interrupted: nothing left" only marker ready.tif
# Ended from outside while a file is written: no temporary file stays.
mkdir term; cd term || exit 1
timeout 100 "$program" --quiet -c 'phantom empty dims=512x512x400 voxel=1um noise=0.2 as=v; save v big.tif compress=deflate' >../term.out 2>&1 &
pid=$!; n=0
while [ $n -lt 600 ] && ! ls -A | grep -q 'tmp$'; do sleep 0.05; n=$((n + 1)); done
if ls -A | grep -q 'tmp$'; then ok; else bad "terminated: the file was never seen being written"; fi
kill -TERM $pid; wait $pid; rc=$?
check "terminated: exit $rc" test $rc -gt 1
check "terminated: nothing left" test -z "$(ls -A)"
cd ..
finish
