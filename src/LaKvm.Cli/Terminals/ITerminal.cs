namespace LaKvm.Cli;

/// <summary>What a guest's serial port is connected to.</summary>
internal interface ITerminal
{
    /// <summary>Raised with what the user typed, in order, from one thread.</summary>
    event Action<ReadOnlyMemory<byte>>? Received;

    /// <summary>Shows what the guest sent. Called from any thread; waits only when the reader falls far behind.</summary>
    void Send(ReadOnlySpan<byte> bytes);
}
