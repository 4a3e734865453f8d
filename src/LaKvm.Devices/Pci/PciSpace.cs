using LaKvm.Diagnostics;

namespace LaKvm.Devices;

/// <summary>
/// An address space of the PCI bus, memory or I/O: functions answer where software has put their base address
/// registers, and processors look into it through one window of the board. Where no function answers, reads are all
/// ones and writes go nowhere, as a bus does that nobody drives.
/// </summary>
public sealed class PciSpace
{
    private readonly MmioBus _bus = new(GuestErrorLog.Silent);
    private RamRange _window;
    private ulong _cpuAddress;

    /// <summary>Opens the processors' window.</summary>
    /// <param name="cpuAddress">Physical address of its first byte.</param>
    /// <param name="window">The addresses of the bus that are seen in it.</param>
    internal IBusDevice Open(ulong cpuAddress, RamRange window)
    {
        (_cpuAddress, _window) = (cpuAddress, window);
        return new Window(_bus, window.Base);
    }

    /// <summary>Where processors see a range of the bus; null if they don't see all of it.</summary>
    internal ulong? CpuAddress(RamRange range) =>
        _window.Contains(range) ? range.Base - _window.Base + _cpuAddress : null;

    /// <summary>A function answers at an address from now on.</summary>
    internal BusWindow<IBusDevice> Place(string name, ulong address, PciBar bar) =>
        _bus.Place(name, address, bar.Size, bar.Widths, bar.Registers);

    /// <summary>A function answers somewhere else.</summary>
    internal BusWindow<IBusDevice> Move(BusWindow<IBusDevice> window, ulong address) => _bus.Move(window, address);

    /// <summary>A function answers no longer.</summary>
    internal void Remove(BusWindow<IBusDevice> window) => _bus.Remove(window);

    private sealed class Window(MmioBus bus, ulong start) : IBusDevice
    {
        public ulong Read(ulong offset, int size) =>
            bus.TryRead(start + offset, size, out ulong value) ? value : ulong.MaxValue;

        public void Write(ulong offset, int size, ulong value) => bus.TryWrite(start + offset, size, value);
    }
}
