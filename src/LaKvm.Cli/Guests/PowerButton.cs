using LaKvm.Running;

namespace LaKvm.Cli;

/// <summary>What a press of the power button has done.</summary>
internal enum PowerPress
{
    /// <summary>The guest is asked to shut down.</summary>
    Heard,

    /// <summary>Nothing: no kernel listens, or the machine does not run.</summary>
    Unheard,

    /// <summary>Nothing: the guest has been asked before.</summary>
    Repeated,
}

/// <summary>The power button of the machine that runs now.</summary>
internal sealed class PowerButton
{
    private readonly Lock _lock = new();
    private IGuest? _guest;
    private bool _isPressed;

    /// <summary>Leads to another machine, or to none.</summary>
    internal void Attach(IGuest? guest)
    {
        lock (_lock)
        {
            (_guest, _isPressed) = (guest, false);
        }
    }

    /// <summary>Asks the guest to shut down, once.</summary>
    internal PowerPress Press()
    {
        lock (_lock)
        {
            return _isPressed ? PowerPress.Repeated : PressAgain() ? PowerPress.Heard : PowerPress.Unheard;
        }
    }

    /// <summary>
    /// Asks once more: the kernel listens before those of its programs do that shut down, and forgets what they miss.
    /// </summary>
    internal bool PressAgain()
    {
        lock (_lock)
        {
            return _isPressed = _guest is { Life.State: MachineState.Running } guest && guest.PressPowerButton();
        }
    }
}
