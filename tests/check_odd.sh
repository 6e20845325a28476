#!/bin/sh
# Every verb on volumes that nobody means to have: one voxel, one plane, all zero, all one, not a number, infinite, extremes.
# A command does its work or refuses with one line; nothing crashes, nothing is left behind.
. tests/lib.sh

bytes() { for _ in $(seq "$2"); do printf "$1"; done; }              # one voxel's bytes, octal, so many times
bytes '\000' 60 >zero.u8
bytes '\001' 60 >one.u8
bytes '\377' 60 >full.u8
bytes '\000\000\300\177' 60 >nan.f32
bytes '\000\000\200\177' 60 >inf.f32
{ bytes '\000\000\200\177' 20; bytes '\000\000\300\177' 20; bytes '\377\377\177\377' 20; } >mix.f32
{ bytes '\377\377' 30; bytes '\000\000' 30; } >step.u16
bytes '\000\000\000\200' 60 >low.i32
bytes '\052' 1 >voxel.u8

# $1 file, $2 type, $3 dims, $4 voxel
lines() {
    cat <<END
open $1 dims=$3 type=$2 as=v $4
info v stats=full
list
denoise v sigma=1vox as=a
denoise v method=median radius=1vox as=a
denoise v method=nlm as=a
background v as=a
contrast v as=a
normalise v as=a
gamma v gamma=0.5 as=a
vesselness v scales=1,2vox as=a
vesselness v method=frangi scales=1vox as=a
vesselness v method=jerman scales=1vox as=a
calc a*0+1/0 a=v as=a
resample v factor=0.5,1,2 as=a
segment v as=p
threshold p auto as=a
threshold v auto as=a
threshold v low=0.5 high=1 as=a
histogram v as=a
spectrum v as=a
deartifact v as=a
curve v as=a
profile v from=0,0,0 to=4,3,2 as=a
mip v axis=z as=a
mip v axis=x to=mip.png
slice v axis=y at=0 to=slice.png
show v
snap
calc a>0 a=v kind=mask as=m
clean m as=c
morph m open 1vox as=c
morph m dilate 2vox as=c
components m as=l
stats l of=v as=a
distance m as=a
skeleton m as=k
radius k m as=a
graph m as=g
measure g as=a
metrics m m full as=e
metrics k m
paint m at=0,0,0 size=1vox as=e
erase m at=0,0,0 size=1vox as=e
delete m at=0,0,0 as=e
keep m at=0,0,0 as=e
undo
redo
save v v.tif
save v v.nrrd
save v v.nii.gz
END
}

odd() {
    before=$(ls -A | grep -v -e '^out$' -e '^err$')
    lines "$@" | sed '/^open/! s/^/-/' >odd.vn
    n=$(wc -l <odd.vn)
    timeout 300 "$program" --json --threads 2 -f odd.vn >out 2>err </dev/null; got=$?
    check "$1 $3 $4: exit $got: $(tail -n 2 err | tr '\n' ' ')" [ $got = 0 ]
    check "$1 $3 $4: one answer a command" [ "$(grep -c '^{"command":"' out)" = "$n" ]
    check "$1 $3 $4: no refusal without a reason" sh -c "! grep -q '\"message\":\"\"' out"
    check "$1 $3 $4: no internal error" sh -c "! grep -q '\"code\":\"internal\"' out"
    check "$1 $3 $4: volumes are saved as they are" sh -c '[ -s v.tif ] && [ -s v.nrrd ] && [ -s v.nii.gz ]'
    rm -f mip.png slice.png v.tif v.nrrd v.nii.gz odd.vn
    check "$1 $3 $4: nothing is left" [ "$before" = "$(ls -A | grep -v -e '^out$' -e '^err$')" ]
}
for size in voxel=0.5x0.5x2um ''; do
    for f in zero.u8 one.u8 full.u8 nan.f32 inf.f32 mix.f32 step.u16 low.i32; do odd $f ${f#*.} 5,4,3 $size; done
    odd zero.u8 u8 60,1,1 $size
    odd step.u16 u16 1,60,1 $size
    odd full.u8 u8 1,1,60 $size
    odd mix.f32 f32 10,6,1 $size
    odd voxel.u8 u8 1,1,1 $size
done
finish
