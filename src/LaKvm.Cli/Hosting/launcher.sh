#!/bin/sh
# Starts lakvm-main beside it. The runtime opens its diagnostic socket and debugger pipes in TMPDIR before any code of ours
# runs: whoever may open them may command the process, and kill -9 leaves them behind. Only the environment keeps it from
# that. DOTNET_EnableDiagnostics=1 lakvm ... lets dotnet-trace and debuggers in.
self=$0
while [ -h "$self" ]; do
    target=$(readlink "$self")
    case $target in
        /*) self=$target ;;
        *) self=${self%/*}/$target ;;
    esac
done
export DOTNET_EnableDiagnostics="${DOTNET_EnableDiagnostics:-0}"
case $self in */*) ;; *) self=./$self ;; esac
exec "${self%/*}/lakvm-main" "$@"
