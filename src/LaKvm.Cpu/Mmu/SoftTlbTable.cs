using System.Numerics;
using System.Runtime.InteropServices;

namespace LaKvm.Cpu;

/// <summary>
/// One software TLB of two ways. Engines look at the first one; what is found in the second changes places with what
/// was in its way (<see cref="Exchange"/>). Behind the entries of a way lies one word per entry for the engine.
/// </summary>
internal sealed unsafe class SoftTlbTable : IDisposable
{
    private const int Sets = CpuState.SoftTlbEntries;
    private const ulong PageMask = 0xfff;

    /// <summary>
    /// Sets that may hold something, and those of them that may hold pages of one address space only.
    /// </summary>
    private readonly ulong[] _used = new ulong[Sets / 64], _local = new ulong[Sets / 64];

    private SoftTlbEntry* _first;

    /// <summary>The first way; made when first asked for.</summary>
    public SoftTlbEntry* Entries => _first != null ? _first : Allocate();

    /// <summary>The engine's words of a way, index as there; zeroed whenever the entry changes.</summary>
    public static nint* EngineWords(SoftTlbEntry* way) => (nint*)(way + Sets);

    /// <summary>The second way, or the entry there, beside the first one.</summary>
    public static SoftTlbEntry* Second(SoftTlbEntry* first) => (SoftTlbEntry*)((byte*)first + CpuState.SoftTlbWayBytes);

    /// <summary>Has the entries of a set change places; <paramref name="first"/> is the first way.</summary>
    public static void Exchange(SoftTlbEntry* first, int index)
    {
        SoftTlbEntry* second = Second(first);
        (first[index], second[index]) = (second[index], first[index]);
        nint* words = EngineWords(first), others = EngineWords(second);
        (words[index], others[index]) = (others[index], words[index]);
    }

    /// <summary>
    /// Installs a page, and moves what is in its way to the second way. <paramref name="host"/> is the page's first
    /// byte; <paramref name="local"/> says that the page is there in this address space only.
    /// </summary>
    public void Fill(ulong va, byte* host, bool read, bool write, bool execute, bool local)
    {
        ulong page = va & ~PageMask;
        int index = IndexOf(page);
        SoftTlbEntry* entry = Entries + index;
        ulong held = (entry->ReadTag | entry->WriteTag | entry->ExecuteTag) & ~SoftTlbEntry.NoMatch;
        if (held != 0 && held != page)
        {
            Exchange(_first, index);
        }

        _used[index >> 6] |= 1UL << index;
        if (local)
        {
            _local[index >> 6] |= 1UL << index;
        }

        entry->ReadTag = read ? page : SoftTlbEntry.NoMatch;
        entry->WriteTag = write ? page : SoftTlbEntry.NoMatch;
        entry->ExecuteTag = execute ? page : SoftTlbEntry.NoMatch;
        entry->Addend = (nint)((ulong)host - page);
        EngineWords(_first)[index] = 0;
    }

    /// <summary>Drops everything.</summary>
    public void Clear()
    {
        Clear(_used);
        Array.Clear(_local);
    }

    /// <summary>Drops what is there in one address space only, and what shares a set with it.</summary>
    public void ClearLocal() => Clear(_local);

    /// <summary>Zeroes the engine's words.</summary>
    public void ClearEngineWords()
    {
        if (_first != null)
        {
            NativeMemory.Clear(EngineWords(_first), Sets * (nuint)sizeof(nint));
            NativeMemory.Clear(EngineWords(Second(_first)), Sets * (nuint)sizeof(nint));
        }
    }

    /// <summary>
    /// Drops the pages of a range, which is page aligned; <paramref name="local"/> says that they are there in one
    /// address space only.
    /// </summary>
    public void Drop(ulong va, ulong length, bool local)
    {
        ulong[] sets = local ? _local : _used;
        for (ulong offset = 0; _first != null && offset < length; offset += PageMask + 1)
        {
            ulong page = va + offset;
            int index = IndexOf(page);
            if ((sets[index >> 6] >> index & 1) != 0)
            {
                DropFrom(_first, index, page);
                DropFrom(Second(_first), index, page);
            }
        }
    }

    /// <summary>
    /// Makes stores to the page at <paramref name="host"/> take the slow path. True if some could take the fast one.
    /// </summary>
    public bool Protect(byte* host)
    {
        bool found = false;
        for (int word = 0; word < _used.Length; word++)
        {
            for (ulong left = _used[word]; left != 0; left &= left - 1)
            {
                SoftTlbEntry* entry = _first + (word * 64) + BitOperations.TrailingZeroCount(left);
                found |= Protect(entry, host) | Protect(Second(entry), host);
            }
        }

        return found;
    }

    /// <summary>Frees the table.</summary>
    public void Dispose() => NativeMemory.AlignedFree(_first);

    private static int IndexOf(ulong page) => (int)(page >> 12) & (Sets - 1);

    private static bool Protect(SoftTlbEntry* entry, byte* host)
    {
        if (entry->WriteTag == SoftTlbEntry.NoMatch || entry->WriteTag + (ulong)entry->Addend != (ulong)host)
        {
            return false;
        }

        entry->WriteTag = SoftTlbEntry.NoMatch;
        return true;
    }

    private static void DropFrom(SoftTlbEntry* way, int index, ulong page)
    {
        SoftTlbEntry* entry = way + index;
        if (entry->ReadTag == page || entry->WriteTag == page || entry->ExecuteTag == page)
        {
            Empty(way, index);
        }
    }

    private static void Empty(SoftTlbEntry* way, int index)
    {
        way[index].ReadTag = way[index].WriteTag = way[index].ExecuteTag = SoftTlbEntry.NoMatch;
        EngineWords(way)[index] = 0;
    }

    /// <summary>Empties the sets that are named, and forgets their names.</summary>
    private void Clear(ulong[] sets)
    {
        for (int word = 0; word < sets.Length; word++)
        {
            for (ulong left = sets[word]; left != 0; left &= left - 1)
            {
                int index = (word * 64) + BitOperations.TrailingZeroCount(left);
                Empty(_first, index);
                Empty(Second(_first), index);
            }

            sets[word] = 0;
        }
    }

    private SoftTlbEntry* Allocate()
    {
        _first = (SoftTlbEntry*)NativeMemory.AlignedAlloc(2 * CpuState.SoftTlbWayBytes, 64);
        for (int index = 0; index < Sets; index++)
        {
            Empty(_first, index);
            Empty(Second(_first), index);
        }

        return _first;
    }
}
