#!/bin/bash
# Makes an ext4 image of Debian packages for LoongArch that are unpacked and not installed: no script of theirs runs, so it takes
# neither root nor emulation. It does not boot by itself: the initramfs' shell mounts it and goes on in it with chroot.
# usage: unpacked.sh IMAGE DIRECTORY PACKAGE...    the files of DIRECTORY come to /checks
# Needs "lakvm images fetch debian" (its apt lists are used), apt, dpkg and mke2fs. SIZE (800M) can be set.
set -euo pipefail

[ $# -gt 2 ] || { echo "usage: $0 IMAGE DIRECTORY PACKAGE..." >&2; exit 2; }
image=$1 files=$2
shift 2
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lakvm
[ -f "$cache/apt/apt.conf" ] || { echo "$0: run \"lakvm images fetch debian\" first" >&2; exit 1; }
PATH=$PATH:/usr/sbin:/sbin

# The packages stay in the cache: apt fetches only what is not there yet.
packages=$cache/unpacked
mkdir -p "$packages/archives/partial"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
apt() { # directory arguments
    apt-get -c "$cache/apt/apt.conf" -o Dir::Cache="$packages" -o Dir::Cache::archives="$1" -o Debug::NoLocking=1 \
        -y -qq --no-install-recommends install "${@:2}"
}
# With an empty directory apt names all that is wanted.
apt "$work" --print-uris "$@" | cut -d' ' -f2 >"$work/debs"
apt "$packages/archives" --download-only "$@" >&2

root=$work/root
mkdir -p "$root"/{dev,proc,sys,run,tmp,root,etc,usr/bin,usr/sbin,usr/lib,usr/lib64}
for directory in bin sbin lib lib64; do ln -s usr/$directory "$root/$directory"; done
while read -r deb; do
    dpkg-deb --fsys-tarfile "$packages/archives/$deb" |
        tar -x -C "$root" --keep-directory-symlink --no-same-owner --exclude='./usr/share/man' --exclude='./usr/share/doc' \
            --exclude='./usr/share/locale'
done <"$work/debs"
ln -sf dash "$root/usr/bin/sh"
cp -r "$files" "$root/checks"

rm -f "$image.new"
truncate -s "${SIZE:-800M}" "$image.new"
mke2fs -q -t ext4 -E root_owner=0:0 -d "$root" "$image.new"
mv "$image.new" "$image"
echo "$image: $(wc -l <"$work/debs") packages, $(du -h "$image" | cut -f1) used"
