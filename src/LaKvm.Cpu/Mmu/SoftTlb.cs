using System.Runtime.InteropServices;

namespace LaKvm.Cpu;

/// <summary>
/// The software TLBs of a core: one table for each privilege level and one for direct-address mode, for root mode and
/// for the guest. Behind each table lies one word per entry for the engine (<see cref="EngineWords"/>).
/// </summary>
internal sealed unsafe class SoftTlb : IDisposable
{
    /// <summary>Tables of one mode: PLV0 to PLV3, then direct-address mode.</summary>
    public const int TablesPerMode = 5, DirectTable = 4;

    private const int Tables = 2 * TablesPerMode;
    private const int Entries = CpuState.SoftTlbEntries;
    private const nuint TableBytes = (nuint)Entries * (32 + 8);
    private const ulong PageMask = 0xfff;

    private readonly byte* _memory = (byte*)NativeMemory.AlignedAlloc(TableBytes * Tables, 64);
    private readonly bool[] _used = new bool[Tables];

    public SoftTlb()
    {
        Array.Fill(_used, true);
        FlushAll();
    }

    public static int TableOf(int vm, int plv, bool direct) => (vm * TablesPerMode) + (direct ? DirectTable : plv);

    public SoftTlbEntry* Table(int table) => (SoftTlbEntry*)(_memory + ((nuint)table * TableBytes));

    /// <summary>The engine's words of a table, index as in the table; zeroed whenever the entry changes.</summary>
    public static nint* EngineWords(SoftTlbEntry* table) => (nint*)(table + Entries);

    /// <summary>Installs a page. <paramref name="host"/> is the page's first byte.</summary>
    public void Fill(int table, ulong va, byte* host, bool read, bool write, bool execute)
    {
        _used[table] = true;
        ulong page = va & ~PageMask;
        int index = (int)(va >> 12) & (Entries - 1);
        SoftTlbEntry* entry = Table(table) + index;
        entry->ReadTag = read ? page : SoftTlbEntry.NoMatch;
        entry->WriteTag = write ? page : SoftTlbEntry.NoMatch;
        entry->ExecuteTag = execute ? page : SoftTlbEntry.NoMatch;
        entry->Addend = (nint)((ulong)host - page);
        EngineWords(Table(table))[index] = 0;
    }

    /// <summary>Zeroes the engine's words of all tables.</summary>
    public void ClearEngineWords()
    {
        for (int table = 0; table < Tables; table++)
        {
            NativeMemory.Clear(EngineWords(Table(table)), (nuint)(Entries * sizeof(nint)));
        }
    }

    public void FlushAll()
    {
        for (int table = 0; table < Tables; table++)
        {
            Flush(table);
        }
    }

    /// <summary>Drops everything that depends on translation in root (0) or guest (1) mode.</summary>
    public void FlushMode(int vm)
    {
        for (int table = vm * TablesPerMode; table < (vm + 1) * TablesPerMode; table++)
        {
            // Direct-address mode does not depend on TLB, ASID and DMW - except in the guest, where stage 2 is below it.
            if (vm == 1 || table != DirectTable)
            {
                Flush(table);
            }
        }
    }

    /// <summary>Drops the pages of a virtual range of one mode; <paramref name="va"/> is page aligned.</summary>
    public void FlushRange(int vm, ulong va, ulong length)
    {
        if (length > 64 * 4096)
        {
            FlushMode(vm);
            return;
        }

        for (int table = vm * TablesPerMode; table < (vm * TablesPerMode) + DirectTable; table++)
        {
            if (_used[table])
            {
                for (ulong offset = 0; offset < length; offset += 4096)
                {
                    DropPage(table, va + offset);
                }
            }
        }
    }

    /// <summary>
    /// Makes stores to a page that now holds decoded code take the slow path. True if a store could have been under way.
    /// </summary>
    public bool ProtectCode(byte* host)
    {
        bool found = false;
        for (int table = 0; table < Tables; table++)
        {
            if (!_used[table])
            {
                continue;
            }

            SoftTlbEntry* entry = Table(table);
            for (SoftTlbEntry* end = entry + Entries; entry < end; entry++)
            {
                if (entry->WriteTag != SoftTlbEntry.NoMatch && entry->WriteTag + (ulong)entry->Addend == (ulong)host)
                {
                    entry->WriteTag = SoftTlbEntry.NoMatch;
                    found = true;
                }
            }
        }

        return found;
    }

    public void Dispose() => NativeMemory.AlignedFree(_memory);

    private void Flush(int table)
    {
        if (!_used[table])
        {
            return;
        }

        _used[table] = false;
        SoftTlbEntry* entry = Table(table);
        for (SoftTlbEntry* end = entry + Entries; entry < end; entry++)
        {
            entry->ReadTag = entry->WriteTag = entry->ExecuteTag = SoftTlbEntry.NoMatch;
        }

        NativeMemory.Clear(EngineWords(Table(table)), (nuint)(Entries * sizeof(nint)));
    }

    private void DropPage(int table, ulong page)
    {
        int index = (int)(page >> 12) & (Entries - 1);
        SoftTlbEntry* entry = Table(table) + index;
        if (entry->ReadTag == page || entry->WriteTag == page || entry->ExecuteTag == page)
        {
            entry->ReadTag = entry->WriteTag = entry->ExecuteTag = SoftTlbEntry.NoMatch;
            EngineWords(Table(table))[index] = 0;
        }
    }
}
