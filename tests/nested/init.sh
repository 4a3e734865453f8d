#!/bin/busybox sh
# First process of the image that image.sh makes: a shell on the console; the machine powers off when the shell ends.
/bin/busybox --install -s
export PATH=/usr/sbin:/usr/bin HOME=/root TERM=vt100
mkdir -p /dev/shm /dev/pts
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /dev/shm
mount -t devpts devpts /dev/pts
cd /root
setsid cttyhack sh -l
sync
poweroff -f
