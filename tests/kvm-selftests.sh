#!/bin/bash
# Runs Linux's KVM selftests for LoongArch against the KVM of Debian's kernel inside "lakvm host", and prints a line for each:
# its result (0 passed, 4 skipped) and its time. They are built (static) from Debian's package of the kernel's source with the
# compilers that oracle/peers.sh installs; the first time takes root, the network, some two minutes and 2 GB.
# usage: kvm-selftests.sh [TEST...]      all tests if none is given; the program must have been built (-c Release)
# env:   CPUS (2), MEMORY (3G), SECONDS_EACH (1800); LAKVM, the program; LAKVM_PEERS as for oracle/peers.sh
set -euo pipefail
cd "$(dirname "$0")/.."
lakvm=${LAKVM:-$PWD/src/LaKvm.Cli/bin/Release/net10.0/app/lakvm}
root=$(tests/oracle/peers.sh | tail -n 1)
programs=/opt/kvm-selftests

build() {
    set -euo pipefail
    local package make=(make -s ARCH=loongarch CROSS_COMPILE=loongarch64-linux-gnu-)
    export DEBIAN_FRONTEND=noninteractive
    package=$(apt-cache depends linux-source | sed -n 's/.*Depends: \(linux-source-[0-9.]*\)$/\1/p')
    apt-get install -y -q --no-install-recommends "$package" rsync xz-utils
    rm -rf $programs $programs.new $programs.source
    mkdir -p $programs.new $programs.source
    cd $programs.source
    tar xf "/usr/src/$package.tar.xz" --strip-components=1 --wildcards '*/Makefile' '*/tools' '*/include' '*/scripts' \
        '*/arch/loongarch' '*/lib' '*/usr' '*/Kbuild' '*/Kconfig'
    "${make[@]}" headers_install
    "${make[@]}" -C tools/testing/selftests/kvm LDFLAGS='-static -pthread -no-pie' OUTPUT=$programs.new
    find $programs.new -type f ! -perm -100 -delete
    find $programs.new -type f -exec loongarch64-linux-gnu-strip {} +
    mv $programs.new/loongarch/* $programs.new/
    find $programs.new -mindepth 1 -depth -type d -empty -delete
    rm -r $programs.source
    mv $programs.new $programs
}

if [ ! -e "${root%/}$programs/guest_print_test" ]; then
    chroot "$root" bash -c "programs=$programs; $(declare -f build); build" >&2
fi
[ -x "$lakvm" ] || { echo "$0: build the program first: dotnet build -c Release src/LaKvm.Cli" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ $# -gt 0 ] || set -- $(cd "${root%/}$programs"; find . -maxdepth 1 -type f -printf '%P\n' | sort)

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
tar cf "$work/disk.tar" -C "$work" run -C "${root%/}$programs" "$@"
echo 'mkdir /t; tar x -f /dev/vda -C /t; sh /t/run' | "$lakvm" host --cpus "${CPUS:-2}" --memory "${MEMORY:-3G}" \
    --append quiet --drive "$work/disk.tar,snapshot" | sed -u 's/\r//; /^\[/d' | tee "$work/output"
[ "$(grep -c '^selftest .* [04] from' "$work/output")" = $# ] && ! grep -q '^selftest dmesg' "$work/output"
