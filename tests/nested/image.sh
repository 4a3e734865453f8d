#!/bin/bash
# Makes a disk image for "lakvm host" from which Linux runs guests with its own KVM: Debian's QEMU for LoongArch with its
# libraries, the kernel and initrd that "lakvm images fetch debian" made, and busybox. Boot it with root=/dev/vda rw; a
# shell comes up on the console (see docs/nested.md).
# usage: image.sh IMAGE [FILE...]   files are copied to /root, executables included
# Needs the fetched image, apt, dpkg and mke2fs (see qemu.sh); no root.
# SIZE (400M) can be set.
set -euo pipefail

[ $# -gt 0 ] || { echo "usage: $0 IMAGE [FILE...]" >&2; exit 2; }
image=$1
shift
here=$(dirname "$(readlink -f "$0")")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lakvm
[ -f "$cache/images/debian/vmlinuz" ] || { echo "$0: run \"lakvm images fetch debian\" first" >&2; exit 1; }
PATH=$PATH:/usr/sbin:/sbin
command -v mke2fs >/dev/null || { echo "$0: mke2fs is missing; install e2fsprogs" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{dev,proc,sys,run,tmp,root,boot,etc}
qemu=$("$here/qemu.sh" "$root")
rm -r "$root/usr/share/qemu-efi-loongarch64" # this machine's guests begin without
cp "$cache/images/debian/vmlinuz" "$cache/images/debian/initrd.img" "$root/boot"
cp "$here/init.sh" "$root/usr/sbin/init"
cp "$here/guest.sh" "$root/usr/bin/guest"
cp "$here/stress.sh" "$root/usr/bin/stress"
chmod 755 "$root/usr/sbin/init" "$root/usr/bin/guest" "$root/usr/bin/stress"
ln -s busybox "$root/usr/bin/sh"
echo 'root::0:0:root:/root:/bin/sh' > "$root/etc/passwd"
echo 'root:x:0:' > "$root/etc/group"
[ $# = 0 ] || cp "$@" "$root/root"

mkdir -p "$(dirname "$image")"
rm -f "$image.new"
truncate -s "${SIZE:-400M}" "$image.new"
mke2fs -q -t ext4 -L lakvm-nested -E root_owner=0:0 -d "$root" "$image.new"
mv "$image.new" "$image"
echo "$image: $qemu, $(du -h "$image" | cut -f1) used"
