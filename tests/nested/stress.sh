#!/bin/sh
# On the emulated machine: starts and stops guests without pause, and says at the end whether all was well.
#   stress [SECONDS]
# Guests that end by themselves compare memory they have filled; others are killed at some moment. Meanwhile their threads
# are moved between the CPUs, and all CPUs have other work. With a swap disk, /dev/vdb, all memory but LEAVE (250) MB is
# taken away first; with less than two guests use, guest pages go to the disk.
cpus=$(grep -c ^processor /proc/cpuinfo)
log=/tmp/stress good=0 bad=0
mkdir -p $log

random() { # limit
    echo $(($(od -An -N2 -tu2 /dev/urandom) % $1))
}

# A guest's work, on its kernel's command line: the words behind -- go to its first process.
work='/bin/busybox mount -t devtmpfs d /dev; /bin/busybox mkdir -p /tmp; /bin/busybox mount -t tmpfs t /tmp; cd /tmp
/bin/busybox dd if=/dev/urandom of=a bs=1M count=40 2>/dev/null
for n in 1 2 3; do /bin/busybox cp a b$n; done
for n in 1 2 3; do /bin/busybox cmp a b$n || echo memory differs; done
echo all compared; /bin/busybox poweroff -f'
work=$(echo "$work" | tr '\n' ';')

start_guest() { # file
    APPEND="quiet rdinit=/bin/busybox -- sh -c \"$work\"" guest -smp $((1 + $(random 2))) >"$1" 2>&1 </dev/null
}

migrate() {
    while [ -e $log/running ]; do
        for task in $(pidof qemu-system-loongarch64 | sed 's|[0-9]*|/proc/&/task/*|g'); do
            taskset -p $(printf %x $((1 << $(random $cpus)))) ${task##*/}
        done >/dev/null 2>&1
        sleep 0.3
    done
}

load() {
    while [ -e $log/running ]; do
        dd if=/dev/zero bs=64k count=100 2>/dev/null | sha256sum >/dev/null
        sleep 0.2
    done
}

# Killed at any moment of its life: while QEMU starts, in the guest's boot, at its work.
kill_guests() {
    while [ -e $log/running ]; do
        qemu-system-loongarch64 -machine virt -accel kvm -cpu host -m 512M -nic none -nographic -kernel /boot/vmlinuz \
            -initrd /boot/initrd.img -append console=ttyS0,115200 </dev/null >/dev/null 2>&1 &
        sleep $((1 + $(random 12)))
        kill -9 $!
        wait $!
        echo >> $log/killed
    done
}

touch $log/running
if [ -b /dev/vdb ]; then
    mkswap /dev/vdb >/dev/null && swapon /dev/vdb
    free=$(awk '/MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
    take=$((free - ${LEAVE:-250}))
    # In a ramfs, whose pages cannot be swapped: what goes to the disk is the guests' memory.
    mkdir $log/hog && mount -t ramfs hog $log/hog
    [ $take -le 0 ] || dd if=/dev/zero of=$log/hog/memory bs=1M count=$take 2>/dev/null
fi
end=$(($(date +%s) + ${1:-60}))
migrate & load & kill_guests 2>/dev/null &
while [ "$(date +%s)" -lt $end ]; do
    start_guest $log/guest
    if grep -q 'all compared' $log/guest && ! grep -q differs $log/guest; then
        good=$((good + 1))
    else
        bad=$((bad + 1))
        tail -30 $log/guest
    fi
done
rm $log/running
wait
killed=$(wc -l < $log/killed)
# Pages of zeros are counted apart: they need no room on the disk.
swapped=$(awk '/^(pswpout|swpout_zero)/ { pages += $2 } END { print pages + 0 }' /proc/vmstat)
echo "stress: $good guests good, $bad bad, $killed killed; $swapped pages swapped out"
[ $bad = 0 ]
