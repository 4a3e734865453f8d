namespace LaKvm.Hypervisor;

/// <summary>
/// All memory slots at one moment, in order of guest address. A change makes a new set; who holds an old one sees by
/// <see cref="Generation"/> that it is no longer current.
/// </summary>
internal sealed class MemorySlotSet
{
    private readonly MemorySlot[] _slots;

    internal static readonly MemorySlotSet Empty = new([], 0);

    private MemorySlotSet(MemorySlot[] slots, ulong generation)
    {
        _slots = slots;
        Generation = generation;
    }

    /// <summary>Counts the changes.</summary>
    internal ulong Generation { get; }

    internal ReadOnlySpan<MemorySlot> Slots => _slots;

    /// <summary>The slot that holds a guest page frame, or null.</summary>
    internal MemorySlot? Find(ulong gfn)
    {
        MemorySlot[] slots = _slots;
        int low = 0;
        int high = slots.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            MemorySlot slot = slots[middle];
            if (gfn < slot.BaseGfn)
            {
                high = middle - 1;
            }
            else if (gfn >= slot.EndGfn)
            {
                low = middle + 1;
            }
            else
            {
                return slot;
            }
        }

        return null;
    }

    /// <summary>The slots in another state: <paramref name="old"/> left out, <paramref name="next"/> put in.</summary>
    internal MemorySlotSet With(MemorySlot? old, MemorySlot? next)
    {
        var slots = new List<MemorySlot>(_slots.Length + 1);
        slots.AddRange(_slots);
        if (old != null)
        {
            slots.RemoveAt(IndexOf(slots, old.BaseGfn));
        }

        if (next != null)
        {
            slots.Insert(IndexOf(slots, next.BaseGfn), next);
        }

        return new MemorySlotSet([.. slots], Generation + 1);
    }

    /// <summary>Whether a slot other than <paramref name="except"/> holds pages of the range.</summary>
    internal bool Overlaps(ulong baseGfn, ulong pages, int except)
    {
        for (int i = Math.Max(0, IndexOf(_slots, baseGfn) - 1); i < _slots.Length; i++)
        {
            MemorySlot slot = _slots[i];
            if (slot.BaseGfn >= baseGfn + pages)
            {
                return false;
            }

            if (slot.Id != except && slot.EndGfn > baseGfn)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Index of the first slot that does not begin below <paramref name="gfn"/>.</summary>
    private static int IndexOf(IReadOnlyList<MemorySlot> slots, ulong gfn)
    {
        int low = 0;
        int high = slots.Count;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (slots[middle].BaseGfn < gfn)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
