#!/bin/bash
# Writes the initial RAM disk INITRD with PROGRAM in it as /programs.
# usage: initrd.sh INITRD PROGRAM >OUTPUT
set -euo pipefail

# pad SIZE: archives and their parts follow each other at multiples of four bytes.
pad() { head -c $(((4 - $1 % 4) % 4)) /dev/zero; }

# cpio NAME FILE: an archive in the newc format that holds one program; nothing for FILE ends the archive.
cpio() {
    local size=0
    [ -z "${2:-}" ] || size=$(stat -c %s "$2")
    printf '070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\0' 1 $((0100755)) 0 0 1 0 "$size" 0 0 0 0 $((${#1} + 1)) 0 "$1"
    pad $((110 + ${#1} + 1))
    [ -z "${2:-}" ] || cat "$2"
    pad "$size"
}

cat "$1"
pad "$(stat -c %s "$1")"
cpio programs "$2"
cpio 'TRAILER!!!'
