using System.Diagnostics.CodeAnalysis;
using LaKvm.Diagnostics;

namespace LaKvm.Devices;

/// <summary>
/// The physical addresses that are not RAM. An access wider than a device takes, or not aligned, is made in the largest
/// pieces the device does take. What no device takes is logged: <see cref="Answers"/> says so to whoever can tell the
/// program, and for all others it reads as 0 and is dropped when written. An access may reach a device whose window has
/// just moved or gone.
/// </summary>
/// <param name="log">Where misdirected accesses are reported.</param>
public sealed class MmioBus(GuestErrorLog log)
{
    private readonly BusWindows<IBusDevice> _windows = new();

    /// <summary>All windows in order of address.</summary>
    public IReadOnlyList<BusWindow<IBusDevice>> Windows => _windows.All;

    /// <summary>Adds a device that stays where it is.</summary>
    /// <exception cref="ArgumentException">The window is empty or overlaps another one.</exception>
    public void Map(string name, ulong address, ulong size, AccessWidths widths, IBusDevice device) =>
        _windows.Add(new BusWindow<IBusDevice>(name, address, size, widths, device), alone: true);

    /// <summary>
    /// Adds a window that software has placed, as with a base address register of PCI, and that it may move or take
    /// away. It may lie on others; at an address that is in several the window that was added first answers.
    /// </summary>
    /// <exception cref="ArgumentException">The window is empty or runs over the end of the addresses.</exception>
    public BusWindow<IBusDevice> Place(
        string name, ulong address, ulong size, AccessWidths widths, IBusDevice device) =>
        _windows.Add(new BusWindow<IBusDevice>(name, address, size, widths, device), alone: false);

    /// <summary>Puts a placed window elsewhere, and returns what it is then.</summary>
    /// <exception cref="ArgumentException">
    /// The window is not there, or would run over the end of the addresses; it stays where it is.
    /// </exception>
    public BusWindow<IBusDevice> Move(BusWindow<IBusDevice> window, ulong address) => _windows.Move(window, address);

    /// <summary>Takes a placed window away; false if it is gone already.</summary>
    public bool Remove(BusWindow<IBusDevice> window) => _windows.Remove(window);

    /// <summary>Whether a device takes an access of 1, 2, 4 or 8 bytes; one that none takes is logged.</summary>
    public bool Answers(ulong address, int size)
    {
        BusWindow<IBusDevice>? window = _windows.Find(address);
        bool answers = window != null && window.AccessWidth(address - window.Base, size) != 0;
        if (!answers)
        {
            log.ReportNoAnswer("MMIO access", window, address, size);
        }

        return answers;
    }

    /// <summary>Reads 1, 2, 4 or 8 bytes, zero-extended.</summary>
    public ulong Read(ulong address, int size)
    {
        if (!TryRead(address, size, out ulong value))
        {
            log.ReportNoAnswer("MMIO read", _windows.Find(address), address, size);
        }

        return value;
    }

    /// <summary>Writes the low 1, 2, 4 or 8 bytes of a value.</summary>
    public void Write(ulong address, int size, ulong value)
    {
        if (!TryWrite(address, size, value))
        {
            log.ReportNoAnswer("MMIO write", _windows.Find(address), address, size);
        }
    }

    /// <summary>As <see cref="Read"/>, but says whether a device takes the access, and logs nothing.</summary>
    internal bool TryRead(ulong address, int size, out ulong value)
    {
        value = 0;
        if (!TryFind(address, size, out BusWindow<IBusDevice>? window, out ulong offset, out int width))
        {
            return false;
        }

        for (int done = 0; done < size; done += width)
        {
            value |= Bits.Low(window.Device.Read(offset + (ulong)done, width), width) << (8 * done);
        }

        return true;
    }

    /// <summary>As <see cref="Write"/>, but says whether a device takes the access, and logs nothing.</summary>
    internal bool TryWrite(ulong address, int size, ulong value)
    {
        if (!TryFind(address, size, out BusWindow<IBusDevice>? window, out ulong offset, out int width))
        {
            return false;
        }

        for (int done = 0; done < size; done += width)
        {
            window.Device.Write(offset + (ulong)done, width, Bits.Low(value >> (8 * done), width));
        }

        return true;
    }

    private bool TryFind(
        ulong address, int size, [NotNullWhen(true)] out BusWindow<IBusDevice>? window, out ulong offset, out int width)
    {
        window = _windows.Find(address);
        offset = address - (window?.Base ?? 0);
        width = window?.AccessWidth(offset, size) ?? 0;
        return width != 0;
    }
}
