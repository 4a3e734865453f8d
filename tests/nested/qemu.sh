#!/bin/bash
# Unpacks Debian's QEMU for LoongArch (loong64) with its shared libraries, ROMs and firmware, and busybox, into a directory;
# nothing is installed, so no package script runs.
# usage: qemu.sh ROOT
# Needs the fetched image of "lakvm images fetch debian" (its apt lists are used, so that kernel and QEMU are of one suite),
# apt and dpkg; no root. The packages (70 MB) stay in the cache.
set -euo pipefail

[ $# = 1 ] || { echo "usage: $0 ROOT" >&2; exit 2; }
root=$1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lakvm
[ -f "$cache/images/debian/vmlinuz" ] || { echo "$0: run \"lakvm images fetch debian\" first" >&2; exit 1; }
packages=$cache/nested
mkdir -p "$packages/archives/partial"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wanted=(qemu-system-misc qemu-efi-loongarch64 busybox-static)
apt() { # directory arguments
    apt-get -c "$cache/apt/apt.conf" -o Dir::Cache="$packages" -o Dir::Cache::archives="$1" \
        -y -qq --no-install-recommends install "${@:2}" "${wanted[@]}"
}
# apt names only what it would have to fetch into that directory.
apt "$work" --print-uris | cut -d' ' -f2 > "$work/debs"
apt "$packages/archives" --download-only >&2

mkdir -p "$root"/usr/{bin,sbin,lib,lib64}
for directory in bin sbin lib lib64; do [ -e "$root/$directory" ] || ln -s "usr/$directory" "$root/$directory"; done
while read -r deb; do
    dpkg-deb --fsys-tarfile "$packages/archives/$deb" | tar -x -C "$root" --keep-directory-symlink --wildcards \
        './usr/bin/qemu-system-loongarch64' './usr/bin/busybox' './usr/lib/loongarch64-linux-gnu/*.so*' './usr/lib64/*' \
        './usr/share/qemu/*.rom' './usr/lib/ipxe/qemu/*' './usr/share/qemu-efi-loongarch64/QEMU_EFI.fd' \
        2>"$work/tar" || grep -q 'Not found in archive' "$work/tar" || { cat "$work/tar" >&2; exit 1; }
done < "$work/debs"
sed -n 's/_loong64.deb$//; /^qemu-system-misc/p' "$work/debs"
