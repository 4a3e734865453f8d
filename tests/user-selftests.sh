#!/bin/bash
# Runs Linux's KVM selftests for LoongArch against our hypervisor with "lakvm user", and prints a line for each: its result (0
# passed, 4 skipped) and its time. kvm-selftests-build.sh builds them; they are not changed in any way.
# usage: user-selftests.sh [TEST...]     a short set if none is given; a test may have arguments: "dirty_log_test -i 3"
# env:   CPUS (2), ENGINE (translator), SECONDS_EACH (60); LAKVM, the program; LAKVM_PEERS as for oracle/peers.sh
set -uo pipefail
cd "$(dirname "$0")/.."
lakvm=${LAKVM:-$PWD/src/LaKvm.Cli/bin/Release/net10.0/app/lakvm}
selftests=$(tests/kvm-selftests-build.sh | tail -n 1) || exit 1
[ -x "$lakvm" ] || { echo "$0: build the program first: dotnet build -c Release src/LaKvm.Cli" >&2; exit 1; }
output=$(mktemp)
trap 'rm -f "$output"' EXIT
[ $# -gt 0 ] || set -- "arch_timer -n 1 -i 1" coalesced_io_test "demand_paging_test -b 16M" "dirty_log_test -i 3" \
    guest_print_test kvm_binary_stats_test kvm_create_max_vcpus pmu_test set_memory_region_test steal_time
failed=0
for test in "$@"; do
    begin=$(date +%s.%N)
    # shellcheck disable=SC2086  # a test with its arguments
    timeout "${SECONDS_EACH:-60}" "$lakvm" user --cpus "${CPUS:-2}" --engine "${ENGINE:-translator}" "$selftests/"$test \
        >"$output" 2>&1 </dev/null
    result=$?
    [ $result = 0 ] || [ $result = 4 ] || { tail -n 20 "$output"; failed=1; }
    printf 'selftest %s: %s in %.1f s\n' "$test" $result "$(echo "$(date +%s.%N) - $begin" | bc)"
done
exit $failed
