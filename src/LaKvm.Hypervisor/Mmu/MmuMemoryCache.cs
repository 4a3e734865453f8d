namespace LaKvm.Hypervisor;

/// <summary>
/// Pages taken in advance, so that nothing has to be allocated under the MMU lock (struct kvm_mmu_memory_cache).
/// Belongs to one vCPU.
/// </summary>
/// <param name="pages">Where pages come from.</param>
/// <param name="capacity">Pages that a full cache holds.</param>
internal sealed class MmuMemoryCache(HostPages pages, int capacity)
{
    private readonly ulong[] _stack = new ulong[capacity];

    /// <summary>Pages that a full cache holds.</summary>
    internal int Capacity => _stack.Length;

    /// <summary>Pages in it now.</summary>
    internal int Count { get; private set; }

    /// <summary>
    /// Fills up, if there are less than <paramref name="minimum"/>; false if that many could not be had.
    /// </summary>
    internal bool TopUp(int minimum)
    {
        if (Count >= minimum)
        {
            return true;
        }

        while (Count < Capacity)
        {
            ulong page = pages.Allocate();
            if (page == 0)
            {
                return Count >= minimum;
            }

            _stack[Count++] = page;
        }

        return Count >= minimum;
    }

    /// <summary>
    /// Takes a page. Where <see cref="TopUp"/> was asked for too few it comes from the allocator after all; 0 if that
    /// has none.
    /// </summary>
    internal ulong Take() => Count > 0 ? _stack[--Count] : pages.Allocate();

    /// <summary>Gives all pages back.</summary>
    internal void Drain()
    {
        while (Count > 0)
        {
            pages.Put(_stack[--Count]);
        }
    }
}
