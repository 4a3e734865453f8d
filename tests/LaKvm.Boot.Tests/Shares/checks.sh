#!/bin/sh
# What programs expect of a file system, on the one that this script's directory is on (the first argument). Prints a line for
# each expectation that is not met, and how many were looked at.
cd "$1" && mkdir work && cd work || exit 1
count=0

ok() {
    count=$((count + 1))
    "$@" >/dev/null 2>&1 || echo "failed: $*"
}
not() {
    count=$((count + 1))
    ! "$@" >/dev/null 2>&1 || echo "should have failed: $*"
}
is() {
    count=$((count + 1))
    [ "$1" = "$2" ] || echo "'$1' is not '$2'"
}

# Names
ok mkdir d
not mkdir d
ok touch d/f
not rmdir d
not mkdir d/f/x
ok mv d/f d/g
not cat d/f
ok touch "d/a name, with ; and 'signs'"
is "$(ls d)" "a name, with ; and 'signs'
g"
long=$(printf %0255d 0)
ok touch "d/$long"
not touch "d/${long}0"
ok rm -r d
is "$(ls)" ""

# Replacing
echo one >a
echo two >b
ok mv a b
is "$(cat b)" one
not cat a
mkdir x y
touch y/full
not mv -T x y
rm y/full
ok mv -T x y
ok rmdir y
mkdir x
not mv -T b x
rm -r b x

# Links
echo text >f
ok ln f g
is "$(stat -c %h f)" 2
is "$(stat -c %i f)" "$(stat -c %i g)"
echo more >>g
is "$(tail -1 f)" more
ok rm f
is "$(stat -c %h g)" 1
ok ln -s g s
is "$(readlink s)" g
is "$(head -1 s)" text
ok ln -s nowhere dangling
not cat dangling
ok ln -s loop loop
not cat loop
ok ln -s /etc/passwd absolute
is "$(cat absolute)" "$(cat /etc/passwd)"
is "$(ls -A | wc -l)" 5
rm g s dangling loop absolute

# Rights and times
umask 022
touch f
is "$(stat -c %a f)" 644
mkdir d
is "$(stat -c %a d)" 755
umask 0
touch open
is "$(stat -c %a open)" 666
ok chmod 400 f
is "$(stat -c %a f)" 400
ok chmod 1777 d
is "$(stat -c %a d)" 1777
ok chmod 4755 f
is "$(stat -c %a f)" 755
ok touch -d '2001-02-03 04:05:06' f
is "$(stat -c %Y f)" 981173106
rm -r f d open

# Contents
echo 0123456789 >f
is "$(dd if=f bs=1 skip=3 count=4 2>/dev/null)" 3456
printf XY | dd of=f bs=1 seek=2 conv=notrunc 2>/dev/null
is "$(cat f)" 01XY456789
ok truncate -s 5 f
is "$(cat f)" 01XY4
ok truncate -s 100000 f
is "$(stat -c %s f)" 100000
is "$(tail -c 1 f | od -An -tx1 | tr -d ' ')" 00
dd if=/dev/zero of=sparse bs=1 count=1 seek=1000000000 2>/dev/null
is "$(stat -c %s sparse)" 1000000001
is "$((($(stat -c %b sparse) < 1000)))" 1
exec 5>kept
rm kept
echo still >&5
is "$(cat /proc/self/fd/5)" still
exec 5>&-
ok sync
rm f sparse

# Pipes and sockets are the guest's own, devices are not made
ok mkfifo p
(echo through >p &)
is "$(cat p)" through
not mknod disk b 8 0
not mknod terminal c 4 0
rm p

# Many files, as a build makes them
mkdir -p tree/src tree/obj
for i in $(seq 200); do
    seq $i >tree/src/$i.c
done
for i in $(seq 200); do
    sed s/1/one/ tree/src/$i.c >tree/obj/$i.tmp && mv tree/obj/$i.tmp tree/obj/$i.o
done
is "$(ls tree/obj | wc -l)" 200
is "$(cat tree/src/*.c | wc -l)" 20100
cat tree/obj/*.o | sha256sum >sum
ok cp -r tree copy
is "$(cat copy/obj/*.o | sha256sum)" "$(cat sum)"
is "$(find tree -type f | wc -l)" 400
ok sh -c 'tar cf t.tar tree && rm -r tree && tar xf t.tar'
is "$(cat tree/obj/*.o | sha256sum)" "$(cat sum)"
cd .. && ok rm -r work
echo "$count checks"
