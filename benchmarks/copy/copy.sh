#!/bin/bash
# Compares copies of 1 MiB by general registers, LSX, LASX and memcpy in the Debian guest. usage: copy.sh run|host [OPTION...]
# The options are lakvm's. Needs lakvm built, "lakvm images fetch debian" and mke2fs; the compiler is that of peers.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || { echo "usage: $0 run|host [OPTION...]" >&2; exit 2; }
lakvm=${LAKVM:-$here/../../src/LaKvm.Cli/bin/Release/net10.0/app/lakvm}
peers=$("$here/../../tests/oracle/peers.sh")
work=$(mktemp -d "${peers%/}/tmp/copy.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/disk"
cp "$here/copy.c" "$work"
chroot "$peers" sh -c "cd /${work#"$peers"} && loongarch64-linux-gnu-gcc -O2 -Wall -static -o disk/copy copy.c"
truncate -s 8M "$work/disk.img"
PATH=$PATH:/usr/sbin mke2fs -q -t ext4 -d "$work/disk" "$work/disk.img"
echo "modprobe ext4; mkdir -p /mnt; mount -t ext4 /dev/vda /mnt; /mnt/copy; poweroff -f" |
    "$lakvm" "$@" --memory 1G --drive "$work/disk.img,snapshot" | grep -aE 'MiB/s|wrongly'
