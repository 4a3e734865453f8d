namespace LaKvm.Hypervisor;

/// <summary>
/// All memory slots at one moment, in order of guest address. A change makes a new set; who holds an old one sees by
/// <see cref="Generation"/> that it is no longer current. Slots are kept in chunks, so that a change copies one chunk
/// and the list of chunks, however many slots there are.
/// </summary>
internal sealed class MemorySlotSet
{
    private const int ChunkSize = 256;

    /// <summary>No chunk is empty.</summary>
    private readonly MemorySlot[][] _chunks;

    /// <summary>The first slot of each chunk.</summary>
    private readonly MemorySlot[] _first;

    internal static readonly MemorySlotSet Empty = new([], 0);

    private MemorySlotSet(MemorySlot[][] chunks, ulong generation)
    {
        _chunks = chunks;
        _first = Array.ConvertAll(chunks, chunk => chunk[0]);
        Generation = generation;
    }

    /// <summary>Counts the changes.</summary>
    internal ulong Generation { get; }

    /// <summary>All slots, for foreach.</summary>
    public Enumerator GetEnumerator() => new(_chunks);

    /// <summary>The slot that holds a guest page frame, or null.</summary>
    internal MemorySlot? Find(ulong gfn) => AtOrBelow(gfn) is { } slot && gfn < slot.EndGfn ? slot : null;

    /// <summary>The slots in another state: <paramref name="old"/> left out, <paramref name="next"/> put in.</summary>
    internal MemorySlotSet With(MemorySlot? old, MemorySlot? next)
    {
        MemorySlotSet rest = old == null ? this : new MemorySlotSet(Remove(old), Generation);
        return new MemorySlotSet(next == null ? rest._chunks : rest.Insert(next), Generation + 1);
    }

    /// <summary>
    /// Whether a slot other than <paramref name="except"/> holds pages of the range, which is not empty.
    /// </summary>
    internal bool Overlaps(ulong baseGfn, ulong pages, int except) =>
        AtOrBelow(baseGfn + pages - 1, except) is { } slot && slot.EndGfn > baseGfn;

    /// <summary>The last slot that does not begin behind <paramref name="gfn"/>, or null.</summary>
    private MemorySlot? AtOrBelow(ulong gfn, int except = -1)
    {
        int chunk = IndexAtOrBelow(_first, gfn);
        if (chunk < 0)
        {
            return null;
        }

        int index = IndexAtOrBelow(_chunks[chunk], gfn);
        MemorySlot slot = _chunks[chunk][index];
        return slot.Id != except ? slot
            : index > 0 ? _chunks[chunk][index - 1]
            : chunk > 0 ? _chunks[chunk - 1][^1]
            : null;
    }

    private MemorySlot[][] Remove(MemorySlot slot)
    {
        int place = IndexAtOrBelow(_first, slot.BaseGfn);
        MemorySlot[] chunk = _chunks[place];
        int index = IndexAtOrBelow(chunk, slot.BaseGfn);
        MemorySlot[] rest = [.. chunk.AsSpan(0, index), .. chunk.AsSpan(index + 1)];
        return rest.Length == 0 ? Replace(place) : Replace(place, rest);
    }

    private MemorySlot[][] Insert(MemorySlot slot)
    {
        if (_chunks.Length == 0)
        {
            return [[slot]];
        }

        int place = Math.Max(0, IndexAtOrBelow(_first, slot.BaseGfn));
        MemorySlot[] chunk = _chunks[place];
        int index = IndexAtOrBelow(chunk, slot.BaseGfn) + 1;
        chunk = [.. chunk.AsSpan(0, index), slot, .. chunk.AsSpan(index)];
        return chunk.Length <= ChunkSize
            ? Replace(place, chunk)
            : Replace(place, chunk[..(ChunkSize / 2)], chunk[(ChunkSize / 2)..]);
    }

    /// <summary>The chunks with others in the place of one.</summary>
    private MemorySlot[][] Replace(int place, params ReadOnlySpan<MemorySlot[]> chunks) =>
        [.. _chunks.AsSpan(0, place), .. chunks, .. _chunks.AsSpan(place + 1)];

    /// <summary>Index of the last slot that does not begin behind <paramref name="gfn"/>, or -1.</summary>
    private static int IndexAtOrBelow(MemorySlot[] slots, ulong gfn)
    {
        int low = 0;
        int high = slots.Length;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (slots[middle].BaseGfn <= gfn)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - 1;
    }

    /// <summary>Goes over the slots of all chunks.</summary>
    internal struct Enumerator(MemorySlot[][] chunks)
    {
        private int _chunk = 0;
        private int _index = -1;

        public readonly MemorySlot Current => chunks[_chunk][_index];

        public bool MoveNext()
        {
            if (_chunk < chunks.Length && ++_index == chunks[_chunk].Length)
            {
                _chunk++;
                _index = 0;
            }

            return _chunk < chunks.Length;
        }
    }
}
