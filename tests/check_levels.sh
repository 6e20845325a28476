#!/bin/sh
# The same bytes with SSE2, AVX2 and AVX-512.  Builds a program a level, so it is part of the long check only.
if [ -z "$VN_LONG" ] || [ -n "$SAN$LEVEL" ]; then
    echo "check_levels: 0 passed, 0 failed, 1 skipped"
    exit 0
fi
for l in v2 v3 v4; do
    env -u MAKEFLAGS -u MAKELEVEL make -s -j2 SAN= LEVEL=$l NVCC= all build/$l/tests/test_every_op || exit 1
done
. tests/lib.sh
commands='phantom random dims=61x67x31 seed=5 grain=0.8 haze=0.3 shade=0.4 uneven=0.2 type=f32 as=r; save r r.nii;
phantom network dims=71x64x53 voxel=1um seed=3 noise=0.2 as=v; denoise v sigma=1um as=d; background v as=b; vesselness v as=w;
segment v as=p; threshold p auto as=m; clean m as=c; distance c as=e; skeleton c as=k; components c as=l; graph c as=g; measure g to=g.csv;
phantom network dims=90x83x150 seed=4 noise=0.05 checkerboard=3 checker_by=0.05 jumps=0.2 seams=0.3 tile=40 lines=0.05 as=x; deartifact x as=y;
phantom network dims=90x83x61 seed=4 noise=0.05 stripes=0.4 lost=3 type=f32 as=i; deartifact i as=j; save y y.nii; save j j.nii;
phantom network dims=144x64x64 seed=4 noise=0.05 lines=0.1 type=f32 as=i; deartifact i as=j; spectrum i with=j as=t; save j lines.nii; save t t.csv;
save v v.nii; save d d.nii; save b b.nii; save w w.nii; save p p.nii; save c c.nii; save e e.nii; save k k.nii; save l l.nii'
for l in v2 v3 v4; do
    if [ $l = v4 ] && ! grep -q avx512bw /proc/cpuinfo; then skip "this CPU has no AVX-512"; continue; fi
    mkdir $l
    check "$l runs" sh -c "cd $l && '$here/build/$l/venule' --quiet -c \"\$1\" >out 2>err" sh "$commands"
    check "$l: test_every_op" env VN_BYTES="$scratch/$l/bytes" sh -c "cd '$here' && build/$l/tests/test_every_op >/dev/null 2>&1"
    check "$l: every operation, every choice" cmp -s v2/bytes $l/bytes
    for f in v2/*.nii v2/*.csv v2/out; do check "$l: ${f#v2/} is the same" cmp -s "$f" "$l/${f#v2/}"; done
done
finish
