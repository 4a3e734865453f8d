#!/bin/bash
# Records the instruction vectors of tests/LaKvm.Cpu.Tests/Vectors from QEMU's user mode.
# usage: record.sh     QEMU and the compiler are those of peers.sh beside it
# env:   TABLES="base fp lsx lasx"  which of src/LaKvm.Isa/Tables to record
#        SKIP="..."        further mnemonics to leave out
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
vectors=$root/tests/LaKvm.Cpu.Tests/Vectors
peers=$("$here/peers.sh")

# What differs per run (time), per machine (cpucfg) or leaves the program (traps into the kernel or a debugger).
skip="rdtimel.w rdtimeh.w rdtime.d cpucfg syscall dbcl ${SKIP:-}"

work=$(mktemp -d "${peers%/}/tmp/oracle.XXXXXX")
run() { chroot "$peers" sh -c "cd /tmp/${work##*/} && $1"; }
trap 'rm -rf "$work"' EXIT

cp "$here"/*.[ch] "$work"
run 'loongarch64-linux-gnu-gcc -std=gnu17 -O1 -fno-strict-aliasing -fno-stack-protector -Wall -Wextra -static *.c -o recorder'
version=$(run 'qemu-loongarch64 --version' | head -1)
for table in ${TABLES:-base fp lsx lasx}; do
    cp "$root/src/LaKvm.Isa/Tables/$table.txt" "$work"
    run "qemu-loongarch64 -cpu la464 ./recorder --upper <$table.txt" >&2
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
