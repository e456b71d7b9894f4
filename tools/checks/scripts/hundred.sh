# A script of a hundred lines, as people write them: a small library that keeps books
# in files, with functions, loops, patterns and arithmetic.  There is no pipe, nor $(), which
# is one, before lab 4; and no `wait`, for which this shell needs a signal's handler, before
# lab 7.
set -u

shelf=shelf
log=log.txt
count=0
readonly shelf log

say() {
	printf '%s\n' "$*"
}

note() {
	count=$((count + 1))
	echo "$count: $*" >>"$log"
}

die() {
	say "error: $1" >&2
	exit "${2:-1}"
}

# book_add KEY YEAR TITLE...
book_add() {
	local key=$1 year=$2
	shift 2
	case $year in
	[12][0-9][0-9][0-9]) ;;
	*) say "$key: \"$year\" is no year"; return 2 ;;
	esac
	[ -e "$shelf/$key" ] && { say "$key is there"; return 1; }
	{
		echo "year=$year"
		echo "title=$*"
	} >"$shelf/$key"
	note "added $key"
}

book_show() {
	local line
	while IFS= read -r line; do
		case $line in
		year=*) say "  written in ${line#year=}" ;;
		title=*) say "  called '${line#*=}'" ;;
		esac
	done <"$shelf/$1"
}

century() {
	echo $((($1 + 99) / 100))
}

mkdir "$shelf" || die "no shelf" 3
trap 'say "the end, after $count notes"' EXIT

book_add emma 1815 Emma
book_add ulysses 1922 Ulysses by "James Joyce"
book_add emma 1815 Emma || say "status $?"
book_add oops MMXX Nothing || say "status $?"
book_add dune 1965 "Dune   with  spaces"
for path in "$shelf"/*; do
	name=${path##*/}
	say "$name:"
	book_show "$name"
done

oldest=9999 newest=0
for path in "$shelf"/[a-e]* "$shelf"/u*; do
	. "./$path" 2>/dev/null || continue
	[ "$year" -lt "$oldest" ] && oldest=$year
	if [ "$year" -gt "$newest" ]; then newest=$year; fi
done
say "from $oldest to $newest: $((newest - oldest)) years"
century 1815
century 2001

options=
while getopts ab:c opt -a -b value -c rest; do
	options="$options $opt${OPTARG:+=$OPTARG}"
done
say "options:$options, then at $OPTIND"

set -- "one two" three '*' ''
say "$# words: [$1] [$2] [$3] [$4]"
for word; do printf '<%s>' "$word"; done
echo
IFS=:
pair=a:b
set -- $pair x:y
say "${1:-nothing} ${undefined:-default} ${#shelf} ${log%.txt} ${log%%.*}"
unset IFS
i=0 line=
until [ $i -ge 10 ]; do
	i=$((i + 1))
	[ $((i % 2)) = 0 ] && continue
	[ $i -gt 8 ] && break
	line="$line$((i * i << 1)) "
done
say "$line| $((0x1f & ~3)) $((i > 5 ? 7 % 4 : -1)) $((-7 / 2))"
(cd "$shelf" && rm dune && exit 5)
say "subshell: $?"
sh -c 'exit 42' || say "a child: $?"
! grep -q dune "$log" || say "dune was in the log"
eval 'x=\$HOME'; say "$x"
false && say no || say yes
cat "$log" "$shelf/missing" || die "something is missing" 7
