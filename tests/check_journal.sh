#!/bin/sh
# A journal replayed in an empty folder reproduces every file; every evicted object comes back with the same bytes (test_remake).
. tests/lib.sh
mkdir a b
cat >job.vn <<'EOF'
phantom network dims=64x64x48 voxel=1um seed=3 noise=0.1 as=v
roi 4:60,:,2:46
segment v as=p
threshold p auto as=m0
clean m0 as=m
roi off
denoise v method=gaussian sigma=1um as=s
skeleton m as=k
graph m as=g
measure g to=segments.csv
save m mask.tif
save p probability.nii.gz
slice s axis=z at=20 to=slice.png overlay=m
mip v axis=y to=mip.png
metrics m v_mask
cohort sample=6 as=c
compare c as=r
plot c measure=length_density_m_per_mm3 to=figure.pdf
history to=journal.vn
EOF
(cd a && "$program" --quiet -f ../job.vn >../out.a 2>../err.a) || bad "job: $(tail -n 2 err.a)"
cp a/journal.vn replay.vn
(cd b && "$program" --quiet -f ../replay.vn >../out.b 2>../err.b) || bad "replay: $(tail -n 2 err.b)"
for f in segments.csv mask.tif probability.nii.gz slice.png mip.png figure.pdf figure.pdf.dat; do
    check "$f is reproduced byte for byte" cmp -s a/$f b/$f
done
# A threshold found by a method is one that was given in the replay, and the replay has no 'history'.
for f in a b; do sed '/^ *commands /d; /^ *path  *journal/d; s/^\( *method  *\)probability$/\1given/' out.$f >said.$f; done
check "results are reproduced" cmp -s said.a said.b
# Threads do not matter either.
mkdir t1 t4
for t in 1 4; do (cd t$t && "$program" --quiet --threads $t -f ../replay.vn >out 2>err) || bad "threads $t: $(tail -n 2 t$t/err)"; done
for f in segments.csv mask.tif probability.nii.gz slice.png mip.png figure.pdf out; do
    check "$f is the same on 1 and 4 threads" cmp -s t1/$f t4/$f
done
# A file is the same however its path is written and whatever was made before.
mkdir n
(cd n && "$program" --quiet -c 'phantom tube dims=24x24x16 as=v; save v v.tif; save v v.nrrd; save v v.nii' >/dev/null)
for f in v.tif v.nrrd v.nii; do
    (cd n && "$program" --quiet -c "open $f as=v; gamma v gamma=2 as=w; save w 1$f.tif" &&
        "$program" --quiet -c "phantom tube dims=24x24x16 as=x; open $scratch/n/./$f as=v; gamma v gamma=2 as=w; save w 2$f.tif") >out.n 2>&1
    check "$f written as another path gives the same bytes" cmp -s n/1$f.tif n/2$f.tif
done
finish
