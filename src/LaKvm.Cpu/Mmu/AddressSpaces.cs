namespace LaKvm.Cpu;

/// <summary>
/// The software TLBs of PLV1 to PLV3 of one mode, for those of its address spaces that were in use last.
/// </summary>
internal sealed class AddressSpaces
{
    /// <summary>Address spaces that are kept, and tables of each.</summary>
    private const int Capacity = 8, Levels = 3;

    private const int None = -1;

    private readonly SoftTlbTable[] _tables = new SoftTlbTable[Capacity * Levels];
    private readonly int[] _asids = new int[Capacity];

    /// <summary>When each was selected last, in selections.</summary>
    private readonly long[] _selected = new long[Capacity];
    private long _selections;

    public AddressSpaces()
    {
        Array.Fill(_asids, None);
        for (int table = 0; table < _tables.Length; table++)
        {
            _tables[table] = new SoftTlbTable();
        }
    }

    /// <summary>The ASID that is in use.</summary>
    public int Current { get; private set; } = None;

    /// <summary>The tables of all address spaces.</summary>
    public ReadOnlySpan<SoftTlbTable> Tables => _tables;

    /// <summary>The tables of an address space; none if it is not kept.</summary>
    public ReadOnlySpan<SoftTlbTable> TablesOf(int asid)
    {
        int slot = Array.IndexOf(_asids, asid);
        return slot < 0 ? [] : TablesAt(slot);
    }

    /// <summary>
    /// Makes an address space the one in use, and returns its tables. If it is not kept they are empty, and those of
    /// the one that was not in use for longest are gone.
    /// </summary>
    public ReadOnlySpan<SoftTlbTable> Select(int asid)
    {
        int slot = Array.IndexOf(_asids, asid);
        if (slot < 0)
        {
            slot = Array.IndexOf(_selected, _selected.Min());
            foreach (SoftTlbTable table in TablesAt(slot))
            {
                table.Clear();
            }

            _asids[slot] = asid;
        }

        _selected[slot] = ++_selections;
        Current = asid;
        return TablesAt(slot);
    }

    private ReadOnlySpan<SoftTlbTable> TablesAt(int slot) => _tables.AsSpan(slot * Levels, Levels);
}
