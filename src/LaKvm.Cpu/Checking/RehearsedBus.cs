namespace LaKvm.Cpu;

/// <summary>A bus whose devices cannot be used twice.</summary>
internal sealed class RehearsedBus(ICoreBus bus, Rehearsal rehearsal) : ICoreBus
{
    /// <inheritdoc/>
    public bool Answers(ulong physicalAddress, int size) => bus.Answers(physicalAddress, size);

    /// <inheritdoc/>
    public ulong ReadMmio(ulong physicalAddress, int size)
    {
        rehearsal.Spoil();
        return bus.ReadMmio(physicalAddress, size);
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong physicalAddress, int size, ulong value)
    {
        rehearsal.Spoil();
        bus.WriteMmio(physicalAddress, size, value);
    }

    /// <inheritdoc/>
    public ulong ReadIocsr(int core, uint address, int size)
    {
        rehearsal.Spoil();
        return bus.ReadIocsr(core, address, size);
    }

    /// <inheritdoc/>
    public void WriteIocsr(int core, uint address, int size, ulong value)
    {
        rehearsal.Spoil();
        bus.WriteIocsr(core, address, size, value);
    }
}
