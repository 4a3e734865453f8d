namespace LaKvm.Devices;

/// <summary>Where a device answers on a bus.</summary>
/// <param name="Name">For logs and errors.</param>
/// <param name="Base">First address.</param>
/// <param name="Size">Bytes, at least 1.</param>
/// <param name="Widths">Widths the device takes.</param>
/// <param name="Device">The device.</param>
public sealed record BusWindow<TDevice>(string Name, ulong Base, ulong Size, AccessWidths Widths, TDevice Device)
    : IAddressRange
{
    /// <summary>Windows with a lower number answer first.</summary>
    internal long Order { get; init; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} at 0x{Base:x}";

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
/// The windows of a bus. Those that the machine is built with are alone at their addresses; those that software places,
/// as it does with the base address registers of PCI, may lie anywhere, and answer where no window that came before
/// does.
/// </summary>
internal sealed class BusWindows<TDevice>
{
    private readonly AddressMap<BusWindow<TDevice>> _map = new();
    private long _count;

    /// <summary>All windows in order of address.</summary>
    internal IReadOnlyList<BusWindow<TDevice>> All => _map.All;

    /// <summary>Adds a window; an <paramref name="alone"/> one must not overlap another.</summary>
    internal BusWindow<TDevice> Add(BusWindow<TDevice> window, bool alone)
    {
        BusWindow<TDevice> added = Checked(window with { Order = Interlocked.Increment(ref _count) });
        _map.Add(added, alone);
        return added;
    }

    /// <summary>Puts a window elsewhere.</summary>
    internal BusWindow<TDevice> Move(BusWindow<TDevice> window, ulong address)
    {
        BusWindow<TDevice> moved = Checked(window with { Base = address });
        _map.Replace(window, moved);
        return moved;
    }

    /// <summary>Takes a window away; false if it is gone already.</summary>
    internal bool Remove(BusWindow<TDevice> window) => _map.Remove(window);

    /// <summary>The window that answers an address, or null.</summary>
    internal BusWindow<TDevice>? Find(ulong address)
    {
        BusWindow<TDevice>? first = null;
        foreach (BusWindow<TDevice> window in _map.At(address))
        {
            first = first == null || window.Order < first.Order ? window : first;
        }

        return first;
    }

    private static BusWindow<TDevice> Checked(BusWindow<TDevice> window) =>
        window.Size != 0 && window.Widths != 0 && window.Base + (window.Size - 1) >= window.Base
            ? window
            : throw new ArgumentException($"The bus window {window} is empty or runs over the end of the addresses.");
}
