#!/bin/bash
# Makes a Debian root file system for LoongArch as a sparse ext4 image, which boots to a login (root, no password) on ttyS0
# from a virtio disk: kernel and initramfs come from "lakvm images fetch debian".
# usage: debian.sh sysvinit|systemd IMAGE [EXTRA-PACKAGE...]
# Runs as root on Debian; installs mmdebstrap and e2fsprogs where they are missing, and QEMU as tests/oracle/peers.sh does: that
# of Debian 12 is too old for the packages' programs. QEMU_LOONGARCH64 names another static one. Debian's mirror is the one apt
# uses. SUITE (forky) and SIZE (1G) can be set.
set -euo pipefail

init=${1:-} image=${2:-}
case $init in
    sysvinit) packages=sysvinit-core,initscripts,sysv-rc,insserv,udev,ifupdown ;;
    systemd) packages=systemd,systemd-sysv,systemd-resolved,udev,dbus ;;
    *) echo "usage: $0 sysvinit|systemd IMAGE [EXTRA-PACKAGE...]" >&2; exit 2 ;;
esac
[ -n "$image" ] || { echo "$0: name the image to make" >&2; exit 2; }
shift 2
packages=$packages,util-linux,login,passwd,procps,kmod,iproute2,iputils-ping,e2fsprogs,less$(printf ',%s' "$@" | sed 's/^,$//')
suite=${SUITE:-forky} size=${SIZE:-1G}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
binfmt=/proc/sys/fs/binfmt_misc name=lakvm-loongarch64

need() { # program package
    command -v "$1" >/dev/null || apt-get install -y -q --no-install-recommends "$2" >&2
}
need mmdebstrap mmdebstrap
need mke2fs e2fsprogs
[ -e $keyring ] || apt-get install -y -q debian-archive-keyring >&2

# apt's own reading of its sources, whatever their format.
mirror=$(apt-get update --print-uris | sed -n "s|^'\(.*/debian\)/dists/.*|\1|p" | head -n 1)
[ -n "$mirror" ] || { echo "$0: apt's sources name no Debian mirror" >&2; exit 1; }

work=$(mktemp -d) registered=
cleanup() {
    [ -z "$registered" ] || echo -1 > $binfmt/$name
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT

# The packages' scripts run under user-mode emulation; the F flag opens the emulator now, so it works inside the new root.
mountpoint -q $binfmt || mount -t binfmt_misc binfmt_misc $binfmt
if ! grep -qs '^magic 7f454c460201.*02000201$' $binfmt/*; then
    emulator=${QEMU_LOONGARCH64:-$("$(dirname "$0")/../oracle/peers.sh")/usr/bin/qemu-loongarch64}
    elf='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x02\x01'
    mask='\xff\xff\xff\xff\xff\xff\xff\xfc\x00\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
    printf '%s' ":$name:M::$elf:$mask:$emulator:F" > $binfmt/register
    registered=yes
fi

root=$work/root
# How this machine reaches its mirror: proxies, and whether the mirror is a snapshot whose Release files have run out.
apt-config dump | grep -E '^Acquire::(Check-|https?::)' > "$work/apt.conf" || true
# mmdebstrap's own check knows only the architectures of its day.
mmdebstrap --quiet --skip=check/qemu --architectures=loong64 --variant=minbase --components=main --include="$packages" \
    --keyring=$keyring --aptopt="$work/apt.conf" --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' "$suite" "$root" "deb $mirror $suite main"

echo lakvm > "$root/etc/hostname"
printf '127.0.0.1 localhost lakvm\n' > "$root/etc/hosts"
printf '/dev/vda / ext4 defaults 0 1\n' > "$root/etc/fstab"
chroot "$root" passwd -q -d root
: > "$root/etc/machine-id"
if [ "$init" = sysvinit ]; then
    # One console, no virtual terminals.
    sed -i '/^[1-6]:.*tty[1-6]$/d' "$root/etc/inittab"
    echo 'S0:2345:respawn:/sbin/getty -L ttyS0 115200 vt100' >> "$root/etc/inittab"
    printf 'auto lo\niface lo inet loopback\n' > "$root/etc/network/interfaces"
else
    # There is one console; the timer unit would fetch package lists behind the user's back.
    ln -sf /dev/null "$root/etc/systemd/system/apt-daily.timer"
    ln -sf /dev/null "$root/etc/systemd/system/apt-daily-upgrade.timer"
    ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
    printf '[Match]\nType=ether\n[Network]\nDHCP=yes\n' > "$root/etc/systemd/network/ether.network"
fi

rm -f "$image.new"
truncate -s "$size" "$image.new"
mke2fs -q -t ext4 -L lakvm-root -d "$root" "$image.new"
mv "$image.new" "$image"
echo "$image: Debian $suite with $init, $(du -h "$image" | cut -f1) of $size used"
