namespace LaKvm.Machine;

/// <summary>
/// The physical addresses that are not RAM. An access wider than a device takes, or not aligned, is made in the largest
/// pieces the device does take; what no device takes reads as 0, is dropped when written, and is logged.
/// </summary>
/// <param name="log">Where misdirected accesses are reported.</param>
public sealed class MmioBus(GuestErrorLog log)
{
    private readonly AddressMap<IBusDevice> _map = new();

    /// <summary>All windows in order of address.</summary>
    public IReadOnlyList<BusWindow<IBusDevice>> Windows => _map.Windows;

    /// <summary>Adds a device.</summary>
    /// <exception cref="ArgumentException">The window is empty or overlaps another one.</exception>
    public void Map(string name, ulong address, ulong size, AccessWidths widths, IBusDevice device) =>
        _map.Add(new BusWindow<IBusDevice>(name, address, size, widths, device));

    /// <summary>Reads 1, 2, 4 or 8 bytes, zero-extended.</summary>
    public ulong Read(ulong address, int size)
    {
        BusWindow<IBusDevice>? window = _map.Find(address);
        ulong offset = address - (window?.Base ?? 0);
        int width = window?.AccessWidth(offset, size) ?? 0;
        if (width == 0)
        {
            log.Report("MMIO read", window?.Name, address, size);
            return 0;
        }

        ulong value = 0;
        for (int done = 0; done < size; done += width)
        {
            value |= Bits.Low(window!.Device.Read(offset + (ulong)done, width), width) << (8 * done);
        }

        return value;
    }

    /// <summary>Writes the low 1, 2, 4 or 8 bytes of a value.</summary>
    public void Write(ulong address, int size, ulong value)
    {
        BusWindow<IBusDevice>? window = _map.Find(address);
        ulong offset = address - (window?.Base ?? 0);
        int width = window?.AccessWidth(offset, size) ?? 0;
        if (width == 0)
        {
            log.Report("MMIO write", window?.Name, address, size);
            return;
        }

        for (int done = 0; done < size; done += width)
        {
            window!.Device.Write(offset + (ulong)done, width, Bits.Low(value >> (8 * done), width));
        }
    }
}
