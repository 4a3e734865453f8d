#!/bin/bash
# Builds the corpus: the programs of this folder as one executable for each compiler and optimization level for LoongArch, and
# one for this computer, whose output the others must repeat. All are statically linked.
# usage: build.sh OUT [VARIANT...]    makes OUT/native and OUT/VARIANT; variants: see below
# The compilers are those of tests/oracle/peers.sh and clang-19.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1
shift
peers=$("$here/../oracle/peers.sh")
work=$(mktemp -d "${peers%/}/tmp/corpus.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp "$here"/*.[ch] "$work"

# The programs wrap signed numbers and look at bytes of everything; fused arithmetic is not the same on all computers.
common="-std=gnu17 -fwrapv -fno-strict-aliasing -ffp-contract=off -fno-math-errno -pthread -Wall -Wextra -Werror"
inside() { chroot "$peers" sh -c "cd /${work#"$peers"} && $*"; }
gcc() { inside "gcc $common -frounding-math $*"; }
cross_gcc() { inside "loongarch64-linux-gnu-gcc $common -frounding-math $*"; }
clang() {
    (cd "$work" && clang-19 --target=loongarch64-linux-gnu -nostdlibinc -isystem "$peers/usr/loongarch64-linux-gnu/include" \
        $common "$@")
}

build() { # variant compiler options
    local variant=$1 compiler=$2 linker=cross_gcc source
    shift 2
    [ "$compiler" != gcc ] || linker=gcc
    for source in "$work"/*.c; do
        $compiler "$@" -c "$(basename "$source")" -o "$variant-$(basename "$source" .c).o"
    done
    # shellcheck disable=SC2086  # a pattern
    $linker -static -o "$variant" "$variant-*.o" -lm
    cp "$work/$variant" "$out/$variant"
}

mkdir -p "$out"
for variant in native "$@"; do
    case $variant in
        native) build $variant gcc -O1 ;;
        gcc-scalar) build $variant cross_gcc -Os -mno-lsx ;;
        gcc-O0) build $variant cross_gcc -O0 ;;
        gcc-O2) build $variant cross_gcc -O2 ;;
        gcc-O3-lsx) build $variant cross_gcc -O3 -mlsx -mno-lasx ;;
        gcc-O3-lasx) build $variant cross_gcc -O3 -mlasx ;;
        clang-O2) build $variant clang -O2 ;;
        clang-O3-lasx) build $variant clang -O3 -march=la464 -mlasx ;;
        *) echo "$0: there is no variant $variant" >&2; exit 2 ;;
    esac
done
