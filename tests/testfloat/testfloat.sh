#!/bin/bash
# Runs Berkeley TestFloat on the instructions of subjfloat.c, in the booted guest: a line for each function in each rounding
# mode, or the cases that are wrong. Debian has no package of it, so the sources are given: TestFloat 3e and SoftFloat 3e, as
# their author publishes them.
# usage: testfloat.sh TESTFLOAT SOFTFLOAT [FUNCTION...]     e.g. f32_add; all functions if none is given
# env:   LEVEL (1), UNITS ("SCALAR LSX LASX"), FORMS ("0 1 2 3", see subjfloat.c); LAKVM_PEERS as for oracle/peers.sh
#        MACHINE ("lakvm run"), the command that boots the guest, e.g. "lakvm host --engine interpreter"; "qemu" for its user mode
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,7s/^# //p' "$0" >&2; exit 2; }
testfloat=$(realpath "$1") softfloat=$(realpath "$2")
shift 2
cd "$(dirname "$0")"
PATH=$(realpath ../../src/LaKvm.Cli/bin/Release/net10.0/app):$PATH
root=$(../oracle/peers.sh)
work=$(mktemp -d "${root%/}/tmp/testfloat.XXXXXX")
trap 'rm -rf "$work"' EXIT
inside() { chroot "$root" bash -c "set -euo pipefail; cd '/${work#"${root%/}/"}'; $*"; }
cp -r "$testfloat/source" "$work/testfloat"
cp -r "$softfloat/source" "$work/softfloat"
cp subjfloat* "$work"
# Two entries of a table have no counterpart where there is no bfloat16.
sed -i '/BF16_TO_F32$/d; /F32_TO_BF16$/d' "$work/testfloat/subjfloat_functions.c"

build() {
    local gcc="loongarch64-linux-gnu-gcc -O2 -w -c" unit form
    local includes="-I.. -I../softfloat/include -I../softfloat/ARM-VFPv2 -I../testfloat -DFLOAT16 -DFLOAT64"
    printf '#define %s\n' 'LITTLEENDIAN 1' 'INLINE inline' 'SOFTFLOAT_FAST_INT64' 'SOFTFLOAT_FAST_DIV32TO16 1' \
        'SOFTFLOAT_FAST_DIV64TO32 1' >platform.h
    mkdir objects programs
    # Only the formats that the processor has. ARM's rules for NaNs and for integers out of range are LoongArch's.
    (cd objects && ls ../softfloat/*.c ../softfloat/ARM-VFPv2/*.c ../testfloat/*.c |
        grep -vE 'bf16|[eE]xtF80|[fF]128|M\.c$' |
        grep -vE '/(testfloat|testsoftfloat|timesoftfloat|slowfloat|subj.*|uint128.*|.*_gen|.*_ver|...Loops)\.c$' |
        xargs -P "$(nproc)" -n 24 $gcc $includes)
    for unit in $units; do
        for form in $forms; do
            mkdir "$unit-$form"
            (cd "$unit-$form" && $gcc $includes -mlasx "-D$unit" "-DFORM=$form" \
                ../subjfloat.c ../testfloat/{testfloat,subjfloat_functions}.c)
            loongarch64-linux-gnu-gcc -static -o "programs/$unit-$form" "$unit-$form"/*.o objects/*.o
        done
    done
}
inside "units='${UNITS:-SCALAR LSX LASX}' forms='${FORMS:-0 1 2 3}'; $(declare -f build); build" >&2

prefix=
[ "${MACHINE:=lakvm run}" != qemu ] || prefix=qemu-loongarch64
# NaNs are compared bit by bit, but not those of multiply-add, where LoongArch takes another operand's than ARM. It has too
# many cases for level 2, too.
cat >"$work/programs/run" <<END
for program in $(cd "$work/programs" && echo *-?); do
    for function in ${*:-\$($prefix ./\$program -list)}; do
        level=${LEVEL:-1} check=-checkAll
        case \$function in *_mulAdd) level=1 check=-checkInvInts ;; esac
        $prefix ./\$program -level \$level -tininessafter \$check \$function 2>/dev/null | sed "s/^/\$program: /"
    done
done
END
if [ "$MACHINE" = qemu ]; then
    inside "cd programs; sh ./run" | tee "$work/output"
else
    tar cf "$work/disk.tar" -C "$work/programs" .
    echo 'dmesg -n 1; mkdir /t; tar x -f /dev/vda -C /t; cd /t; sh ./run; echo testfloat ends; poweroff -f' |
        $MACHINE --memory 1G --append quiet --drive "$work/disk.tar,snapshot" | sed -u 's/\r//; /^\[/d' | tee "$work/output"
    grep -q '^testfloat ends' "$work/output"
fi
! grep -q '^[A-Z]*-.: Errors found' "$work/output"
