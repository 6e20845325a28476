#!/bin/sh
# Arrows between modules go down only: main -> ui -> cmd -> { session render io op graph stats } -> data -> base; device -> base;
# op -> device; kernels include vox.h and kernel.h alone.  A header belongs to the folder that holds the .c of its name.
allowed() {
    case $1 in
    base) echo "base" ;;                      device) echo "base device" ;;
    data) echo "base data" ;;                 op) echo "base data op device" ;;
    session|render|io|graph|stats) echo "base data $1" ;;
    cmd) echo "base data session render io op graph stats device cmd" ;;
    ui) echo "base data session render cmd ui" ;;
    esac
}
bad=0
for f in src/*/*.c; do
    m=${f#src/}; m=${m%%/*}; ok=" $(allowed "$m") "
    for h in $(sed -n 's/^#include "\([a-z_0-9]*\)\.h".*/\1/p' "$f"); do
        [ "$h" = base ] || [ "$h" = vox ] && continue
        [ -f "src/$m/$h.h" ] && continue
        owner=$(ls src/*/"$h".c 2>/dev/null | head -n 1); owner=${owner#src/}; owner=${owner%%/*}
        [ -n "$owner" ] || { echo "$f: no module owns $h.h"; bad=1; continue; }
        case $ok in *" $owner "*) ;; *) echo "$f ($m) includes $h.h ($owner)"; bad=1 ;; esac
    done
done
for f in kernels/*.cu kernels/*.h; do
    [ -f "$f" ] || continue
    for h in $(sed -n 's/^ *#include "\(.*\)".*/\1/p' "$f"); do
        case $h in kernel.h|*vox.h|*emu.h) ;; *) echo "$f includes $h"; bad=1 ;; esac
    done
done
[ $bad = 0 ] && echo "layers: clean"
exit $bad
