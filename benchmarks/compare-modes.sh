#!/bin/bash
# Compares "lakvm run" with "lakvm host": boots Debian's kernel under both in turns, and prints what the guest of the hypervisor
# takes by what the bare machine takes: from process start to "Run … as init process", to power-off, and in processor time,
# which other work on the computer disturbs least. Best of the rounds each.
# usage: compare-modes.sh [ROUNDS [ENGINE...]]   Needs lakvm built and "lakvm images fetch debian"; LAKVM names another one.
# What programs take inside the guest: SKIP_QEMU=1 COMMANDS="host run" compare-programs.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-5}
shift || true
lakvm=${LAKVM:-src/LaKvm.Cli/bin/Release/net10.0/app/lakvm}
image=$("$lakvm" images list | cut -f4)
[ -n "$image" ] || { echo "compare-modes.sh: fetch the Debian guest first" >&2; exit 1; }
words="console=ttyS0,115200 panic=-1 initcall_blacklist=i8042_init rdinit=/bin/busybox -- poweroff -f"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

seconds() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }'; }

# boot COMMAND ENGINE: adds a line of seconds to $work/COMMAND: to init, to the end, of processor time.
boot() {
    local start=$EPOCHREALTIME init=- line TIMEFORMAT='%U %S'
    mkfifo "$work/console"
    { time "$lakvm" "$1" --engine "$2" --memory 1G --kernel "$image/vmlinuz" --initrd "$image/initrd.img" --append "$words" \
        </dev/null >"$work/console" 2>"$work/stderr"; } 2>"$work/time" &
    while IFS= read -r line; do
        case $line in *" as init process"*) init=$(seconds "$start") ;; esac
    done <"$work/console"
    wait $! || { cat "$work/stderr" >&2; exit 1; }
    echo "$init $(seconds "$start") $(awk '{ print $1 + $2 }' "$work/time")" >>"$work/$1"
    rm "$work/console"
}

for engine in "${@:-translator}"; do
    rm -f "$work/host" "$work/run"
    for ((round = 0; round < rounds; round++)); do
        boot host "$engine"
        boot run "$engine"
    done
    awk -v engine="$engine" '
        { mode = FILENAME; sub(/.*\//, "", mode)
          for (f = 1; f <= 3; f++) { key = mode f; if (!(key in best) || $f < best[key]) best[key] = $f } }
        END { split("to init,to power-off,processor time", name, ",")
              for (f = 1; f <= 3; f++) printf "%-12s %-15s host %7.3f s  run %7.3f s  ratio %.2f\n",
                  engine, name[f], best["host" f], best["run" f], best["run" f] / best["host" f] }' "$work/host" "$work/run"
done
