#!/bin/sh
# --device and doctor: the program says why it runs on the CPU, and gives the same files on the CPU and on a device, which
# here is a CUDA driver over the emulation (tests/emu/driver.c).  $1: the program.
program=$(realpath "$1"); pass=0; fail=0; skip=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
build() { env -u MAKEFLAGS -u MAKELEVEL make -s -j2 SAN= LEVEL= "$@" >"$tmp/build" 2>&1 || { cat "$tmp/build"; false; }; }
ok()    { pass=$((pass + 1)); }
bad()   { fail=$((fail + 1)); echo "FAIL $*"; sed 's/^/    /' "$tmp/out" | head -n 20; }
# expected exit status, words that must be printed (a basic regular expression), command
expect() {
    want=$1; words=$2; shift 2
    env "$@" >"$tmp/out" 2>&1 </dev/null; rc=$?
    if [ $rc = "$want" ] && grep -q -e "$words" "$tmp/out"; then ok; else bad "exit $rc, want $want and '$words': $*"; fi
}
work='phantom network seed=3 noise=0.3 as=n; denoise n method=gaussian sigma=1um as=g; threshold g low=60 as=t; components t as=c;'
result() { # folder, the rest: how to run
    dir=$1; shift; mkdir -p "$dir"
    env "$@" -c "$work save g $dir/g.nii force; save t $dir/t.nii force; save c $dir/c.nii force" >"$tmp/out" 2>&1
}
same() { if cmp -s "$1/g.nii" "$tmp/cpu/g.nii" && cmp -s "$1/t.nii" "$tmp/cpu/t.nii" && cmp -s "$1/c.nii" "$tmp/cpu/c.nii"; then ok; else bad "$2: other files"; fi; }

expect 2 'takes auto, cpu, cuda' "$program" --device gpu -c list
expect 0 'the CPU was asked for' "$program" --device cpu -c doctor
if result "$tmp/cpu" "$program" --device cpu; then ok; else bad "on the CPU"; fi
for f in ldd nm\ -D; do
    $f "$program" 2>/dev/null | grep -e '[Nn]vidia' -e libcu -e ' U cu[A-Z]' >"$tmp/out"
    if [ -s "$tmp/out" ]; then bad "$f: something of NVIDIA's is linked"; else ok; fi
done

# a machine without a driver
if [ -e /dev/nvidiactl ] || [ -e /dev/dxg ]; then
    skip=$((skip + 1))
else
    expect 1 'no GPU can be used: \(no NVIDIA driver on this machine\|this program was built without nvcc\)' "$program" --device cuda -c list
    expect 0 '\(no NVIDIA driver\|built without nvcc\)' "$program" -c doctor
    if result "$tmp/auto" "$program"; then same "$tmp/auto" "no driver"; else bad "auto without a driver"; fi
fi

# a build without nvcc
if [ -n "$SAN$LEVEL" ]; then
    skip=$((skip + 1))
elif build build/venule-without-nvcc; then
    expect 1 'no GPU can be used: this program was built without nvcc' build/venule-without-nvcc --device cuda -c list
    expect 0 'built without nvcc' build/venule-without-nvcc -c doctor
    if result "$tmp/without" build/venule-without-nvcc; then same "$tmp/without" "built without nvcc"; else bad "built without nvcc"; fi
else
    fail=$((fail + 1))
fi

# a driver and a device, both emulated; one that has none of our functions; one that has no device
if [ -n "$SAN$LEVEL" ] || "$program" --device cuda -c list 2>&1 | grep -q 'built without'; then
    skip=$((skip + 1))
elif build build/emu/driver/libcuda.so.1 build/gpu/parity; then
    lib=LD_LIBRARY_PATH=$PWD/build/emu/driver
    expect 0 'emulated driver' $lib "$program" -c doctor
    expect 0 '"command":"components".*"device":"cuda"' $lib "$program" --json -c "$work"
    if result "$tmp/dev" $lib "$program" --device cuda; then same "$tmp/dev" "on a device"; else bad "on a device"; fi
    expect 1 'no device 3: this machine has 1' $lib "$program" --device cuda:3 -c list
    expect 1 'no usable device: no CUDA-capable device' $lib DRIVER_DEVICES=0 "$program" --device cuda -c list
    expect 1 'last kernel gauss_pass: an illegal memory access' $lib DRIVER_FAIL_LAUNCH=2 "$program" --device cuda -c "$work"
    expect 0 'on the CPU: .*last kernel gauss_pass' $lib DRIVER_FAIL_LAUNCH=2 "$program" -c "$work"
    if result "$tmp/lost" $lib DRIVER_FAIL_LAUNCH=2 "$program"; then same "$tmp/lost" "a device that fails"; else bad "a device that fails"; fi
    expect 0 '.' $lib DRIVER_MEMORY=4000000 "$program" -c "$work"
    if result "$tmp/small" $lib DRIVER_MEMORY=4000000 "$program"; then same "$tmp/small" "a device with 4 MB"; else bad "a device with 4 MB"; fi
    expect 0 'parity: .* 0 failed' $lib VN_DEV_POISON=1 build/gpu/parity --quick
    expect 0 'parity: .* 0 failed' $lib VN_DEV_SYNC=1 VN_DEV_TIME=1 DRIVER_OLD=1 build/gpu/parity --quick
    mkdir "$tmp/old" && echo 'int nothing;' | gcc -shared -fPIC -x c - -o "$tmp/old/libcuda.so.1"
    expect 1 'driver is too old: it has no cuInit' LD_LIBRARY_PATH="$tmp/old" "$program" --device cuda -c list
else
    fail=$((fail + 1))
fi
echo "check_device: $pass passed, $fail failed, $skip skipped"
[ $fail = 0 ]
