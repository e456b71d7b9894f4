# What bash has beyond the shell of POSIX.  No pipe, which lab 4 unlocks, and nothing
# that bash makes with one: $(), and text after <<.
declare -A age=([ann]=31 [bob]=27)
list=(one two "three four")
echo "${#list[@]} ${list[2]} ${list[@]:0:2} ${!list[*]}"
for name in ann bob; do echo "$name is ${age[$name]}"; done
for ((i = 0; i < 3; i++)); do printf '%d ' $((i ** 3)); done; echo
[[ "signalbox-12" =~ ^([a-z]+)-([0-9]+)$ ]] && echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
text="a/b/c.tar.gz"
echo "${text##*/} ${text%%.*} ${text//\//:} ${text^^} ${text:2:3}"
printf 'line %d\n' 1 2 >lines
mapfile -t lines <lines
echo "${#lines[@]} lines, the last is ${lines[-1]}"
f() { local -n ref=$1; ref=changed; return 3; }
f text || echo "status $? $text"
printf -v padded '%05.1f|%q' 3.14159 "it's"; echo "$padded"
echo {a..e}{1..2}
shopt -s extglob nullglob
set -- /etc/@(passwd|nothing) /no*where; echo "$#: $*"
exec 5>file; echo written >&5; exec 5>&-; cat file; rm file
trap 'echo leaving $?' EXIT
(exit 4); echo "subshell $?"
echo 2 >answer; select x in yes no; do echo "$x"; break; done <answer 2>/dev/null
exit 9
