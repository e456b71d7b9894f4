# What zsh has of its own: arrays from 1, flags of expansion, patterns.  No other
# programs: to start one zsh makes a pipe, which lab 4 unlocks.
list=(pear apple fig)
print -r -- ${(o)list} $#list $list[1] ${(j:+:)list} ${(U)list[2]}
typeset -A size=(small 1 large 9)
for key in ${(ok)size}; do print "$key=$size[$key]"; done
print ${(l:6::.:)list[3]} ${list[(r)a*]} ${(s:/:):-a/b/c}
float x=2.5; print $((x * 3)) $(( [#16] 255 ))
print -l /et[c-e]/passwd(N) /no*where(N)
repeat 3 print -n x; print
[[ abc123 == [a-z]##<100-200> ]] || setopt extendedglob
[[ abc123 == [a-z]##<100-200> ]] && print matches
function twice { print $(( $1 * 2 )) }
twice 21
print written > file && read -r line < file && print $line
always_said=no; { false } always { always_said=yes }; print $always_said
exit 6
