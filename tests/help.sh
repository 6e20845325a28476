#!/bin/sh
# Runs the example of every help page in a folder of its own and compares what it prints.  $1: the program.
# In an example, "  > " starts a command, "  ..." stands for any lines; a page that shows no output is checked for success.
program=$(realpath "$1"); pages=$(realpath help); match=$(realpath tests/match.awk); pass=0; fail=0
top=$(mktemp -d) || exit 1
trap 'rm -rf "$top"' EXIT
for page in "$pages"/*.txt; do
    name=$(basename "$page" .txt); dir=$top/$name; mkdir "$dir"
    sed -n '/^EXAMPLE/,$p' "$page" | sed 1d >"$dir/.example"
    sed -n 's/^  > //p' "$dir/.example" >"$dir/.script"
    grep -v '^  > ' "$dir/.example" | sed 's/^  //' | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' >"$dir/.want"
    why=
    [ -s "$dir/.script" ] || why="has no example"
    (cd "$dir" && timeout 120 "$program" --quiet -f .script >.got 2>.messages </dev/null) || why=${why:-"example fails: $(head -n 1 "$dir/.messages")"}
    if [ -z "$why" ] && [ -s "$dir/.want" ]; then
        awk -v want="$dir/.want" -f "$match" "$dir/.got" >"$dir/.diff" || why="example differs: $(cat "$dir/.diff")"
    fi
    "$program" -c "help $name" | sed '/^EXAMPLE/q' | grep -q '.\{81\}' && why=${why:-"is wider than 80 columns"}
    if [ -n "$why" ]; then echo "FAIL help $name: $why"; fail=$((fail + 1)); else pass=$((pass + 1)); fi
done
# Every verb has a page, every page a verb or a topic.
for f in src/cmd/cmd_*.c; do
    v=${f#src/cmd/cmd_}; v=${v%.c}
    if [ -f "help/$v.txt" ]; then pass=$((pass + 1)); else echo "FAIL help: no page help/$v.txt"; fail=$((fail + 1)); fi
done
echo "help: $pass passed, $fail failed"
[ $fail = 0 ]
