#!/bin/sh
# Options, exit status, stdout and stderr as DESIGN promises them.
. tests/lib.sh

run 0 "--version" --version
check "--version prints one line" grep -qx 'venule [0-9.]*' out
run 0 "--help" --help
run 2 "unknown option" --nonsense
run 2 "not a terminal" 
check "says how to run without a terminal" grep -q "not a terminal" err
run 2 "threads" --threads 0 -c list
run 2 "memory" --memory 5x -c list
run 2 "device" --device gpu -c list
run 2 "-c and -f" -c list -f x
run 1 "unknown verb fails" -c nonsense
check "message form" grep -qx "venule: nonsense: unknown command 'nonsense'; 'help' lists them" err
check "nothing on stdout" test ! -s out
run 1 "a failure stops the script" -c 'nonsense; roi off'
check "the rest did not run" test ! -s out
run 0 "a dash goes on" -c '-nonsense; roi off'
run 1 "missing file" nothing.tif -c list
check "names the file" grep -q "nothing.tif" err
run 1 "JSON failure" --json -c 'open nothing.tif'
check "JSON failure has its code" grep -q '^{"command":"open","ok":false,"error":{"code":"io","message":".*nothing.tif' out
run 1 "script missing" -f missing.vn
check "names the script" grep -q "missing.vn" err
echo 'roi 0:2,0:2,0:2' >s.vn
run 0 "script" -f s.vn
check "script ran" grep -qx 'roi  0:2,0:2,0:2' out
"$program" -f - <s.vn >out 2>err
check "script from stdin" grep -qx 'roi  0:2,0:2,0:2' out
: >empty.tif
run 1 "empty file" -c 'open empty.tif'
check "says it is empty" grep -qi "empty" err
run 1 "a folder" -c 'open .'
run 1 "prefix in a script" -c 'ro off'
run 0 "cuda where there is none falls back under auto" --device auto -c list
finish
