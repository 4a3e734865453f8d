namespace LaKvm.Hypervisor;

/// <summary>
/// Entries of an address space, by address, in a table for every 2048 pages in use (32 MiB with pages of 16 KiB):
/// reserving addresses costs nothing. Written under the address space's lock, read without.
/// </summary>
internal sealed class HostPageTable
{
    private const int LeafBits = 11, MiddleBits = 11;

    private readonly int _pageShift;
    private readonly HostPte[]?[]?[] _root;

    /// <summary>An empty table of all user addresses.</summary>
    internal HostPageTable(int pageShift)
    {
        _pageShift = pageShift;
        _root = new HostPte[]?[]?[HostAddressSpace.UserEnd >> (pageShift + LeafBits + MiddleBits)];
    }

    /// <summary>Bytes of a page.</summary>
    internal ulong PageSize => 1UL << _pageShift;

    private ulong MiddleSpan => LeafSpan << MiddleBits;

    private ulong LeafSpan => 1UL << (_pageShift + LeafBits);

    /// <summary>The entry of the page that holds an address.</summary>
    internal HostPte this[ulong address]
    {
        get => Leaf(address) is { } leaf ? (HostPte)Volatile.Read(ref AsNumber(ref leaf[IndexOf(address)]))
            : HostPte.None;
        set
        {
            if (value != HostPte.None || Leaf(address) != null)
            {
                Volatile.Write(ref AsNumber(ref MakeLeaf(address)[IndexOf(address)]), (ulong)value);
            }
        }
    }

    /// <summary>
    /// Goes on to the first page at or behind <paramref name="address"/> that has an entry, and is below
    /// <paramref name="end"/>; false if there is none.
    /// </summary>
    internal bool Next(ref ulong address, ulong end)
    {
        while (address < end)
        {
            if (_root[RootIndexOf(address)] == null)
            {
                address = (address & ~(MiddleSpan - 1)) + MiddleSpan;
            }
            else if (Leaf(address) is not { } leaf)
            {
                address = (address & ~(LeafSpan - 1)) + LeafSpan;
            }
            else if (leaf[IndexOf(address)] != HostPte.None)
            {
                return true;
            }
            else
            {
                address += PageSize;
            }
        }

        return false;
    }

    /// <summary>Gives back the tables that lie in a range whose entries are all gone.</summary>
    internal void Prune(ulong start, ulong end)
    {
        for (ulong at = (start + LeafSpan - 1) & ~(LeafSpan - 1); at + LeafSpan <= end; at += LeafSpan)
        {
            if (_root[RootIndexOf(at)] is { } middle)
            {
                Volatile.Write(ref middle[MiddleIndexOf(at)], null);
            }
            else
            {
                at = (at | (MiddleSpan - 1)) + 1 - LeafSpan; // nothing there
            }
        }
    }

    private static ref ulong AsNumber(ref HostPte pte) =>
        ref System.Runtime.CompilerServices.Unsafe.As<HostPte, ulong>(ref pte);

    private HostPte[]? Leaf(ulong address) =>
        Volatile.Read(ref _root[RootIndexOf(address)]) is { } middle ? Volatile.Read(ref middle[MiddleIndexOf(address)])
            : null;

    private HostPte[] MakeLeaf(ulong address)
    {
        ref HostPte[]?[]? middle = ref _root[RootIndexOf(address)];
        if (middle == null)
        {
            Volatile.Write(ref middle, new HostPte[]?[1 << MiddleBits]);
        }

        ref HostPte[]? leaf = ref middle![MiddleIndexOf(address)];
        if (leaf == null)
        {
            Volatile.Write(ref leaf, new HostPte[1 << LeafBits]);
        }

        return leaf!;
    }

    private int IndexOf(ulong address) => (int)(address >> _pageShift) & ((1 << LeafBits) - 1);

    private int MiddleIndexOf(ulong address) => (int)(address >> (_pageShift + LeafBits)) & ((1 << MiddleBits) - 1);

    private int RootIndexOf(ulong address) => (int)(address >> (_pageShift + LeafBits + MiddleBits));
}
