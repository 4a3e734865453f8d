using LaKvm.Hypervisor;
using LaKvm.Memory;

namespace LaKvm.Ioctl;

/// <summary>
/// What a descriptor of a process refers to (struct file). It lives as long as somebody refers to it: the process's
/// table, a mapping, a call that is under way, another object.
/// </summary>
public abstract unsafe class Descriptor
{
    private int _references = 1;

    /// <summary>The process that it was made in.</summary>
    internal HostProcess? Owner { get; set; }

    /// <summary>Name as /proc shows it.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// ioctl: a value, or a negative error number. ENOTTY for a request that the descriptor does not know.
    /// </summary>
    public virtual int Ioctl(HostProcess process, uint request, UserPointer argument) => Result(Errno.NoTty);

    /// <summary>
    /// ioctl as its caller sees it: <see cref="Ioctl"/>, and ENOMEM where memory could not be had. What asks for memory
    /// does so before it changes anything.
    /// </summary>
    public int Call(HostProcess process, uint request, UserPointer argument)
    {
        try
        {
            return Ioctl(process, request, argument);
        }
        catch (Exception e) when (e is MemoryExhaustedException or OutOfMemoryException)
        {
            return Result(Errno.NoMem);
        }
    }

    /// <summary>
    /// mmap of <paramref name="bytes"/> from a page on: the address in the process's own memory, or null where there is
    /// nothing.
    /// </summary>
    public virtual byte* Map(ulong page, ulong bytes) => null;

    /// <summary>
    /// mmap into a program's memory: what there is to map at <paramref name="offset"/>. ENODEV for a descriptor that
    /// cannot be mapped; EINVAL for rights or sharing that it does not have.
    /// </summary>
    public virtual Errno Map(ulong offset, ulong bytes, HostRights rights, bool shared, out HostMemoryObject? mapped)
    {
        mapped = null;
        return Errno.NoDev;
    }

    /// <summary>pread: bytes read, or a negative error number.</summary>
    public virtual int Read(Span<byte> buffer, long offset) => Result(Errno.Inval);

    /// <summary>read, which goes on where the last one ended: bytes read, or a negative error number.</summary>
    public virtual int ReadNext(Span<byte> buffer) => Result(Errno.Inval);

    /// <summary>Keeps the object alive; false if it is gone already.</summary>
    public bool TryHold()
    {
        int count = Volatile.Read(ref _references);
        while (count > 0)
        {
            int seen = Interlocked.CompareExchange(ref _references, count + 1, count);
            if (seen == count)
            {
                return true;
            }

            count = seen;
        }

        return false;
    }

    /// <summary>Ends what a successful <see cref="TryHold"/>, or the object's making, began.</summary>
    public void Drop()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            if (Owner != null)
            {
                HostThread.Current.GiveUpCore(); // KVM's objects may have to wait for cores when they go
            }

            Release();
            Owner?.Forget(this);
        }
    }

    /// <summary>The process ends: a call that would not return by itself is to return now.</summary>
    internal virtual void Interrupt()
    {
    }

    /// <summary>Nobody refers to it any more.</summary>
    protected internal virtual void Release()
    {
    }

    /// <summary>An error as an ioctl returns it.</summary>
    protected static int Result(Errno error) => -(int)error;

    /// <summary>Success, or EFAULT for an address that could not be copied to.</summary>
    private protected static int Copied(bool copied) => copied ? 0 : Result(Errno.Fault);
}
