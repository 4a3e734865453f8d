namespace LaKvm.Debugger;

/// <summary>What a machine has around its cores, as lines of text; to be asked while it is paused.</summary>
public sealed record MachineDumps
{
    /// <summary>Where RAM and devices are.</summary>
    public Func<IEnumerable<string>> MemoryMap { get; init; } = () => [];

    /// <summary>KVM's memory slots; none where this is no virtual machine.</summary>
    public Func<IEnumerable<string>> MemorySlots { get; init; } = () => [];

    /// <summary>Interrupt controllers: pins, vectors, routes, IPIs.</summary>
    public Func<IEnumerable<string>> Interrupts { get; init; } = () => [];
}
