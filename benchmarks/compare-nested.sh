#!/bin/bash
# Runs benchmarks/programs on the machine that "lakvm host" emulates and in a guest of its Linux's own KVM in turns, and prints
# the guest's speed by the host's. Checksums that differ end it.
# usage: compare-nested.sh [ROUNDS [PROGRAM...]]   Needs lakvm built, "lakvm images fetch debian", loongarch64-linux-gnu-gcc
# (QEMU_ROOT names a chroot that holds it instead) and what tests/nested/image.sh needs. LAKVM chooses lakvm.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-4}
shift || true
[ $# -gt 0 ] || set -- hash compress sort mix calls nbody matrix matrix-lsx matrix-lasx memory strings bytecode
lakvm=${LAKVM:-src/LaKvm.Cli/bin/Release/net10.0/app/lakvm}
image=$("$lakvm" images list | cut -f4)
[ -n "$image" ] || { echo "compare-nested.sh: fetch the Debian guest first" >&2; exit 1; }
work=$(mktemp -d "${QEMU_ROOT:-}/tmp/compare.XXXXXX")
trap 'rm -rf "$work"' EXIT

benchmarks/programs/build.sh "$work/programs"
benchmarks/initrd.sh "$image/initrd.img" "$work/programs" >"$work/bench.img"
SIZE=600M tests/nested/image.sh "$work/nested.img" "$work/programs" "$work/bench.img"
boot="console=ttyS0,115200 panic=-1 initcall_blacklist=i8042_init quiet rdinit=/programs -- $*"
for ((round = 0; round < rounds; round++)); do
    echo "./programs $* | sed 's/^/host /'"
    echo "guest -kernel /boot/vmlinuz -initrd bench.img -append '$boot' </dev/null | sed 's/^/guest /'"
done >"$work/commands"
echo "poweroff -f" >>"$work/commands"
"$lakvm" host --memory 2G --drive "$work/nested.img,snapshot" --append "console=ttyS0,115200 root=/dev/vda rw quiet" \
    <"$work/commands" | tr -d '\r' >"$work/console"

# The best of a program's times, which other load on the computer disturbs least.
awk '$2 == "program" {
        $5 = substr($5, 1, 16) # the kernel may write into the line
        if (!($3 in sum)) { order[++count] = $3; sum[$3] = $5 }
        if (sum[$3] != $5) { print "checksum of " $3 " differs: " sum[$3] ", " $1 " " $5; bad = 1 }
        key = $1 SUBSEP $3; if (!(key in best) || $4 < best[key]) best[key] = $4 }
    END {
        printf "%-14s%12s%12s%12s\n", "milliseconds", "host", "guest", "x host"
        for (n = 1; n <= count; n++) {
            host = best["host", order[n]]; guest = best["guest", order[n]]
            if (!host || !guest) { print order[n] " has no result"; exit 1 }
            printf "%-14s%12.1f%12.1f%12.2f\n", order[n], host / 1000, guest / 1000, host / guest; logs += log(host / guest) }
        if (!count) { print "there are no results"; exit 1 }
        printf "geometric mean: the guest has %.2f times the speed of the host\n", exp(logs / count); exit bad }' "$work/console"
