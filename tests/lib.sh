# lib.sh - what the check_*.sh scripts share: a scratch folder, counting, and a member of a JSON line.
program=$(realpath "$1"); name=$(basename "$0" .sh); pass=0; fail=0; skip=0
data=$(realpath ../shared/data 2>/dev/null) || data=
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
here=$(pwd)
cd "$scratch" || exit 1

ok()   { pass=$((pass + 1)); }
bad()  { fail=$((fail + 1)); echo "FAIL $name: $*"; }
skip() { skip=$((skip + 1)); echo "skip $name: $*"; }
# check 'what' command...: passes when the command succeeds
check() { what=$1; shift; if "$@"; then ok; else bad "$what"; fi; }
# run STATUS 'what' arguments...: the program's exit status must be STATUS; stdout in out, stderr in err
run() {
    want=$1; what=$2; shift 2
    timeout 300 "$program" "$@" >out 2>err </dev/null; got=$?
    if [ $got = "$want" ]; then ok; else bad "$what: exit $got instead of $want: $(tail -n 3 err | tr '\n' ' ')"; fi
}
# member KEY [COMMAND]: its number or word in the JSON lines of out (of COMMAND's line)
member() { grep "\"command\":\"${2:-}" out | sed -n "s/.*\"$1\":\"\{0,1\}\([^,\"}]*\).*/\1/p" | tail -n 1; }
atleast() { awk "BEGIN { exit !(\"$1\" != \"\" && \"$1\" != \"null\" && $1 + 0 >= $2) }"; }
# only FILE...: the folder holds these files and no other (temporary files included)
only() { ls -A | grep -vx -e out -e err | sort >.have; printf '%s\n' "$@" | sort >.want; grep -vx -e .have -e .want .have | cmp -s - .want; r=$?; rm -f .have .want; return $r; }
finish() { echo "$name: $pass passed, $fail failed, $skip skipped"; [ $fail = 0 ]; exit; }
