namespace LaKvm.Hypervisor;

/// <summary>Hands out ASIDs, and numbers for the states of address spaces. Any thread.</summary>
internal sealed class AddressSpaceIds
{
    /// <summary>ASIDs of the CPU: 10 bits, of which 0 is nobody's.</summary>
    internal const int Count = 1 << 10;

    private readonly Lock _lock = new();
    private readonly bool[] _used = new bool[Count];
    private ulong _state;

    /// <summary>An ASID that nobody has, or 0 if there is none.</summary>
    internal int Take()
    {
        lock (_lock)
        {
            int asid = Array.IndexOf(_used, false, 1);
            if (asid < 0)
            {
                return 0;
            }

            _used[asid] = true;
            return asid;
        }
    }

    /// <summary>Gives an ASID back; what CPUs hold of it has a state that never comes again.</summary>
    internal void Give(int asid)
    {
        lock (_lock)
        {
            _used[asid] = false;
        }
    }

    /// <summary>A number that was never given before.</summary>
    internal ulong NextState() => Interlocked.Increment(ref _state);
}
