#!/bin/bash
# Measures lakvm and QEMU's TCG side by side and prints the ratios (above 1: lakvm is faster). Three things: process start
# to "Run … as init process", the whole boot to power-off, and the run of guests/mix inside the guest.
# usage: compare.sh [ROUNDS]   lakvm must be built, "lakvm images fetch debian" done, qemu-system-loongarch64 installed;
# QEMU_ROOT names a chroot that holds QEMU instead. ENGINE and COMMAND (run, host) choose how lakvm runs.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3} command=${COMMAND:-run}
lakvm=(src/LaKvm.Cli/bin/Release/net10.0/app/lakvm "$command" --memory 1G ${ENGINE:+--engine "$ENGINE"})
image=$(src/LaKvm.Cli/bin/Release/net10.0/app/lakvm images list | cut -f4)
[ -n "$image" ] || { echo "compare.sh: fetch the Debian guest first" >&2; exit 1; }
work=$(mktemp -d "${QEMU_ROOT:-}/tmp/compare.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp "$image/vmlinuz" "$image/initrd.img" "$work"
guests/build.sh "$work" >/dev/null
inside=${work#"${QEMU_ROOT:-}"}
qemu=(${QEMU_ROOT:+chroot "$QEMU_ROOT"} qemu-system-loongarch64 -M virt -cpu la464 -m 1G -nographic -no-reboot)
boot="console=ttyS0,115200 panic=-1 initcall_blacklist=i8042_init rdinit=/bin/busybox -- poweroff -f"

seconds() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", b - a }'; }

# timed COMMAND...: prints seconds to the init process, seconds to the end, and the guest's own microseconds, where known.
timed() {
    local start=$EPOCHREALTIME init=- guest=- line
    while IFS= read -r line; do
        case $line in
            *"as init process"*) init=$(seconds "$start" "$EPOCHREALTIME") ;;
            "microseconds "*) guest=${line#* } guest=${guest%$'\r'} ;;
        esac
    done < <("$@" </dev/null 2>/dev/null)
    echo "$init $(seconds "$start" "$EPOCHREALTIME") $guest"
}

# best FIELD FILE: the smallest value of a column, which other load on the computer disturbs least.
best() { awk -v f="$1" 'min == "" || $f < min { min = $f } END { print min }' "$2"; }

report() { # name field a b unit
    local ours theirs
    ours=$(best "$2" "$3") theirs=$(best "$2" "$4")
    awk -v n="$1" -v a="$ours" -v b="$theirs" -v u="$5" \
        'BEGIN { printf "%-24s lakvm %12.3f %s  qemu %12.3f %s  ratio %.2f\n", n, a / u, "s", b / u, "s", b / a }'
}

for ((i = 0; i < rounds; i++)); do
    timed "${lakvm[@]}" --kernel "$work/vmlinuz" --initrd "$work/initrd.img" --append "$boot" >>"$work/boot.lakvm"
    timed "${qemu[@]}" -kernel "$inside/vmlinuz" -initrd "$inside/initrd.img" -append "$boot" >>"$work/boot.qemu"
    timed "${lakvm[@]}" --kernel "$work/mix.elf" --append "iterations=500 time" >>"$work/mix.lakvm"
    timed "${qemu[@]}" -kernel "$inside/mix.elf" -append "iterations=500 time" >>"$work/mix.qemu"
done
report "start to init" 1 "$work/boot.lakvm" "$work/boot.qemu" 1
report "start to power-off" 2 "$work/boot.lakvm" "$work/boot.qemu" 1
report "mix, inside the guest" 3 "$work/mix.lakvm" "$work/mix.qemu" 1000000
