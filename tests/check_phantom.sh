#!/bin/sh
# phantom as a command: what is given is taken, the rest drawn and told; replay of the journal and one thread give the same
# files; what it refuses, it says.
. tests/lib.sh
mkdir a b
cat >job.vn <<'EOX'
phantom random dims=40x48x24 seed=11 breaks=6 parallel=2 checkerboard=6 stripes=0.3 jumps=0.1 as=r
phantom network dims=48x48x32 voxel=1x1x2um seed=4 diameters=3:30um hollow=1 psf=0.8 psf_z=1 grain=0.7 noise=0.05 as=n
phantom random dims=31x1x1 seed=2 as=line
history to=journal.vn
EOX
for x in r r_mask n n_mask line; do echo "save $x $x.tif"; done >save.vn
echo 'save r_breaks breaks.csv' >>save.vn
cat job.vn save.vn >all.vn
(cd a && "$program" --json -f ../all.vn >../out 2>../err) || bad "job: $(tail -n 1 err)"
for x in checkerboard=6 stripes=0.3 jumps=0.1; do
    check "$x is taken" grep -q "\"${x%=*}\":${x#*=}[,}]" out
done
for x in noise psf psf_z grain haze level contrast radius_min_um density checker_phase slice_gain stripe_phase; do
    check "$x is told" grep -q "\"$x\":" out
done
check "breaks are listed" [ "$(grep -vc '^[#x]' a/breaks.csv)" = "$(sed -n 1p out | sed 's/.*"breaks":\([0-9]*\).*/\1/')" ]
(cd b && cat ../a/journal.vn ../save.vn >all.vn && "$program" --quiet --threads 1 -f all.vn >/dev/null 2>../err) || bad "replay: $(tail -n 1 err)"
for x in r r_mask n n_mask line; do
    check "$x is the same on one thread" cmp -s a/$x.tif b/$x.tif
done
refuses() { what=$1; shift; "$program" --quiet -c "phantom $1" >out 2>err && bad "'$1' was done"; check "'$1': $(cat err)" grep -q "$what" err; }
refuses 'noise=nan: expected a number' 'random noise=nan'
refuses 'psf=21: must lie between 0 and 20' 'network psf=21'
refuses 'gap=0:3: lengths from above 0' 'network breaks=1 gap=0:3'
refuses 'diameters=9:4um: the thinnest and the thickest' 'network diameters=9:4um'
refuses 'diameters=4cm' 'network diameters=4cm'
refuses 'give one of them' 'network diameters=4:9um radius_max=9um'
refuses 'grain is 50 voxels along z: at most 21' 'network dims=32x32x32 voxel=10x10x1um noise=1 grain=5'
refuses 'decay=1: must lie between 0 and 0.999' 'network decay=1'
refuses 'dims=0x3x3' 'random dims=0x3x3'
refuses 'no vessel of radius' 'network dims=16x16x16 diameters=4:60um'
finish
