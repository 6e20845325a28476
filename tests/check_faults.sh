#!/bin/sh
# Failing allocations, a full disk and an interrupt leave a clean error and no file.
. tests/lib.sh
cat >job.vn <<'EOF'
phantom network dims=32x32x24 voxel=1um seed=3 as=v
roi 2:30,:,:
segment v as=p
threshold p auto as=m
clean m as=c
metrics c v_mask
roi off
graph c as=g
measure g to=segments.csv
save c mask.tif
slice v axis=z at=5 to=slice.png
EOF
"$program" --quiet --threads 1 -f job.vn >out 2>err || bad "the job itself: $(tail -n 1 err)"
check "all files" only job.vn mask.tif segments.csv slice.png
step=${VN_FAULT_STEP:-1}; n=1; crashed=0; succeeded=0
while [ $n -le 20000 ] && [ $succeeded -lt 1 ] && [ $crashed -lt 5 ]; do
    rm -f mask.tif segments.csv slice.png
    VN_FAIL_ALLOC=$n timeout 100 "$program" --quiet --threads 1 -f job.vn >out 2>err; rc=$?
    if [ $rc = 0 ]; then
        grep -q . err || succeeded=$((succeeded + 1))
    elif [ $rc != 1 ] || ! grep -q '^venule: ' err; then
        crashed=$((crashed + 1)); bad "allocation $n fails: exit $rc: $(tail -n 2 err | tr '\n' ' ')"
    fi
    ls -A | grep -q '\.tmp$' && { bad "allocation $n fails: a temporary file stays"; rm -f .*.tmp; }
    for f in mask.tif segments.csv slice.png; do     # what exists is whole
        [ ! -f $f ] || [ -s $f ] || bad "allocation $n fails: $f is empty"
    done
    [ $n -ge 200 ] && step=37
    n=$((n + step))
done
[ $crashed = 0 ] && ok
rm -f mask.tif segments.csv slice.png

# No room: files may grow to 4 kB (8 blocks of 512) and no further.
for what in 'save v big.tif' 'save v big.nii' 'slice v axis=z at=3 scale=8 to=big.png' 'measure v_graph to=big.csv'; do
    (trap '' XFSZ; ulimit -f 8; timeout 100 "$program" --quiet -c "phantom network dims=96x96x96 voxel=1um seed=1 as=v; $what" >out 2>err; echo $? >rc)
    check "$what without room: exit $(cat rc)" test "$(cat rc)" = 1
    check "$what without room names the file" grep -q 'big\.' err
    rm -f rc
    check "$what without room leaves nothing" only job.vn
done
chmod 0500 . 2>/dev/null
if [ "$(id -u)" != 0 ]; then run 1 "unwritable folder" -c 'phantom tube dims=16x16x16 as=v; save v x.tif'; fi
chmod 0700 .

# Interrupt: exit 1, "cancelled", nothing left.
"$program" --quiet -c 'phantom network dims=256x256x256 voxel=1um seed=1 as=v; segment v as=p; save p big.tif' >out 2>err &
pid=$!; sleep 2; kill -INT $pid 2>/dev/null; wait $pid; rc=$?
check "interrupted: exit $rc" test $rc = 1
check "interrupted: says so" grep -q "cancelled" err
check "interrupted: nothing left" only job.vn
finish
