#!/bin/sh
# "denoise" and "vesselness": a key of another method than the chosen one is refused by name.
. tests/lib.sh

make='phantom tube dims=24x20x16 radius=3um noise=0.2 as=t;'
run 1 "a key of another method" -c "$make denoise t method=median sigma=2um"
check "it is named" grep -qx 'venule: denoise: sigma= belongs to method=gaussian, and the method is median' err
run 1 "keys of two methods" -c "$make denoise t sigma=1um radius=1vox"
check "the first is the method" grep -qx 'venule: denoise: radius= belongs to method=median, and the method is gaussian' err
run 0 "no key: along vessels" -c "$make denoise t as=d; history"
check "it says so" grep -qx '  method     along' out
check "with its noise" grep -qE '^denoise t length=2um noise=[0-9.]+ as=d' out
run 1 "a radius beyond the largest" -c "$make denoise t method=median radius=9vox"
check "value and limit" grep -qx 'venule: denoise: radius=9vox is 9 voxels along x; the largest is 3' err
run 1 "nlm takes no radius" -c "$make denoise t method=nlm radius=1vox"
check "nor says another" grep -qx 'venule: denoise: radius= belongs to method=median, and the method is nlm' err
run 0 "the noise is recorded" -c "$make denoise t method=nlm search=2vox as=n; history"
check "as a number" grep -qE 'denoise t method=nlm search=2vox noise=[0-9.]+ as=n' out
run 0 "both" -c "$make denoise t sigma=1um as=g; denoise t method=median radius=2um as=m; list"
run 1 "vesselness, a key of another method" -c "$make vesselness t tau=0.5"
check "it is named again" grep -qx 'venule: vesselness: tau= belongs to method=jerman, and the method is sato' err
run 0 "automatic values are recorded" -c "$make vesselness t method=frangi scales=1,2um as=f; history"
check "one a scale" grep -qE 'vesselness t method=frangi scales=1,2um c=[0-9.]+,[0-9.]+ as=f' out
finish
