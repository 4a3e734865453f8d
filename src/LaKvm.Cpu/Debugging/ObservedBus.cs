namespace LaKvm.Cpu;

/// <summary>A bus whose accesses somebody sees.</summary>
internal sealed class ObservedBus(ICoreBus bus, Core core, ICoreObserver observer) : ICoreBus
{
    /// <inheritdoc/>
    public bool Answers(ulong physicalAddress, int size) => bus.Answers(physicalAddress, size);

    /// <inheritdoc/>
    public ulong ReadMmio(ulong physicalAddress, int size)
    {
        ulong value = bus.ReadMmio(physicalAddress, size);
        observer.DeviceAccessed(core, new(physicalAddress, size, value, IsWrite: false, IsIocsr: false));
        return value;
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong physicalAddress, int size, ulong value)
    {
        observer.DeviceAccessed(core, new(physicalAddress, size, value, IsWrite: true, IsIocsr: false));
        bus.WriteMmio(physicalAddress, size, value);
    }

    /// <inheritdoc/>
    public ulong ReadIocsr(int number, uint address, int size)
    {
        ulong value = bus.ReadIocsr(number, address, size);
        observer.DeviceAccessed(core, new(address, size, value, IsWrite: false, IsIocsr: true));
        return value;
    }

    /// <inheritdoc/>
    public void WriteIocsr(int number, uint address, int size, ulong value)
    {
        observer.DeviceAccessed(core, new(address, size, value, IsWrite: true, IsIocsr: true));
        bus.WriteIocsr(number, address, size, value);
    }
}
