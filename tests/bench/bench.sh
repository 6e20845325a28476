#!/bin/bash
# Venule's stages beside the field's programs, interleaved in one run: ratios of minima, with the goal of each. Never a test.
#   BENCH_ROUNDS=3   BENCH_ONLY='vesselness median components distance skeleton gauss segment metrics tune scaling start open'   BENCH_BIG=1: 512x512x256 as well
#   PYTHON=python3 with numpy, scipy, scikit-image, tifffile, cc3d, edt, surface-distance.  Peers that are missing are said to be, the rest goes on.
set -u
B=${B:-build}; out=build/bench; rounds=${BENCH_ROUNDS:-3}; python=${PYTHON:-python3}; peers=${PEERS:-../shared/peers}
only=${BENCH_ONLY:-vesselness median components distance skeleton gauss segment metrics tune scaling start open}
stages=$B/tests/bench/stages; log=$out/runs.tsv
mkdir -p "$out/data" "$out/log"; : >"$log"
export OMP_WAIT_POLICY=passive
wants() { case " $only " in *" $1 "*) ;; *) return 1 ;; esac; }

# ---- data: that of the peers, else a phantom ----
have_python=; "$python" -c 'import numpy, scipy, tifffile' 2>/dev/null && [ -f "$peers/peers.py" ] && have_python=1
[ "$have_python" ] || echo "no Python with numpy, scipy and tifffile, or no $peers: the data are a phantom; those peers are missing"
make_data() {
    local tag=$1 k
    if [ ! -f "$out/data/pred_$tag.tif" ] || [ ! -f "$out/data/gt_$tag.tif" ]; then
        if [ "$have_python" ]; then
            "$python" "$peers/gen.py" ${tag//x/ } "$out/data" >"$out/log/gen" || return 1
        else
            "$B/venule" --quiet -c "phantom network dims=$tag seed=1 noise=0.1 as=v; save v $out/data/vol_$tag.tif force;
                                    save v_mask $out/data/gt_$tag.tif force; save v_mask $out/data/pred_$tag.tif force" >/dev/null || return 1
        fi
    fi
    for k in vol gt pred; do
        [ -f "$out/data/${k}_$tag.raw" ] || "$stages" raw "$out/data/${k}_$tag.tif" "$out/data/${k}_$tag.raw" >/dev/null || return 1
    done
}

# ---- ITK ----
itk=$out/itk/itk_peers
if [ ! -x "$itk" ] && [ -f "$peers/CMakeLists.txt" ] && command -v cmake >/dev/null; then
    echo "building the ITK peers"
    { cmake -S "$peers" -B "$out/itk" && cmake --build "$out/itk" -j2; } >"$out/log/itk" 2>&1 || echo "ITK peers do not build ($out/log/itk)"
fi

# once STAGE NAME command...: its JSON line becomes a row of the log
once() {
    local stage=$1 name=$2 line; shift 2
    line=$("$@" 2>"$out/log/last" | grep '^{' | tail -n 1)
    get() { sed -n "s/.*\"$1\": *\([-0-9.e+]*\).*/\1/p" <<<"$line"; }
    [ "$line" ] || echo "$stage $name: no result: $(tail -n 1 "$out/log/last")"
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$stage" "$name" "$(get seconds)" "$(get stage_cpu)" "$(get maxrss_mib)" "$(get peak_volumes)" \
        "$(get max)$(get components)" "$(get bytes_called)" "$(get bytes_disk)" >>"$log"
}
own()    { local stage=$1; shift; once "$stage" venule "$stages" op "$@"; }
# Newer releases of scikit-image know skeletonize_3d by another name.
run_peer='import runpy, sys
sys.argv = sys.argv[1:]
if sys.argv[1] == "skel":
    from skimage import morphology as m
    if not hasattr(m, "skeletonize_3d"):
        m.skeletonize_3d = lambda v: m.skeletonize(v, method="lee")
runpy.run_path(sys.argv[0], run_name="__main__")'
python() { local stage=$1 name=$2; shift 2; [ ! "$have_python" ] || once "$stage" "$name" "$python" -c "$run_peer" "$peers/peers.py" "$@"; }
itk()    { local stage=$1; shift; [ ! -x "$itk" ] || once "$stage" itk "$itk" "$@"; }

# A network of 512x512x256, and what is left of it where one half was eroded by a voxel.
make_masks() {
    [ -f "$out/data/truth.tif" ] && [ -f "$out/data/half.tif" ] && return
    "$B/venule" --quiet -c "phantom network dims=512x512x256 voxel=1um seed=5 as=v; morph v_mask erode 1vox as=e;
        calc 'x < 256 ? a : b' a=e b=v_mask kind=mask as=p; save v_mask $out/data/truth.tif force compress=none;
        save p $out/data/half.tif force compress=none" >/dev/null
}
# Surface Dice at 1, Hausdorff, its 95 % and the mean distance by DeepMind's package, masks in memory.
surface_peer='import json, resource, sys, time, tifffile, surface_distance as s
p, t = (tifffile.imread(f) > 0 for f in sys.argv[1:3])
w, c = time.time(), time.process_time()
d = s.compute_surface_distances(t, p, (1, 1, 1))
s.compute_average_surface_distance(d); s.compute_robust_hausdorff(d, 95)
h, dice = s.compute_robust_hausdorff(d, 100), s.compute_surface_dice_at_tolerance(d, 1)
print(json.dumps({"seconds": time.time() - w, "stage_cpu": time.process_time() - c, "maxrss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                  "sum": float(dice), "max": float(h)}))'

round() {
    local tag=$1 d=$out/data s=${2:-}; local n=${tag//x/ }
    local vol=$d/vol_$tag gt=$d/gt_$tag pred=$d/pred_$tag
    if wants vesselness; then own vesselness$s vesselness $vol.tif 2 scales=1,2,4vox; itk vesselness$s frangi $vol.raw $n 2; fi
    if wants median;     then own median$s median $vol.tif 2 radius=1vox; itk median$s median $vol.raw $n 2; fi
    if wants components; then own components$s components $pred.tif 2; python components$s cc3d cc cc3d $vol.tif; fi
    if wants distance;   then
        own distance$s distance $gt.tif 2 outside=unknown; python distance$s edt edt edt $vol.tif 2
        own distance_out$s distance $gt.tif 2 to=mask; python distance_out$s edt edt edt_bg $vol.tif 2
    fi
    if wants skeleton;   then own skeleton$s skeleton $gt.tif 2; python skeleton$s skimage skel skimage $vol.tif; fi
    if wants gauss;      then own gauss$s gauss $vol.tif 2 sigma=2vox; python gauss$s scipy gaussian scipy $vol.tif; fi
    if wants segment;    then own segment$s segment $vol.tif 2; fi
}
tag=256x256x256
make_data $tag || { echo "no data ($out/log)"; exit 1; }
{ wants segment || wants tune; } && { make_data 160x160x160 || exit 1; }
wants metrics && { make_masks || exit 1; }
wants scaling && { make_data 128x128x128 || exit 1; }
big=; [ "${BENCH_BIG:-}" ] && big=512x512x256 && { make_data $big || exit 1; }
if wants open && [ ! -f "$out/data/big.tif" ]; then "$stages" big "$out/data/big.tif" 1024 || exit 1; fi
for ((r = 1; r <= rounds; r++)); do
    [ ! -t 2 ] || printf '\rround %d of %d' "$r" "$rounds" >&2
    round $tag
    [ ! "$big" ] || round $big _big
    if wants segment; then own segment_160 segment "$out/data/vol_160x160x160.tif" 2; fi
    if wants scaling; then
        for t in 1 2; do
            for size in 128x128x128 $tag; do
                d=$out/data; s=_${size%%x*}_t$t
                own vesselness$s vesselness $d/vol_$size.tif $t scales=1,2,4vox
                own median$s median $d/vol_$size.tif $t radius=1vox
                own gauss$s gauss $d/vol_$size.tif $t sigma=2vox
                own components$s components $d/pred_$size.tif $t
                own distance$s distance $d/gt_$size.tif $t to=mask
                own skeleton$s skeleton $d/gt_$size.tif $t
            done
        done
    fi
    if wants metrics; then
        once surface venule "$stages" surface "$out/data/half.tif" "$out/data/truth.tif" 2
        [ ! "$have_python" ] || once surface surface-distance "$python" -c "$surface_peer" "$out/data/half.tif" "$out/data/truth.tif"
        once metrics venule "$stages" metrics "$out/data/half.tif" "$out/data/truth.tif" 2
    fi
    if wants start; then once start venule "$stages" spawn 20 "$B/venule" --version; fi
    if wants open;  then once open venule "$stages" open "$out/data/big.tif"; fi
done
[ ! -t 2 ] || printf '\r\033[K' >&2

# ---- table ----
awk -F'\t' -v rounds="$rounds" -v big="$big" '
function least(a, k, v) { if (v != "" && (!(k in a) || v + 0 < a[k])) a[k] = v + 0 }
{ k = $1 SUBSEP $2; least(sec, k, $3); least(cpu, k, $4); least(rss, k, $5); least(vols, k, $6); val[k] = $7; called[k] = $8; disk[k] = $9 }
function verdict(ok) { if (!ok) missed++; return ok ? "met" : "MISSED" }
function row(stage, peer, goal, limit,    v, p, ratio) {
    v = stage SUBSEP "venule"; p = stage SUBSEP peer
    if (!(v in sec)) return
    ratio = (p in sec) ? sec[p] / sec[v] : 0
    printf "%-18s %10.4f %8.4f %8.2f %6d  %-16s %10s %8s %6s %9s %7s  %s\n", stage, sec[v], cpu[v], vols[v], rss[v], peer,
        (p in sec) ? sprintf("%.4f", sec[p]) : "missing", (p in cpu) ? sprintf("%.3f", cpu[p]) : "-", (p in rss) ? rss[p] : "-", ratio ? sprintf("%.1f x", ratio) : "-", ">= " goal, !ratio ? "-" : verdict(ratio >= goal)
    if (limit) printf "%-18s memory %.2f volumes of f32, goal <= %s: %s\n", "", vols[v], limit, verdict(vols[v] <= limit)
    if (stage ~ /components|distance|surface/ && (p in val)) printf "%-18s result %s, %s %s\n", "", val[v], peer, val[p]
}
function alone(stage, limit,    v) {
    v = stage SUBSEP "venule"
    if (!(v in sec)) return
    printf "%-18s %10.4f %8.4f %8.2f %6d  no peer\n", stage, sec[v], cpu[v], vols[v], rss[v]
    printf "%-18s memory %.2f volumes of f32, goal <= %s: %s\n", "", vols[v], limit, verdict(vols[v] <= limit)
}
function scale(op,    a1, a2, b1, b2) {
    a1 = op "_128_t1" SUBSEP "venule"; a2 = op "_128_t2" SUBSEP "venule"; b1 = op "_256_t1" SUBSEP "venule"; b2 = op "_256_t2" SUBSEP "venule"
    if (!(b1 in sec)) return
    printf "%-18s %10.4f %10.4f %8.2f x %10.4f %10.4f %9.2f\n", op, sec[b1], sec[b2], sec[b1] / sec[b2], sec[a1], sec[a2], sec[b2] / sec[a2] / 8
}
END {
    printf "seconds and CPU seconds of the stage alone, 2 threads, 256x256x256, least of %d rounds; ratio of seconds (on a busy machine\n", rounds
    printf "CPU seconds tell more); volumes: peak of large blocks, input and result too, in volumes of f32; MiB: whole process\n\n"
    printf "%-18s %10s %8s %8s %6s  %-16s %10s %8s %6s %9s %7s\n", "stage", "venule", "cpu", "volumes", "MiB", "peer", "seconds", "cpu", "MiB", "ratio", "goal"
    n = split(big ? " _big" : "", suffix, " ")
    for (i = 0; i <= n; i++) {
        s = i ? suffix[i] : ""
        if (i) print "\n" big
        row("vesselness" s, "itk", 30, 4); row("median" s, "itk", 60, 0); row("components" s, "cc3d", 1, 0); row("distance" s, "edt", 1, 0)
        row("distance_out" s, "edt", 1, 0); row("skeleton" s, "skimage", 5, 0); row("gauss" s, "scipy", 8, 0)
        alone("segment" s, 5)
    }
    alone("segment_160", 5)
    if (("surface" SUBSEP "venule") in sec) print "\n512x512x256: distances between the surfaces of two masks, and all of metrics full"
    row("surface", "surface-distance", 10, 0)
    alone("metrics", 4)
    if (("vesselness_256_t1" SUBSEP "venule") in sec) {
        printf "\nscaling: 1 and 2 threads, 256^3 and 128^3 (last column: time per voxel of 256^3 over that of 128^3, 2 threads)\n"
        printf "%-18s %10s %10s %10s %10s %10s %9s\n", "stage", "256 t1", "256 t2", "gain", "128 t1", "128 t2", "per voxel"
        m = split("vesselness median gauss components distance skeleton", ops, " ")
        for (i = 1; i <= m; i++) scale(ops[i])
    }
    k = "start" SUBSEP "venule"
    if (k in sec) printf "\nvenule --version   %.2f ms, goal < 10 ms: %s\n", 1000 * sec[k], verdict(sec[k] < 0.01)
    k = "open" SUBSEP "venule"
    if (k in sec) printf "open 1 GB TIFF, 1024 pages, first slice, file not cached by the system: %.1f ms, %.2f MB asked for, %.2f MB read from the disk\n",
        1000 * sec[k], called[k] / 1e6, disk[k] / 1e6
    printf "\n%d goals missed\n", missed
}' "$log"
if wants tune; then
    echo; echo "tuning; goals with clDice < 100 ms, without < 60 ms for low, high, min_size and fill"
    for ((r = 1; r <= rounds; r++)); do "$stages" tune "$out/data/vol_160x160x160.tif" "$out/data/gt_160x160x160.tif" 2; done
fi
