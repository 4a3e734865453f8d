#!/bin/bash
# Runs execution tests of GCC's own test suite, compiled for LoongArch, in the booted guest and under QEMU's user mode, and prints
# those whose exit statuses differ (137: it took too long) and how many agree. A test aborts where its result is wrong; some need
# what this compiler or C library lacks, so what counts is that both agree. Sources and compilers are Debian's; the first time
# takes root and the network.
# usage: gcc-testsuite.sh [FOLDER[:OPTIONS]]...   tests of that folder of gcc/testsuite, not of those in it; OPTIONS, with commas
#                                                 for blanks, go before a test's own. Without any: all of the list at the end
# env:   MACHINES ("lakvm run;lakvm host"), commands that boot the guest; ONLY, a pattern of names of files; MEMORY (2G);
#        JOBS, how many compilers run; SECONDS_EACH (60); LAKVM_PEERS as for oracle/peers.sh
set -euo pipefail
cd "$(dirname "$0")"
PATH=$(realpath ../src/LaKvm.Cli/bin/Release/net10.0/app):$PATH
root=$(oracle/peers.sh)
suite=/opt/gcc-testsuite
work=$(mktemp -d "${root%/}/tmp/gcc-testsuite.XXXXXX")
trap 'rm -rf "$work"' EXIT
inside() { chroot "$root" bash -c "set -euo pipefail; suite=$suite; cd '/${work#"${root%/}/"}'; $*"; }

unpack() {
    local package
    package=gcc-$(loongarch64-linux-gnu-gcc -dumpversion | cut -d. -f1)-source
    apt-get download -q "$package"
    dpkg-deb -x "$package"_*.deb source
    mkdir -p $suite.new
    tar xJf source/usr/src/gcc-*/gcc-*.tar.xz -C $suite.new --strip-components=3 --wildcards \
        '*/gcc/testsuite/gcc.*' '*/gcc/testsuite/g++.dg*' '*/gcc/testsuite/c-c++-common*'
    rm -r source "$package"_*.deb
    mv -T $suite.new $suite
}
[ -e "${root%/}$suite" ] || inside "$(declare -f unpack); unpack" >&2

# Where programs look for their libraries, in the guest as in the directory of compilers.
loader=/opt/loongarch/ld-linux-loongarch-lp64d.so.1

# Compiles a test into programs/NAME; one that cannot be compiled leaves nothing. Options that a test has for some processors
# only are not taken, nor those that write files.
compile() { # source name options
    local text words=${3-} word options=() more='' compiler=gcc
    words=${words//,/ }
    [[ $1 = *.c ]] || compiler=g++
    text=$(<"$1")
    [[ ! $text =~ \{\ *dg-additional-sources\ *\"?([^\"\}]*)\"?\ *\} ]] || more=${BASH_REMATCH[1]}
    while [[ $text =~ \{\ *dg-(additional-)?options\ *[\"\{]([^\"\}]*)[\"\}]\ *\} ]]; do
        words+=" ${BASH_REMATCH[2]}"
        text=${text#*"${BASH_REMATCH[0]}"}
    done
    for word in $words; do
        [[ $word = -fdump* || $word = -save-temps* ]] || options+=("$word")
    done
    # shellcheck disable=SC2086  # a list of words
    (cd "${1%/*}" && loongarch64-linux-gnu-$compiler -w -pipe "${options[@]}" "${1##*/}" $more -o "$programs/$2" -s -lm -latomic \
        -pthread -Wl,--disable-new-dtags,--dynamic-linker=$loader,-rpath,${loader%/*}) >/dev/null 2>&1 || true
}

# Calls a function for every line of standard input, a few at a time.
for_each() {
    local arguments running=0
    while read -ra arguments; do
        "$@" "${arguments[@]}" </dev/null &
        ((++running < jobs)) || wait -n || true
    done
    wait
}

compile_all() { # folders with options
    local item folder options
    programs=$PWD/programs
    mkdir programs
    ln -sfn /usr/loongarch64-linux-gnu/lib "${loader%/*}"
    for item; do
        folder=${item%%:*} options=${item#"$folder"} pattern='dg-do *run'
        [[ $folder != gcc.c-torture/execute* ]] || pattern=
        (cd "$suite" && grep -ls -e "$pattern" "$folder"/$only.[cC] || true) |
            while read -r source; do echo "$suite/$source" "${source//\//-}${options//,/}" "${options#:}"; done
    done >tests
    for_each compile <tests
}

run_one() { # name
    local status=0
    timeout -s KILL $seconds qemu-loongarch64 "$programs/$1" >/dev/null 2>&1 || status=$?
    echo "$1 $status"
}

run_in_qemu() {
    programs=$PWD/programs
    ulimit -c 0
    cd /tmp
    ls "$programs" | for_each run_one 2>/dev/null
}

run_in_guest() {
    cat >"$work/run" <<-END
	mkdir -p ${loader%/*} && mv /t/lib/* ${loader%/*} && cd /tmp
	for program in /t/programs/*; do
	    timeout -s KILL $seconds \$program >/dev/null 2>&1 </dev/null
	    echo "test \${program##*/} \$?"
	done
	dmesg | grep -E 'BUG|WARN|Oops|stall|hung'
	sleep 1; poweroff -f
	END
    mkdir -p "$work/lib"
    cp -L "${root%/}/usr/loongarch64-linux-gnu/lib/"{ld-linux-*,lib{c,m,gcc_s,stdc++,atomic}.so}.[0-9]* "$work/lib"
    tar cf "$work/disk.tar" -C "$work" run lib programs
    echo 'dmesg -n 1; mkdir /t; tar x -f /dev/vda -C /t; sh /t/run' |
        $1 --memory "${MEMORY:-2G}" --append quiet --drive "$work/disk.tar,snapshot" | sed 's/\r//'
}

[ $# -gt 0 ] || set -- gcc.dg gcc.dg/torture:-O2 gcc.c-torture/execute:-O0 gcc.c-torture/execute:-O1 gcc.c-torture/execute:-Os \
    gcc.c-torture/execute/ieee:-O0 gcc.c-torture/execute/ieee:-O2 g++.dg/torture:-O2
seconds=${SECONDS_EACH:-60}
functions="only='${ONLY:-*}' seconds=$seconds loader=$loader jobs=${JOBS:-$(nproc)}
    $(declare -f compile for_each compile_all run_one run_in_qemu)"
inside "$functions; compile_all $*" >&2
inside "$functions; run_in_qemu" | sort >"$work/expected"
result=0
while read -r -d ';' machine; do
    run_in_guest "$machine" >"$work/console"
    sed -n 's/^test //p' "$work/console" | sort >"$work/actual"
    grep -E 'BUG|WARN|Oops|stall|hung' "$work/console" || true
    comm -12 "$work/expected" "$work/actual" >"$work/same"
    echo "$machine: $(wc -l <"$work/tests") tests, $(wc -l <"$work/expected") compiled, $(wc -l <"$work/same") agree with QEMU," \
        "$(grep -c ' 0$' "$work/same") of them with success"
    diff "$work/expected" "$work/actual" || result=1
done <<<"${MACHINES:-lakvm run;lakvm host};"
exit $result
