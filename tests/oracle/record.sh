#!/bin/bash
# Records the instruction vectors of tests/LaKvm.Cpu.Tests/Vectors from QEMU's user mode.
# usage: record.sh [DIR]   DIR: where to make a chroot with QEMU and the cross compiler (Debian sid, about 2 GB) when
#                          this machine has not both itself; kept and reused. Default: ~/.cache/lakvm-oracle
# env:   TABLES="base fp lsx lasx"  which of src/LaKvm.Isa/Tables to record
#        SKIP="..."        further mnemonics to leave out
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
vectors=$root/tests/LaKvm.Cpu.Tests/Vectors
dir=${1:-$HOME/.cache/lakvm-oracle}
packages="qemu-user gcc-loongarch64-linux-gnu libc6-dev-loong64-cross"

# What differs per run (time), per machine (cpucfg) or leaves the program (traps into the kernel or a debugger).
skip="rdtimel.w rdtimeh.w rdtime.d cpucfg syscall dbcl ${SKIP:-}"

make_chroot() {
    [ -e "$dir/usr/bin/dpkg" ] || debootstrap --variant=minbase sid "$dir"
    chroot "$dir" sh -c "command -v qemu-loongarch64 >/dev/null || apt-get install -y --no-install-recommends $packages" >&2
}

if command -v qemu-loongarch64 loongarch64-linux-gnu-gcc >/dev/null; then
    work=$(mktemp -d)
    run() { sh -c "cd $work && $1"; }
else
    make_chroot >/dev/null
    work=$(mktemp -d "$dir/tmp/oracle.XXXXXX")
    run() { chroot "$dir" sh -c "cd /tmp/${work##*/} && $1"; }
fi
trap 'rm -rf "$work"' EXIT

cp "$here"/*.[ch] "$work"
run 'loongarch64-linux-gnu-gcc -std=gnu17 -O1 -fno-strict-aliasing -fno-stack-protector -Wall -Wextra -static *.c -o recorder'
version=$(run 'qemu-loongarch64 --version' | head -1)
for table in ${TABLES:-base fp lsx lasx}; do
    cp "$root/src/LaKvm.Isa/Tables/$table.txt" "$work"
    out=$vectors/$table.txt
    {
        echo "# What the instructions of src/LaKvm.Isa/Tables/$table.txt do. Format: docs/testing.md."
        echo "# Recorded by tests/oracle/record.sh from $version, -cpu la464."
        run "qemu-loongarch64 -cpu la464 ./recorder $skip <$table.txt"
    } >"$out.new"
    mv "$out.new" "$out"
    echo "$out: $(grep -vc '^[:#]' "$out") cases, $(stat -c %s "$out") bytes"
    case $table in lsx|lasx) gzip -9nf "$out" ;; esac
done
