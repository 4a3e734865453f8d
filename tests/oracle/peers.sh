#!/bin/bash
# Makes a directory to chroot into that holds what this project is compared with: QEMU (user mode and system emulation) with
# its firmware, the LoongArch cross compilers with a static glibc, gdb and iasl, from Debian sid. Prints its path. The first time takes
# root, the network, some two minutes and 2 GB; after that it only prints.
# usage: peers.sh      e.g. chroot "$(tests/oracle/peers.sh)" qemu-loongarch64 --version
# env:   LAKVM_PEERS   the directory; "/" if this machine has all of it itself. Default: artifacts/peers
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=$(realpath -m "${LAKVM_PEERS:-artifacts/peers}")
programs="qemu-loongarch64 qemu-system-loongarch64 iasl gdb-multiarch loongarch64-linux-gnu-gcc loongarch64-linux-gnu-g++ gcc make"
packages="qemu-user qemu-system-misc qemu-efi-loongarch64 acpica-tools gdb-multiarch gcc-loongarch64-linux-gnu g++-loongarch64-linux-gnu libc6-dev-loong64-cross gcc libc6-dev make"

ready() {
    local program
    for program in $programs; do
        [ -e "${dir%/}/usr/bin/$program" ] || return 1
    done
}

make_root() {
    local mirror
    command -v debootstrap >/dev/null ||
        { apt-get update -q && apt-get install -y -q --no-install-recommends debootstrap debian-archive-keyring; }
    # apt's own reading of its sources, whatever their format.
    mirror=$(apt-get update --print-uris | sed -n "s|^'\(.*/debian\)/dists/.*|\1|p" | head -n 1)
    [ -n "$mirror" ] || { echo "$0: apt's sources name no Debian mirror"; exit 1; }
    rm -rf --one-file-system "$dir.new"
    debootstrap --variant=minbase sid "$dir.new" "$mirror"
    # How this machine reaches its mirror: proxies, and whether the mirror is a snapshot whose Release files have run out.
    apt-config dump | grep -E '^Acquire::(Check-|https?::)' >"$dir.new/etc/apt/apt.conf.d/90lakvm" || true
    mv -T "$dir.new" "$dir"
}

install_programs() {
    [ "$(id -u)" = 0 ] || { echo "$0: only root can make $dir"; exit 1; }
    [ -e "${dir%/}/usr/bin/dpkg" ] || make_root
    # An installation that was interrupted goes on where it was.
    DEBIAN_FRONTEND=noninteractive chroot "$dir" dpkg --configure -a
    # shellcheck disable=SC2086  # a list of words
    DEBIAN_FRONTEND=noninteractive chroot "$dir" apt-get install -y -q --no-install-recommends $packages
    ready || { echo "$0: $dir lacks one of: $programs"; exit 1; }
}

if ! ready; then
    mkdir -p "$(dirname "$dir")"
    exec 9>"$dir.lock"
    flock 9
    ready || install_programs >&2
fi
echo "$dir"
