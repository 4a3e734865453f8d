using LaKvm.Machine;

namespace LaKvm.Cli;

/// <summary>What a guest's serial port is connected to: its output is written here.</summary>
internal interface ITerminal : ISerialBackend
{
    /// <summary>
    /// Takes what the user typed and returns how many of the bytes it has taken; the rest is offered again later. Null
    /// while no guest listens: then the input waits.
    /// </summary>
    Func<ReadOnlySpan<byte>, int>? Input { get; set; }
}
