#!/bin/sh
# Builds the guests with LLVM as ELF kernels, and the KVM client as a program of a LoongArch Linux: build.sh [DIRECTORY],
# guests/out if none is given. Needs clang and lld.
# (The tests assemble the assembler guests themselves; the C guest needs this.)
set -eu
cd "$(dirname "$0")"
out=${1:-out}
tool() { # name
    command -v "$1-19" || command -v "$1" || { echo "build.sh: $1 is not installed" >&2; exit 1; }
}
clang=$(tool clang) link="$(tool ld.lld) -static"
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
mkdir -p "$out"
compile() { # source object
    case $1 in
        *.c) flags="-O2 -Wall -ffreestanding -fno-builtin" ;;
        *) flags= ;;
    esac
    $clang --target=loongarch64-unknown-none -march=la464 -mno-lsx $flags -c "$1" -o "$2"
}
for source in */guest.s; do
    name=${source%/guest.s}
    cat "$source" common/console.s > "$objects/$name.s"
    compile "$objects/$name.s" "$objects/$name.o"
    $link -N -Ttext=0x200000 -e 0x200000 -o "$out/$name.elf" "$objects/$name.o"
done
rm "$objects"/*
for source in kvm-client/*.c; do
    compile "$source" "$objects/$(basename "$source").o"
done
$link -e _start -o "$out/kvm-client" "$objects"/*.o
rm "$objects"/*
for source in mix/*.[cs]; do
    compile "$source" "$objects/$(basename "$source").o"
done
$link -T mix/link.ld -o "$out/mix.elf" "$objects"/*.o
