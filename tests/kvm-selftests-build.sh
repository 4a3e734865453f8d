#!/bin/bash
# Builds Linux's KVM selftests for LoongArch (static) from Debian's package of the kernel's source with the compilers that
# oracle/peers.sh installs, if that was not done before, and prints the directory that they are in. The first time takes root,
# the network, some two minutes and 2 GB.
# usage: kvm-selftests-build.sh
# env:   LAKVM_PEERS as for oracle/peers.sh
set -euo pipefail
cd "$(dirname "$0")/.."
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
echo "${root%/}$programs"
