namespace LaKvm.Running;

/// <summary>Where a machine is in its life, and who is told of it.</summary>
/// <param name="gate">Guards it.</param>
internal sealed class LifeState(object gate)
{
    private MachineState _now = MachineState.Created;
    private volatile MachineState _told = MachineState.Created;

    /// <summary>Tells each state that lasts.</summary>
    internal event Action<MachineState>? Changed;

    /// <summary>What it is now.</summary>
    internal MachineState Now
    {
        get
        {
            lock (gate)
            {
                return _now;
            }
        }
    }

    /// <summary>What was told last.</summary>
    internal MachineState Told => _told;

    /// <summary>Whether new states last no longer than somebody's work, and are told to nobody.</summary>
    internal bool IsHeld { get; set; }

    /// <summary>It changes.</summary>
    internal void Become(MachineState state)
    {
        lock (gate)
        {
            _now = state;
        }

        if (!IsHeld)
        {
            Tell(state);
        }
    }

    /// <summary>The state lasts after all.</summary>
    internal void Tell(MachineState state)
    {
        _told = state;
        Changed?.Invoke(state);
    }
}
