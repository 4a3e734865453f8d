#!/bin/bash
# Builds the programs as one static LoongArch program: build.sh FILE. Needs loongarch64-linux-gnu-gcc; QEMU_ROOT names a
# chroot that holds it instead.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d "${QEMU_ROOT:-}/tmp/programs.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp --parents -r benchmarks/programs guests/mix "$work"
inside=${work#"${QEMU_ROOT:-}"}
gcc() { ${QEMU_ROOT:+chroot "$QEMU_ROOT"} loongarch64-linux-gnu-gcc "$@"; }
for source in "$work"/benchmarks/programs/*.c "$work"/guests/mix/{list,matrix,tokens,mix}.c; do
    case $source in
        *-lsx.c) flags=-mlsx ;;
        *-lasx.c) flags=-mlasx ;;
        *) flags=-mno-lsx ;;
    esac
    object=${source#"$work"/}
    gcc -O2 -Wall $flags -c "$inside/${source#"$work"/}" -o "$inside/${object//\//-}.o"
done
gcc -static -o "$inside/programs" $(cd "$work" && printf "$inside/%s " *.o) -lm
cp "$work/programs" "$1"
