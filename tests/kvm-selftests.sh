#!/bin/bash
# Runs Linux's KVM selftests for LoongArch against the KVM of Debian's kernel inside "lakvm host", and prints a line for each:
# its result (0 passed, 4 skipped) and its time. kvm-selftests-build.sh builds them.
# usage: kvm-selftests.sh [TEST...]      all tests if none is given; the program must have been built (-c Release)
# env:   CPUS (2), MEMORY (3G), SECONDS_EACH (1800); LAKVM, the program; LAKVM_PEERS as for oracle/peers.sh
set -euo pipefail
cd "$(dirname "$0")/.."
lakvm=${LAKVM:-$PWD/src/LaKvm.Cli/bin/Release/net10.0/app/lakvm}
selftests=$(tests/kvm-selftests-build.sh | tail -n 1)
[ -x "$lakvm" ] || { echo "$0: build the program first: dotnet build -c Release src/LaKvm.Cli" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ $# -gt 0 ] || set -- $(cd "$selftests"; find . -maxdepth 1 -type f -printf '%P\n' | sort)

# What the guest runs. Children of a test that was ended would keep its output open, so it goes to a file.
cat >"$work/run" <<END
dmesg -n 1; ulimit -n 65536; mkdir /dev/shm; mount -t tmpfs tmpfs /dev/shm; cd /t
for test in $*; do
    start=\$(cut -d' ' -f1 /proc/uptime)
    timeout ${SECONDS_EACH:-1800} ./\$test >/tmp/output 2>&1
    result=\$?
    killall -9 \$test 2>/dev/null
    [ \$result = 0 ] || [ \$result = 4 ] || tail -n 20 /tmp/output
    echo "selftest \$test \$result from \$start to \$(cut -d' ' -f1 /proc/uptime)"
done
dmesg | grep -E 'BUG|WARN|Oops|stall|suspicious|Unsupported|hung' | sed 's/^/dmesg: /' | grep . && echo 'selftest dmesg 1'
poweroff -f
END
tar cf "$work/disk.tar" -C "$work" run -C "$selftests" "$@"
echo 'mkdir /t; tar x -f /dev/vda -C /t; sh /t/run' | "$lakvm" host --cpus "${CPUS:-2}" --memory "${MEMORY:-3G}" \
    --append quiet --drive "$work/disk.tar,snapshot" | sed -u 's/\r//; /^\[/d' | tee "$work/output"
[ "$(grep -c '^selftest .* [04] from' "$work/output")" = $# ] && ! grep -q '^selftest dmesg' "$work/output"
