#!/bin/bash
# What a disk request takes in the guest of "lakvm run" under each of the programs given, in turns: microseconds for a direct
# read and write of 4 KiB, and for a read of 1 MiB, one at a time at places without order. Best of the rounds each.
# usage: compare-disk.sh ROUNDS LAKVM...   Needs "lakvm images fetch debian" and loongarch64-linux-gnu-gcc; QEMU_ROOT names a
# chroot that holds the latter instead. COMMAND=host measures the bare machine.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=$1
shift
image=$("$1" images list | cut -f4)
[ -n "$image" ] || { echo "compare-disk.sh: fetch the Debian guest first" >&2; exit 1; }
work=$(mktemp -d "${QEMU_ROOT:-}/tmp/disk.XXXXXX")
trap 'rm -rf "$work"' EXIT
inside=${work#"${QEMU_ROOT:-}"}
cp benchmarks/disk.c "$work"
${QEMU_ROOT:+chroot "$QEMU_ROOT"} loongarch64-linux-gnu-gcc -O2 -static -o "$inside/disk" "$inside/disk.c"
benchmarks/initrd.sh "$image/initrd.img" "$work/disk" >"$work/initrd.img"
head -c 128M /dev/urandom >"$work/image"

# measure LAKVM FILE: adds lines "name microseconds" to FILE.
measure() {
    printf '/programs /dev/vda\npoweroff -f\n' |
        "$1" "${COMMAND:-run}" --memory 1G --kernel "$image/vmlinuz" --initrd "$work/initrd.img" \
            --append "console=ttyS0,115200 quiet" --drive "$work/image,snapshot" ${STAT:+--stat="$STAT"} |
        tr -d '\r' | awk '$1 == "disk" { print $2, $3 }' >>"$2"
}

for ((round = 0; round < rounds; round++)); do
    number=0
    for lakvm in "$@"; do
        measure "$lakvm" "$work/results.$((number++))"
    done
done

for ((number = 0; number < $#; number++)); do
    awk -v program="${@:number + 1:1}" '
        !($1 in best) || $2 < best[$1] { best[$1] = $2 }
        END { for (name in best) printf "%-10s %8.1f us  %s\n", name, best[name], program }' "$work/results.$number" | sort
done
