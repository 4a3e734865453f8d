using LaKvm.Diagnostics;

namespace LaKvm.Cli;

/// <summary>How a machine's run ended.</summary>
internal enum GuestEnd
{
    /// <summary>The guest switched the machine off.</summary>
    PowerOff,

    /// <summary>The guest asked for a reset.</summary>
    Reset,

    /// <summary>The run was cancelled from outside.</summary>
    Stopped,
}

/// <summary>A machine from power-on to power-off or reset, whatever executes it.</summary>
internal interface IGuest : IDisposable
{
    /// <summary>
    /// What the guest has left for the program's caller, to be told when it switches the machine off.
    /// </summary>
    int ExitCode { get; }

    /// <summary>Runs the machine; returns when it has come to a standstill.</summary>
    GuestEnd Run(CancellationToken stop);
}

/// <summary>Builds a machine that is ready to run.</summary>
/// <exception cref="UserErrorException">A file does not hold what its option promises.</exception>
internal delegate IGuest GuestFactory(
    GuestOptions options, BootFiles files, GuestDevices devices, GuestObservers observers, GuestErrorLog errors,
    CancellationToken stop);
