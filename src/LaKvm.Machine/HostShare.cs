namespace LaKvm.Machine;

/// <summary>
/// How many cores of a machine compute. While that is no more than the host has processors, a core that waits for
/// another one may keep its processor for a while.
/// </summary>
internal sealed class HostShare(int processors)
{
    private int _computing;

    /// <summary>Whether every computing core, the caller among them, can have a processor of the host.</summary>
    public bool HasRoom => Volatile.Read(ref _computing) <= processors;

    /// <summary>The caller begins to compute.</summary>
    public void Enter() => Interlocked.Increment(ref _computing);

    /// <summary>The caller gives its processor up.</summary>
    public void Leave() => Interlocked.Decrement(ref _computing);
}
