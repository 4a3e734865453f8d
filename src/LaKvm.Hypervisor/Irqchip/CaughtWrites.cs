namespace LaKvm.Hypervisor;

/// <summary>
/// Guest writes that user space has asked for. A vCPU may have found them on the bus just before they were taken off:
/// the end waits for its write, or comes before it.
/// </summary>
/// <param name="writing">Held during a write.</param>
internal abstract class CaughtWrites(Lock writing) : IKvmIoDevice
{
    private bool _ended;

    /// <summary>Reads go on to user space.</summary>
    public bool Read(KvmVcpu vcpu, ulong address, int size, out ulong data)
    {
        data = 0;
        return false;
    }

    /// <inheritdoc/>
    public bool Write(KvmVcpu vcpu, ulong address, int size, ulong data)
    {
        if (!Matches(address, size, data))
        {
            return false;
        }

        lock (writing)
        {
            return !_ended && Take(address, size, data);
        }
    }

    /// <summary>No write is taken any more once this returns.</summary>
    internal void End()
    {
        lock (writing)
        {
            _ended = true;
        }
    }

    private protected abstract bool Matches(ulong at, int size, ulong data);

    /// <summary>False leaves the write to user space.</summary>
    private protected abstract bool Take(ulong at, int size, ulong data);
}
