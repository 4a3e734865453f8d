#!/bin/sh
# Records what LLVM 19 prints for the sample words of every row and for a compiled program, as test data.
# Run from the repository root with llvm-19 and clang-19 (Debian) installed. A row that LLVM lacks gives no line.
set -eu
data=tests/LaKvm.Isa.Tests/Data
features=+d,+lsx,+lasx,+lvz,+lbt
provenance() { echo "# $1, recorded by record.sh with $(llvm-mc-19 --version | sed -n 's/.*LLVM version/LLVM/p'). Word and text per line."; }

# Operand samples of all rows, the compilers' trap, and every word that has an alias or nearly has one.
samples() {
    dotnet run -c Release --project src/LaKvm.Isa.Generator -- samples
    echo 38600400
    for rd in 0 1 4; do for rj in 0 1 5; do for upper in 0 1 2; do
        for base in 0x03400000 0x00150000 0x4c000000; do
            printf '%08x\n' $((base | upper << 10 | rj << 5 | rd))
        done
    done; done; done
}

# hex words -> "0x.. 0x.. 0x.. 0x.." as llvm-mc reads them, and its "text # encoding: [..]" back to "word text"
disassemble() {
    sed -E 's/(..)(..)(..)(..)/0x\4 0x\3 0x\2 0x\1/' |
        llvm-mc-19 --triple=loongarch64 --mattr=$features --disassemble --show-encoding 2>/dev/null |
        sed -nE 's/^\t(.*[^ \t])[ \t]*# encoding: \[0x(..),0x(..),0x(..),0x(..)\]$/\5\4\3\2 \1/p' | tr '\t' ' '
}

{ provenance "Disassembly of two words per instruction row"; samples | disassemble; } > $data/rows.txt

object=$(mktemp)
clang-19 --target=loongarch64-linux-gnu -march=la464 -O2 -ffreestanding -fno-pic -c $data/program.c -o "$object"
{
    provenance "Disassembly of program.c"
    llvm-objdump-19 -d --mattr=$features "$object" |
        sed -nE 's/^ *[0-9a-f]+: (..) (..) (..) (..) +\t(.*)$/\4\3\2\1 \5/p' | sed -E 's/ <[^>]*>$//' | tr '\t' ' '
} > $data/program.txt
rm -f "$object"
