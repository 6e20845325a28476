#!/bin/sh
# The main job on the bundled sample, then two groups of six brains from image to figure.  $1: program, $2: folder for the results.
# In a terminal the sample is opened for looking afterwards.
set -e
program=$(realpath "$1"); here=$(dirname "$(realpath "$0")"); out=$2
rm -rf "$out"; mkdir -p "$out"; cd "$out"
seconds() { date +%s; }
start=$(seconds)

echo "== one volume: segment, clean, compare with the truth, graph, measure"
"$program" -f - <<EOF
open $here/vessels.tif as=v
open $here/vessels_truth.tif as=truth
slice v axis=z at=32 scale=4 to=slice.png
mip v axis=z scale=4 to=mip.png
segment v as=p
threshold p auto as=m0
clean m0 as=m
slice v axis=z at=32 overlay=m scale=4 to=slice_segmented.png
metrics m truth
graph m as=g
measure g to=segments.csv summary=brain.csv as=s
save m mask.tif
EOF

echo "== twelve brains, six with a diffuse injury: each is made, segmented, measured; nobody tells the program the truth"
echo "subject,group,path" >cohort.csv
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    if [ $i -le 6 ]; then group=control; injury=none; else group=injured; injury=diffuse; fi
    "$program" --quiet -f - >/dev/null <<EOF
phantom network dims=128x128x96 voxel=1um seed=$i noise=0.15 background=0.3 injury=$injury severity=0.3 as=v
segment v as=p
threshold p auto as=m0
clean m0 as=m
save m brain$i.tif
EOF
    echo "b$i,$group,brain$i.tif" >>cohort.csv
    printf '\rbrain %d of 12' $i
done
echo
"$program" -f - <<EOF
cohort cohort.csv as=c
compare c as=r
plot c measure=length_density_m_per_mm3,branch_density_per_mm3,mean_radius_um to=cohort.pdf
plot c measure=length_density_m_per_mm3,branch_density_per_mm3,mean_radius_um to=cohort_screen.png
EOF
echo "== done in $(($(seconds) - start)) s; pictures, tables and figures are in $out"
ls
if [ -t 0 ] && [ -t 1 ]; then
    echo "Enter opens the sample in the terminal (q leaves, ? shows the keys)"
    read -r _
    exec "$program" "$here/vessels.tif" mask.tif
fi
