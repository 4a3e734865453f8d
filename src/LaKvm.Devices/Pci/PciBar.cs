namespace LaKvm.Devices;

/// <summary>
/// A memory range of a function, which software places with a base address register (PCI Local Bus 3.0, 6.2.5.1).
/// Guarded by the function's lock.
/// </summary>
/// <param name="index">Number of the register, 0 to 5; a wide one takes the next as well.</param>
/// <param name="size">Bytes, a power of two from 16 on.</param>
/// <param name="wide">It may lie above 4 GiB, and reading it has no side effects.</param>
/// <param name="registers">What answers there.</param>
public sealed class PciBar(int index, ulong size, bool wide, IBusDevice registers)
{
    private const uint Memory64Prefetchable = 0xc, Memory32 = 0;

    private BusWindow<IBusDevice>? _window;

    /// <summary>Number of the register.</summary>
    public int Index { get; } = index;

    /// <summary>Bytes.</summary>
    public ulong Size { get; } = size;

    /// <summary>What answers there.</summary>
    public IBusDevice Registers { get; } = registers;

    /// <summary>Widths of access that the registers take.</summary>
    public AccessWidths Widths { get; init; } = AccessWidths.All;

    private int Register => PciRegister.BaseAddress0 + (sizeof(uint) * Index);

    /// <summary>Makes the registers: software sees the size by which of the bits it can write.</summary>
    internal void Define(PciConfiguration configuration)
    {
        ulong mask = ~(Size - 1);
        configuration.Define(Register, sizeof(uint), wide ? Memory64Prefetchable : Memory32, (uint)mask);
        if (wide)
        {
            configuration.Define(Register + sizeof(uint), sizeof(uint), 0, (uint)(mask >> 32));
        }
    }

    /// <summary>
    /// Answers where the registers say, as long as the function decodes memory addresses. True if that has changed.
    /// </summary>
    internal bool Follow(PciConfiguration configuration, bool decodes, PciSpace space, string name)
    {
        ulong address = (configuration.Read(Register, sizeof(uint)) & ~(Size - 1))
            | (wide ? (ulong)configuration.Read(Register + sizeof(uint), sizeof(uint)) << 32 : 0);
        if (decodes == (_window != null) && (!decodes || _window!.Base == address))
        {
            return false;
        }

        if (!decodes)
        {
            space.Remove(_window!);
            _window = null;
        }
        else
        {
            _window = _window == null
                ? space.Place(name, address, this)
                : space.Move(_window, address);
        }

        return true;
    }

    /// <summary>Where processors see the range; null while they don't.</summary>
    internal ulong? CpuAddress(PciSpace space) =>
        _window is { } window ? space.CpuAddress(new RamRange(window.Base, Size)) : null;
}
