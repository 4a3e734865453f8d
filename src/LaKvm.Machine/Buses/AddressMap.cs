namespace LaKvm.Machine;

/// <summary>Where a device answers on a bus.</summary>
/// <param name="Name">For logs and errors.</param>
/// <param name="Base">First address.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Widths">Widths the device takes.</param>
/// <param name="Device">The device.</param>
public sealed record BusWindow<TDevice>(string Name, ulong Base, ulong Size, AccessWidths Widths, TDevice Device)
{
    /// <summary>
    /// The widest access this window makes for <paramref name="size"/> bytes at <paramref name="offset"/>: declared,
    /// aligned and not wider than asked. 0 if there is none, or if the access runs over the window's end.
    /// </summary>
    internal int AccessWidth(ulong offset, int size)
    {
        if (Size - offset < (ulong)size)
        {
            return 0;
        }

        int width = size;
        while (width > 0 && (((int)Widths & width) == 0 || (offset & (ulong)(width - 1)) != 0))
        {
            width >>= 1;
        }

        return width;
    }
}

/// <summary>
/// The windows of a bus, sorted. Adding happens while the machine is built; looking up is lock-free from any thread,
/// because every addition publishes a new array.
/// </summary>
internal sealed class AddressMap<TDevice>
{
    private BusWindow<TDevice>[] _windows = [];

    internal IReadOnlyList<BusWindow<TDevice>> Windows => _windows;

    internal void Add(BusWindow<TDevice> window)
    {
        if (window.Size == 0 || window.Base + (window.Size - 1) < window.Base || window.Widths == 0)
        {
            throw new ArgumentException($"The bus window of {window.Name} is empty or runs over the address space.");
        }

        foreach (BusWindow<TDevice> other in _windows)
        {
            if (window.Base - other.Base < other.Size || other.Base - window.Base < window.Size)
            {
                throw new ArgumentException(
                    $"{window.Name} at 0x{window.Base:x} overlaps {other.Name} at 0x{other.Base:x}.");
            }
        }

        Volatile.Write(ref _windows, [.. _windows.Append(window).OrderBy(w => w.Base)]);
    }

    internal BusWindow<TDevice>? Find(ulong address)
    {
        BusWindow<TDevice>[] windows = Volatile.Read(ref _windows);
        int low = 0;
        int high = windows.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            BusWindow<TDevice> window = windows[middle];
            if (address - window.Base < window.Size)
            {
                return window;
            }

            if (address < window.Base)
            {
                high = middle - 1;
            }
            else
            {
                low = middle + 1;
            }
        }

        return null;
    }
}
