#!/bin/sh
# Makes sample_data/screen.png: what the program shows in a terminal.  Needs tmux, python3-pil and fonts-dejavu-core; no test.
# usage: sh tests/screen.sh [PROGRAM [OUT.png [COLUMNS ROWS]]]
set -e
program=$(realpath "${1:-build/venule}"); out=${2:-sample_data/screen.png}; columns=${3:-160}; rows=${4:-48}
state=$(mktemp -d)
pane() { tmux -L "venule-screen-$$" -f /dev/null "$@"; }
trap 'pane kill-server 2>/dev/null; rm -rf "$state"' EXIT
# The prompt shows the last lines of a command: these are there when it has ended.
run() { pane send-keys -l ":$1"; pane send-keys Enter; wait_for "$2"; }
wait_for() {
    for _ in $(seq 100); do pane capture-pane -p | grep -q -- "$1" && return; sleep 0.1; done
    echo "'$1' did not appear" >&2
    exit 1
}
pane new-session -d -x "$columns" -y "$rows" \
    "cd sample_data && env LC_ALL=C.UTF-8 COLORTERM=truecolor XDG_STATE_HOME=$state XDG_CONFIG_HOME=$state '$program' vessels.tif"
pane set -g status off
pane resize-window -x "$columns" -y "$rows"
wait_for 'MIP along z'
run 'segment vessels as=p' '> overlay p'
run 'threshold p auto as=m0' '> overlay m0'
run 'clean m0 as=m' '> overlay m$'
run 'overlay m opacity=0.5' 'opacity=0.5'
run 'goto 102,65,30' 'goto 102,65,30'
run 'graph m as=g' 'skeleton_voxels'
run 'overlay g' 'overlay g'
run 'open vessels_truth.tif as=truth' 'extent_mm'
run 'show vessels' 'show vessels'
run 'tune p truth=truth' 'setting 1 of 1'
pane send-keys Down Right Right                   # high
wait_for 'setting 2 of 2'
sleep 0.5
pane capture-pane -p -e -N >"$state/screen"
"${PYTHON:-python3}" tests/screen.py "$columns" "$rows" "$out" <"$state/screen"
echo "$out"
