using LaKvm.Diagnostics;

namespace LaKvm.Devices;

/// <summary>The IOCSR space of all cores; the rules of <see cref="MmioBus"/> apply.</summary>
/// <param name="log">Where misdirected accesses are reported.</param>
public sealed class IocsrBus(GuestErrorLog log)
{
    private readonly BusWindows<IIocsrDevice> _windows = new();

    /// <summary>All windows in order of address.</summary>
    public IReadOnlyList<BusWindow<IIocsrDevice>> Windows => _windows.All;

    /// <summary>Adds a device.</summary>
    /// <exception cref="ArgumentException">The window is empty or overlaps another one.</exception>
    public void Map(string name, uint address, uint size, AccessWidths widths, IIocsrDevice device) =>
        _windows.Add(new BusWindow<IIocsrDevice>(name, address, size, widths, device), alone: true);

    /// <summary>iocsrrd of 1, 2, 4 or 8 bytes by <paramref name="core"/>, zero-extended.</summary>
    public ulong Read(int core, uint address, int size)
    {
        BusWindow<IIocsrDevice>? window = _windows.Find(address);
        uint offset = address - (uint)(window?.Base ?? 0);
        int width = window?.AccessWidth(offset, size) ?? 0;
        if (width == 0)
        {
            log.ReportNoAnswer("IOCSR read", window, address, size);
            return 0;
        }

        ulong value = 0;
        for (int done = 0; done < size; done += width)
        {
            value |= Bits.Low(window!.Device.Read(core, offset + (uint)done, width), width) << (8 * done);
        }

        return value;
    }

    /// <summary>iocsrwr of the low 1, 2, 4 or 8 bytes of a value by <paramref name="core"/>.</summary>
    public void Write(int core, uint address, int size, ulong value)
    {
        BusWindow<IIocsrDevice>? window = _windows.Find(address);
        uint offset = address - (uint)(window?.Base ?? 0);
        int width = window?.AccessWidth(offset, size) ?? 0;
        if (width == 0)
        {
            log.ReportNoAnswer("IOCSR write", window, address, size);
            return;
        }

        for (int done = 0; done < size; done += width)
        {
            window!.Device.Write(core, offset + (uint)done, width, Bits.Low(value >> (8 * done), width));
        }
    }
}
