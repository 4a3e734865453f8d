using System.Runtime.CompilerServices;
using LaKvm.Memory;

namespace LaKvm.Hypervisor;

/// <summary>
/// Guest-physical to host-physical page tables in host memory, in the format that LDDIR and LDPTE walk. A core may walk
/// them at any time, so that every entry is read and written as one 64-bit value and a table is filled before it is
/// linked. Changes happen under the VM's MMU lock.
/// </summary>
public sealed unsafe class GpaPageTable : IDisposable
{
    private readonly HostPages _pages;
    private readonly ulong[] _invalid;

    /// <summary>Makes an empty table.</summary>
    /// <exception cref="MemoryExhaustedException">The host has no page left.</exception>
    public GpaPageTable(HostPages pages, GpaTableGeometry geometry)
    {
        _pages = pages;
        Geometry = geometry;
        _invalid = new ulong[geometry.Levels + 1];
        for (int level = 0; level < geometry.Levels; level++)
        {
            // Entry value "nothing" of the next level up: a table that leads nowhere, down to a page of zero entries,
            // so that the walk through a hole ends in a pair of invalid entries.
            ulong page = pages.Allocate();
            if (page == 0)
            {
                FreeInvalid(level);
                throw new MemoryExhaustedException("The host has no page for second-stage page tables.");
            }

            _invalid[level + 1] = InitialiseTable(page, level);
        }

        Root = _invalid[geometry.Levels];
    }

    /// <summary>Shape of the tables.</summary>
    public GpaTableGeometry Geometry { get; }

    /// <summary>Physical address of the root table.</summary>
    public ulong Root { get; private set; }

    /// <summary>Reads an entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static GpaPte Read(GpaPte* entry) => (GpaPte)Volatile.Read(ref *(ulong*)entry);

    /// <summary>Publishes an entry: everything written before is visible to whoever sees it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Write(GpaPte* entry, GpaPte value) => Volatile.Write(ref *(ulong*)entry, (ulong)value);

    /// <summary>
    /// Finds the entry that maps an address: a leaf of <paramref name="level"/>, or a huge entry above it.
    /// </summary>
    /// <param name="gpa">Guest-physical address.</param>
    /// <param name="level">Level wanted, 0 or 1.</param>
    /// <param name="cache">Where missing tables come from; null to find only what is there.</param>
    /// <param name="found">Level of the entry returned.</param>
    /// <returns>The entry, or null if a table is missing and none could be made.</returns>
    internal GpaPte* Find(ulong gpa, int level, MmuMemoryCache? cache, out int found)
    {
        ulong table = Root;
        for (found = Geometry.RootLevel; ; found--)
        {
            GpaPte* entry = (GpaPte*)_pages.Pointer(table) + Geometry.Index(gpa, found);
            GpaPte value = Read(entry);
            if (found == level || IsHuge(value, found))
            {
                return entry;
            }

            if (IsNone(value, found))
            {
                ulong page = cache?.Take() ?? 0;
                if (page == 0)
                {
                    return null;
                }

                value = (GpaPte)InitialiseTable(page, found - 1);
                Write(entry, value);
            }

            table = (ulong)value & (ulong)GpaPte.FrameMask;
        }
    }

    /// <summary>
    /// Translates an address as a core does, without changing anything; <paramref name="steps"/> takes a line for each
    /// entry. Under the MMU lock.
    /// </summary>
    internal bool Walk(ulong gpa, out ulong physical, ICollection<string> steps)
    {
        ulong table = Root;
        physical = 0;
        for (int level = Geometry.RootLevel; level >= 0; level--)
        {
            int index = Geometry.Index(gpa, level);
            GpaPte value = Read((GpaPte*)_pages.Pointer(table) + index);
            steps.Add($"level {level}[{index}] at 0x{table + ((ulong)index * sizeof(ulong)):x} = 0x{(ulong)value:x}"
                + (level > 0 && IsNone(value, level) ? ", nothing" : ""));
            if (IsPresent(value, level))
            {
                ulong offset = Geometry.Span(level) - 1;
                physical = ((ulong)value & (ulong)GpaPte.FrameMask & ~offset) | (gpa & offset);
                steps.Add($"page of {Geometry.Span(level) >> 10} KiB: {value & ~GpaPte.FrameMask}");
                return true;
            }

            if (level == 0 || IsNone(value, level))
            {
                return false;
            }

            table = (ulong)value & (ulong)GpaPte.FrameMask;
        }

        return false;
    }

    /// <summary>Entry value that says "nothing" at a level.</summary>
    internal GpaPte Invalid(int level) => (GpaPte)_invalid[level];

    /// <summary>Whether an entry of a level maps a page.</summary>
    internal static bool IsPresent(GpaPte value, int level) => level == 0
        ? (value & GpaPte.Present) != 0
        : IsHuge(value, level);

    internal static bool IsHuge(GpaPte value, int level) =>
        level > 0 && (value & (GpaPte.Huge | GpaPte.Present)) == (GpaPte.Huge | GpaPte.Present);

    /// <summary>Whether an entry of a level leads nowhere.</summary>
    internal bool IsNone(GpaPte value, int level) => value == Invalid(level);

    /// <summary>
    /// Replaces a huge entry by a table of small entries that map the same memory with the same rights. The page of the
    /// table comes from <paramref name="cache"/>; false if that has none.
    /// </summary>
    internal bool SplitHuge(GpaPte* entry, MmuMemoryCache cache)
    {
        ulong table = cache.Take();
        if (table == 0)
        {
            return false;
        }

        var small = (GpaPte*)_pages.Pointer(table);
        GpaPte value = Read(entry) & ~GpaPte.Huge;
        for (int i = 0; i < Geometry.Entries; i++)
        {
            small[i] = value + ((ulong)i << Geometry.PageShift);
        }

        Write(entry, (GpaPte)table);
        return true;
    }

    /// <summary>Runs an operation over all entries that map something in [start, end).</summary>
    /// <typeparam name="T">The operation; a struct, so that the walk is compiled for it.</typeparam>
    internal bool Walk<T>(ulong start, ulong end, ref T operation)
        where T : struct, IGpaOperation => Walk(Root, Geometry.RootLevel, start, end, ref operation);

    /// <summary>Frees all tables.</summary>
    public void Dispose()
    {
        if (Root == 0)
        {
            return;
        }

        FreeTable(Root, Geometry.RootLevel);
        FreeInvalid(Geometry.RootLevel);
        Root = 0;
    }

    private bool Walk<T>(ulong table, int level, ulong start, ulong end, ref T operation)
        where T : struct, IGpaOperation
    {
        bool changed = false;
        ulong span = Geometry.Span(level);
        for (ulong at = start; at < end;)
        {
            ulong next = Math.Min((at & ~(span - 1)) + span, end);
            GpaPte* entry = (GpaPte*)_pages.Pointer(table) + Geometry.Index(at, level);
            GpaPte value = Read(entry);
            if (IsPresent(value, level))
            {
                changed |= operation.Apply(this, entry, level, at);
            }
            else if (level > 0 && !IsNone(value, level))
            {
                changed |= Walk((ulong)value & (ulong)GpaPte.FrameMask, level - 1, at, next, ref operation);
                if (operation.FreedTables is { } freed && (at & (span - 1)) == 0 && next - at == span)
                {
                    Write(entry, Invalid(level));
                    freed.Add((ulong)value & (ulong)GpaPte.FrameMask);
                }
            }

            at = next;
        }

        return changed;
    }

    private void FreeTable(ulong table, int level)
    {
        for (int i = 0; level > 0 && i < Geometry.Entries; i++)
        {
            GpaPte value = ((GpaPte*)_pages.Pointer(table))[i];
            if (!IsNone(value, level) && !IsHuge(value, level))
            {
                FreeTable((ulong)value & (ulong)GpaPte.FrameMask, level - 1);
            }
        }

        _pages.Put(table);
    }

    /// <summary>Frees the tables that lead nowhere, of the levels below one.</summary>
    private void FreeInvalid(int levels)
    {
        for (int level = 0; level < levels; level++)
        {
            _pages.Put(_invalid[level + 1]);
        }
    }

    private ulong InitialiseTable(ulong page, int level)
    {
        new Span<ulong>(_pages.Pointer(page), Geometry.Entries).Fill(_invalid[level]);
        return page;
    }
}

/// <summary>What a walk of <see cref="GpaPageTable"/> does to each entry that maps something.</summary>
internal unsafe interface IGpaOperation
{
    /// <summary>
    /// Collects tables whose whole span was walked; they may be freed when no core can walk them any more. Null keeps
    /// them.
    /// </summary>
    List<ulong>? FreedTables { get; }

    /// <summary>Changes the entry at <paramref name="gpa"/>; true if it changed something.</summary>
    bool Apply(GpaPageTable table, GpaPte* entry, int level, ulong gpa);
}
