#!/bin/sh
# normalise, gamma, calc, resample, crop and pad as commands: regions, replay of the journal, little memory and one thread give
# the same files; what a verb refuses, it says.
. tests/lib.sh
mkdir a b c
cat >job.vn <<'EOX'
phantom network dims=64x64x48 voxel=1um seed=3 noise=0.1 as=v
normalise v type=u16 as=n
roi 5:60,3:50,10:40
gamma n gamma=0.7 as=g
normalise v stats=region as=ng
calc "a > 20000 && b == 1" a=g b=v_mask as=m
resample g factor=0.5 as=h
resample m voxel=0.7um as=m2
crop v :,:,12: as=part
pad part by=10 mode=mirror as=pp
roi off
calc "a - b" a=v b=part as=d
pad v by=1 value=9 as=q
history to=journal.vn
EOX
names='n g ng m h m2 part pp d q'
for x in $names; do echo "save $x $x.tif"; done >save.vn
cat job.vn save.vn >all.vn
(cd a && "$program" -f ../all.vn >../out 2>../err) || bad "job: $(tail -n 1 err)"
check "the intersection is said" grep -q "the result covers what the volumes have in common" err
check "a new frame is said" grep -q "coordinates are those of a new frame, not of part" err
check "black is recorded" grep -q '^normalise v .*black=.* white=' a/journal.vn
check "the method is recorded" grep -q '^resample m .*method=nearest' a/journal.vn
(cd b && cat ../a/journal.vn ../save.vn >all.vn && "$program" --quiet -f all.vn >/dev/null 2>../err) || bad "replay: $(tail -n 1 err)"
(cd c && "$program" --quiet --threads 1 --memory 17M -f ../all.vn >/dev/null 2>../err) ||
    bad "little memory: $(tail -n 1 err)"
for x in $names; do
    check "$x is replayed byte for byte" cmp -s a/$x.tif b/$x.tif
    check "$x is the same with little memory" cmp -s a/$x.tif c/$x.tif
done
refuses() { what=$1; shift; "$program" --quiet -c "phantom network dims=32x32x32 seed=3 as=v; $1" >out 2>err && bad "'$1' was done"; check "'$1': $(cat err)" grep -q "$what" err; }
refuses 'box is missing' 'crop v'
refuses 'no voxel in common with v, which covers 0:32,0:32,0:32' 'crop v 40:50,:,:'
refuses 'x0:x1' 'crop v off'
refuses 'character 5: a \*  >>>/ 2' 'calc "a * / 2" a=v'
refuses 'the expression uses b: say which volume' 'calc a+b a=v'
refuses 'not on one grid' 'pad v by=1 as=p; calc a+b a=v b=p'
refuses 'no voxel in common' 'crop v :10,:,: as=p; crop v 20:,:,: as=q; calc a+b a=p b=q'
refuses 'takes another here' 'skeleton v_mask as=k; resample k factor=2'
finish
