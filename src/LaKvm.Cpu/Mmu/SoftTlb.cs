namespace LaKvm.Cpu;

/// <summary>
/// The software TLBs of a core: one table for each privilege level and one for direct-address mode, for root mode and
/// for the guest. Those of PLV1 to PLV3 are kept for some address spaces (ASIDs), so that what changes to and fro
/// between programs finds them filled. PLV0, where most pages are there in all address spaces, has one table, which
/// loses the others.
/// </summary>
internal sealed unsafe class SoftTlb : IDisposable
{
    /// <summary>Tables of one mode: PLV0 to PLV3, then direct-address mode.</summary>
    public const int TablesPerMode = 5, DirectTable = 4;

    /// <summary>In place of an ASID: all address spaces.</summary>
    public const int AllSpaces = -1;

    private const int Modes = 2;

    private readonly AddressSpaces[] _spaces = [new(), new()];

    /// <summary>The tables of both modes that are in use.</summary>
    private readonly SoftTlbTable[] _tables = new SoftTlbTable[Modes * TablesPerMode];

    private readonly SoftTlbTable[] _all;

    public SoftTlb()
    {
        List<SoftTlbTable> all = [.. _spaces[0].Tables, .. _spaces[1].Tables];
        for (int vm = 0; vm < Modes; vm++)
        {
            all.Add(_tables[vm * TablesPerMode] = new SoftTlbTable());
            all.Add(_tables[(vm * TablesPerMode) + DirectTable] = new SoftTlbTable());
            UseTablesOf(vm, asid: 0);
        }

        _all = [.. all];
    }

    public static int TableOf(int vm, int plv, bool direct) => (vm * TablesPerMode) + (direct ? DirectTable : plv);

    public SoftTlbEntry* Table(int table) => _tables[table].Entries;

    /// <summary>Installs a page; see <see cref="SoftTlbTable.Fill"/>.</summary>
    public void Fill(int table, ulong va, byte* host, bool read, bool write, bool execute, bool local) =>
        _tables[table].Fill(va, host, read, write, execute, local);

    /// <summary>Changes the address space of root (0) or guest (1) mode.</summary>
    public void Select(int vm, int asid)
    {
        if (_spaces[vm].Current != asid)
        {
            _tables[vm * TablesPerMode].ClearLocal();
            UseTablesOf(vm, asid);
        }
    }

    /// <summary>Zeroes the engine's words of all tables.</summary>
    public void ClearEngineWords()
    {
        foreach (SoftTlbTable table in _all)
        {
            table.ClearEngineWords();
        }
    }

    /// <summary>Drops everything.</summary>
    public void Clear()
    {
        foreach (SoftTlbTable table in _all)
        {
            table.Clear();
        }
    }

    /// <summary>Drops everything and returns to address space 0 in both modes.</summary>
    public void Reset()
    {
        FlushMode(0);
        FlushMode(1);
        Select(0, 0);
        Select(1, 0);
        _tables[DirectTable].Clear();
    }

    /// <summary>Drops everything that depends on translation in root (0) or guest (1) mode.</summary>
    public void FlushMode(int vm)
    {
        _tables[vm * TablesPerMode].Clear();
        foreach (SoftTlbTable table in _spaces[vm].Tables)
        {
            table.Clear();
        }

        // Direct-address mode does not depend on TLB, ASID and DMW - except in the guest, where stage 2 is below it.
        if (vm == 1)
        {
            _tables[TablesPerMode + DirectTable].Clear();
        }
    }

    /// <summary>
    /// Drops the pages of a virtual range of one mode in one address space, or in <see cref="AllSpaces"/>;
    /// <paramref name="va"/> is page aligned.
    /// </summary>
    public void FlushRange(int vm, int asid, ulong va, ulong length)
    {
        if (length > 64 * 4096)
        {
            FlushMode(vm);
            return;
        }

        if (asid == AllSpaces || asid == _spaces[vm].Current)
        {
            _tables[vm * TablesPerMode].Drop(va, length, asid != AllSpaces);
        }

        foreach (SoftTlbTable table in asid == AllSpaces ? _spaces[vm].Tables : _spaces[vm].TablesOf(asid))
        {
            table.Drop(va, length, asid != AllSpaces);
        }
    }

    /// <summary>
    /// Makes stores to a page that now holds decoded code take the slow path. True if a store could have been under
    /// way.
    /// </summary>
    public bool ProtectCode(byte* host)
    {
        bool found = false;
        foreach (SoftTlbTable table in _all)
        {
            found |= table.Protect(host);
        }

        return found;
    }

    public void Dispose()
    {
        foreach (SoftTlbTable table in _all)
        {
            table.Dispose();
        }
    }

    private void UseTablesOf(int vm, int asid) =>
        _spaces[vm].Select(asid).CopyTo(_tables.AsSpan((vm * TablesPerMode) + 1));
}
