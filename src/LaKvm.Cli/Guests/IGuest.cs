using LaKvm.Debugger;
using LaKvm.Diagnostics;
using LaKvm.Running;

namespace LaKvm.Cli;

/// <summary>A machine from power-on to power-off or reset, whatever executes it.</summary>
internal interface IGuest : IDisposable
{
    /// <summary>
    /// What the guest has left for the program's caller, to be told when it switches the machine off.
    /// </summary>
    int ExitCode { get; }

    /// <summary>What may be asked of the machine while it runs.</summary>
    IMachineLife Life { get; }

    /// <summary>Presses the machine's power button.</summary>
    /// <returns>Whether software listens to it.</returns>
    bool PressPowerButton();

    /// <summary>The machine as debuggers and commands see it, made when the first of them asks.</summary>
    IDebugMachine DebugView { get; }

    /// <summary>Runs the machine; returns when it has come to a standstill.</summary>
    MachineEnd Run(CancellationToken stop);
}

/// <summary>Builds a machine that is ready to run.</summary>
/// <exception cref="UserErrorException">A file does not hold what its option promises.</exception>
internal delegate IGuest GuestFactory(
    GuestOptions options, BootFiles files, GuestDevices devices, GuestObservers observers, GuestErrorLog errors,
    CancellationToken stop);
