namespace LaKvm.Hypervisor;

/// <summary>
/// Pages taken in advance, so that nothing has to be allocated under the MMU lock. Belongs to one vCPU.
/// </summary>
internal sealed class MmuMemoryCache(HostPages pages)
{
    /// <summary>Pages a full cache holds.</summary>
    internal const int Capacity = 40;

    private readonly ulong[] _stack = new ulong[Capacity];
    private int _count;

    /// <summary>Fills up; false if fewer than <paramref name="minimum"/> pages could be had.</summary>
    internal bool TopUp(int minimum)
    {
        if (_count >= minimum)
        {
            return true;
        }

        while (_count < Capacity)
        {
            ulong page = pages.Allocate();
            if (page == 0)
            {
                return _count >= minimum;
            }

            _stack[_count++] = page;
        }

        return true;
    }

    /// <summary>Takes a page. <see cref="TopUp"/> has made sure there is one.</summary>
    internal ulong Take() => _stack[--_count];

    /// <summary>Gives all pages back.</summary>
    internal void Drain()
    {
        while (_count > 0)
        {
            pages.Put(_stack[--_count]);
        }
    }
}
