# Bytes: dd, tar, compression, sums, patches.  A file of numbers is the material.
awk 'BEGIN { for (i = 0; i < 50000; i++) print i * 7919 % 100003 }' >big
wc -c big
md5sum big
sha1sum big
sha256sum big
sha512sum big
sha256sum big >sums && sha256sum -c sums
crc32 big
dd if=big of=piece bs=1000 skip=17 count=60 2>counts && head -n 2 counts && sha256sum piece
dd if=piece of=big2 bs=1k seek=500 conv=notrunc 2>counts && head -n 2 counts
stat -c %s big2 && sha256sum big2
dd if=/dev/zero bs=64k count=4 of=zeros 2>counts && head -n 2 counts && sha256sum zeros
dd if=big bs=1M count=1 of=copy 2>counts && head -n 2 counts && cmp big copy
dd if=piece conv=ucase ibs=512 obs=4096 2>counts >upper && head -n 2 counts && sha256sum upper
mkdir -p tree/deep/er && cp piece tree/deep && echo text >tree/deep/er/text
ln -s deep/piece tree/link && chmod 600 tree/deep/er/text
ln tree/deep/piece tree/hard
touch -d '2010-11-12 13:14:15' tree/deep/er/text
tar -cf tree.tar tree && tar -tf tree.tar >names && sort names
mkdir out && tar -xf tree.tar -C out && diff -r tree out/tree && echo same
stat -c '%n %a %F %s %y' out/tree/deep/er/text
stat -c '%h' out/tree/hard
readlink out/tree/link
gzip -k big && stat -c %s big.gz && gzip -t big.gz && gunzip -c big.gz >back && cmp big back
bzip2 -k piece && bunzip2 -c piece.bz2 >back && cmp piece back && echo same
find tree >names && sort names >sorted && cpio -o -H newc <sorted >tree.cpio && cpio -t <tree.cpio
seq 1 20 >old && sed '7d; s/^12$/twelve/; $a new' old >new
diff -u old new >changes; sed 1,2d changes
patch old changes && cmp old new && echo patched
cp big damaged && printf X >x && dd if=x of=damaged bs=1 seek=12345 conv=notrunc 2>counts
cmp big damaged
cmp -l big damaged
uuencode name <x >coded && uudecode -o decoded coded && cat decoded && echo
strings -n 20 tree/deep/er/text big >text && wc -l text
shuf -e same same
ls
