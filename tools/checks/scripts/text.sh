# What becomes of lines: cat, grep, sort, uniq, wc, cut, tr, head, tail, sed, awk ...
seq 1 200 >numbers
printf '%s\n' pear apple fig 'Apple pie' banana apple cherry fig apple >fruit
printf 'ann:3:red\nbob:10:blue\ncy:7:red\ndee:2:green\n' >table
cat -n fruit
grep -n apple fruit
grep -ic apple fruit
grep -v a fruit
grep -E '^(p|f)[a-z]+$' fruit
grep -o 'p[a-z]' fruit
grep -l apple fruit table
grep -q plum fruit || echo none
sort fruit
sort -u fruit
sort -r -f fruit
sort -t: -k2n table
sort -t: -k3,3 -k2,2nr table
sort fruit >sorted && uniq -c sorted
uniq -d sorted
wc numbers fruit
wc -l <numbers
cut -d: -f1,3 table
cut -c2-4 fruit
tr a-z A-Z <fruit
tr -d aeiou <fruit
tr -s p <fruit
head -n 3 numbers
head -c 10 numbers
tail -n 3 numbers
tail -n +198 numbers
tac table
rev table
nl fruit
fold -w 4 fruit
paste -d, fruit sorted
expand -t 4 table
sed -n '5,7p' numbers
sed 's/\([a-z]*\):\([0-9]*\)/\2 \1/; /green/d' table
sed -e '/^a/{s/p/P/g' -e 'a\' -e after -e '}' -e '$q' fruit
sed -i 's/red/RED/' table && cat table
sed '1!G;h;$!d' table
awk '{ s += $1 } END { print s, s / NR }' numbers
awk -F: '{ n[$3] += $2 } END { for (c in n) print c, n[c] }' table >sums && sort sums
awk 'BEGIN { for (i = 1; i <= 5; i++) printf "%3d %6.2f %s\n", i, i / 3, substr("abcdef", i) }'
awk 'function f(n) { return n < 2 ? n : f(n-1) + f(n-2) } BEGIN { print f(18) }'
awk '{ $2 = toupper($1); print length($0) ": " $0 }' fruit
awk 'NR % 50 == 0 { print > "every-50" }' numbers && cat every-50
awk -F: '$2 > 2 && match($1, /[a-c]/) { print RSTART, $1; gsub(/[aeiou]/, "*"); print }' table
expr 7 '*' 6
expr abcdef : 'ab\(.*\)f'
factor 360 97
printf '%05d|%-6s|%x|%c|%b\n' 42 left 255 char 'a\tb'
od -c fruit
hexdump -C table
xxd table
base64 fruit >coded && cat coded && base64 -d coded >back && cmp fruit back && echo same
xargs -n 3 echo <fruit
xargs -I{} echo '<{}>' <table
tee copy <fruit >/dev/null && cmp copy fruit && echo same
echo '2^64 / 3; scale=20; 1/7' >sum && bc sum
date -u -d '@1000000000' '+%Y-%m-%d %H:%M:%S %A %j'
cal 2 2024
