namespace LaKvm.Debugger;

/// <summary>What a session has to deal with, one after another.</summary>
internal enum SessionEventKind
{
    /// <summary>A packet has come.</summary>
    Packet,

    /// <summary>Ctrl-C.</summary>
    Interrupt,

    /// <summary>The machine's state has changed.</summary>
    MachineChanged,

    /// <summary>A step has ended.</summary>
    StepEnded,

    /// <summary>The process ends; the packet is the exit code.</summary>
    Finished,

    /// <summary>The debugger has gone.</summary>
    Gone,
}

/// <summary>An event with its data, bytes as characters of the same number.</summary>
internal readonly record struct SessionEvent(SessionEventKind Kind, string Data = "");
