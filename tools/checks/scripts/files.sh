# Names, kinds, modes and times of files: ls, find, cp, mv, ln, stat, chmod, touch.
mkdir -p a/b/c "a/with space" a/.hidden
printf 'one\ntwo\nthree\n' >a/numbers
printf 'x' >"a/with space/file"
: >a/.hidden/empty
ln -s ../numbers a/b/symbolic
ln a/numbers a/b/hard
mkfifo a/pipe
chmod 640 a/numbers
chmod u=rwx,g=rx,o= a/b
chmod 4755 a/.hidden/empty
touch -d '2001-02-03 04:05:06' a/numbers a/b
ls a
ls -aF a
ls -R a
ls -r a/b
stat -c '%n %a %F %h %s' a/numbers a/b/symbolic a/pipe a/.hidden/empty
stat -L -c '%n %F %s' a/b/symbolic
stat -c '%y' a/numbers a/b
readlink a/b/symbolic
readlink -f a/b/symbolic >full && sed 's/.*files.d/HERE/' full
find a -type f >found && sort found
find a -name '*e*' ! -type d >found && sort found
find a -perm 640 >found && sort found
find a -newer a/numbers -type f >found && sort found
find a -links 2 -type f -exec basename {} \; >found && sort found
find a -type f -size +5c -print0 >found && tr '\0' '\n' <found >lines && sort lines
cp -a a copy && diff -r a/b copy/b && echo same
stat -c '%n %a' copy/numbers copy/b
stat -c '%y' copy/numbers
echo four >>copy/numbers
cmp a/numbers copy/numbers
diff a/numbers copy/numbers
mv copy/numbers copy/b/moved && cat copy/b/moved
mv copy/b/moved copy/b/c && ls copy/b copy/b/c
truncate -s 3 copy/b/c/moved && cat copy/b/c/moved && echo
rmdir copy/b
rm -r copy && ls -d copy
test -L a/b/symbolic && echo link
test -p a/pipe && echo fifo
test a/b -ef a/b/../b && echo itself
cat nowhere
ls a/nowhere
cd a/b/c && pwd >../pwd && sed 's/.*files.d/HERE/' ../pwd
basename /x/y.z .z
dirname /x/y.z
