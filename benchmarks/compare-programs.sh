#!/bin/bash
# Runs benchmarks/programs in the Debian guest under lakvm and under QEMU's TCG in turns, and prints how many times as fast
# lakvm is, per program and as geometric mean, how the boots compare (lakvm's time by QEMU's), and how much memory lakvm took
# beyond the guest's RAM. Checksums that differ between the two end it.
# usage: compare-programs.sh [ROUNDS [PROGRAM...]]   Needs lakvm built, "lakvm images fetch debian", qemu-system-loongarch64
# and loongarch64-linux-gnu-gcc; QEMU_ROOT names a chroot that holds the latter two instead. ENGINE and COMMANDS ("run host")
# choose how lakvm runs, LAKVM which, SKIP_QEMU=1 leaves QEMU out. CPU=1 compares
# processor time of the programs instead of the guest's clock, for a computer that has other work.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3} commands=${COMMANDS:-run}
shift || true
lakvm=${LAKVM:-src/LaKvm.Cli/bin/Release/net10.0/app/lakvm}
image=$("$lakvm" images list | cut -f4)
[ -n "$image" ] || { echo "compare-programs.sh: fetch the Debian guest first" >&2; exit 1; }
work=$(mktemp -d "${QEMU_ROOT:-}/tmp/compare.XXXXXX")
trap 'rm -rf "$work"' EXIT
inside=${work#"${QEMU_ROOT:-}"}

benchmarks/programs/build.sh "$work/programs"
cp "$image/vmlinuz" "$work"
benchmarks/initrd.sh "$image/initrd.img" "$work/programs" >"$work/initrd.img"
boot="console=ttyS0,115200 panic=-1 initcall_blacklist=i8042_init rdinit=/programs -- $*"
qemu=(${QEMU_ROOT:+chroot "$QEMU_ROOT"} qemu-system-loongarch64 -M virt -cpu la464 -m 1G -nographic -no-reboot)

# memory PID FILE: while the process lives, writes its largest resident set and, of that, the guest's RAM, in KiB.
memory() {
    local all ram
    while all=$(awk '/VmHWM/ { print $2 }' "/proc/$1/status" 2>/dev/null) && [ -n "$all" ]; do
        ram=$(awk '/^[0-9a-f]+-/ { big = 0 } /^Size:/ { big = $2 >= 1000000 } /^Rss:/ && big { sum += $2 } END { print sum + 0 }' \
            "/proc/$1/smaps" 2>/dev/null) || break
        echo "$all $ram" >>"$2"
        sleep 0.5
    done
}

microseconds() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%d", (b - a) * 1000000 }'; }

# Microseconds that the virtual processor has computed: the busiest thread. The programs pause between each other, so it is
# read at rest; no process is started for it, which would take too long on a busy computer.
processor_time() {
    local most=0 part file
    for file in /proc/"$1"/task/*/schedstat; do
        { read -r part _ <"$file" && most=$((part > most ? part : most)); } 2>/dev/null || true
    done
    REPLY=$((most / 1000))
}

# measure NAME COMMAND...: adds to $work/NAME lines "what value [checksum]".
measure() {
    local name=$1 start=$EPOCHREALTIME line program value sum cpu before=0
    shift
    mkfifo "$work/console"
    "$@" </dev/null >"$work/console" 2>"$work/$name.stderr" &
    local pid=$!
    memory $pid "$work/$name.memory" &
    while IFS= read -r line; do
        case $line in
            *" as init process"*) echo "init $(microseconds "$start") -" >>"$work/$name" ;;
            "program "*)
                read -r _ program value sum <<<"${line%$'\r'}"
                processor_time $pid && cpu=$REPLY
                [ -z "${CPU:-}" ] || value=$((cpu - before))
                echo "$program $value $sum" >>"$work/$name"
                before=$cpu ;;
            "programs begin"*) processor_time $pid && before=$REPLY ;;
        esac
    done <"$work/console"
    wait "$pid" || { cat "$work/$name.stderr" >&2; return 1; }
    echo "off $(microseconds "$start") -" >>"$work/$name"
    rm "$work/console"
}

for ((round = 0; round < rounds; round++)); do
    [ -n "${SKIP_QEMU:-}" ] || measure qemu "${qemu[@]}" -kernel "$inside/vmlinuz" -initrd "$inside/initrd.img" -append "$boot"
    for command in $commands; do
        measure "$command" "$lakvm" "$command" --memory 1G ${ENGINE:+--engine "$ENGINE"} \
            --kernel "$work/vmlinuz" --initrd "$work/initrd.img" --append "$boot"
    done
done

# The best of a program's times, which other load on the computer disturbs least; "boot" is all but the programs.
[ -n "${SKIP_QEMU:-}" ] && reference= || reference=qemu
awk -v commands="$reference $commands" '
    FNR == 1 { engine = FILENAME; sub(/.*\//, "", engine) }
    { if ($1 == "off") { $2 -= total; $1 = "boot"; total = 0 } else if ($1 != "init") { total += $2 }
      if (!(($1) in sum)) { order[++count] = $1; sum[$1] = $3 }
      if (sum[$1] != $3) { print "checksum of " $1 " differs: " sum[$1] ", " engine " " $3; bad = 1 }
      key = engine SUBSEP $1; if (!(key in best) || $2 < best[key]) best[key] = $2 }
    END {
      engines = split(commands, name, " ")
      printf "%-14s", "milliseconds"; for (e = 1; e <= engines; e++) printf "%12s", name[e]
      for (e = 2; e <= engines; e++) printf "%12s", "x " name[e]; print ""
      for (n = 1; n <= count; n++) {
        printf "%-14s", order[n]; for (e = 1; e <= engines; e++) printf "%12.1f", best[name[e], order[n]] / 1000
        for (e = 2; e <= engines; e++) { ratio = best[name[1], order[n]] / best[name[e], order[n]]; printf "%12.2f", ratio
          if (order[n] != "init" && order[n] != "boot") { logs[e] += log(ratio); programs[e]++ } }
        print "" }
      for (e = 2; e <= engines; e++) if (programs[e]) printf "geometric mean of %s: %.2f times the speed of %s; ", name[e], exp(logs[e] / programs[e]), name[1]
      for (e = 2; e <= engines; e++) printf "boot of %s takes %.2f to init, %.2f to power-off; ", name[e], best[name[e], "init"] / best[name[1], "init"], best[name[e], "boot"] / best[name[1], "boot"]
      print ""; exit bad }' $(for engine in $reference $commands; do echo "$work/$engine"; done)
for command in $reference $commands; do
    awk -v c="$command" '$1 > all { all = $1 } $2 > ram { ram = $2 }
        END { printf "memory of %s: %d MiB, of which the guest touched %d; %d besides\n", c, all / 1024, ram / 1024, (all - ram) / 1024 }' "$work/$command.memory"
done
