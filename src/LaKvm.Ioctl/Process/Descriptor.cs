using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>What a descriptor of a process refers to.</summary>
public abstract unsafe class Descriptor
{
    /// <summary>Name as /proc shows it.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// ioctl: a value, or a negative error number. ENOTTY for a request that the descriptor does not know.
    /// </summary>
    public virtual int Ioctl(HostProcess process, uint request, nint argument) => -(int)Errno.NoTty;

    /// <summary>
    /// mmap of <paramref name="bytes"/> from a page on: the address in the process's own memory, or null where there is
    /// nothing.
    /// </summary>
    public virtual byte* Map(int page, ulong bytes) => null;

    /// <summary>pread: bytes read, or a negative error number.</summary>
    public virtual int Read(Span<byte> buffer, long offset) => -(int)Errno.Inval;

    /// <summary>Another descriptor of the process refers to this too.</summary>
    internal int References { get; set; } = 1;

    /// <summary>The last reference is closed.</summary>
    protected internal virtual void Release()
    {
    }

    /// <summary>The argument as a structure; null for a null pointer, which is EFAULT.</summary>
    private protected static bool TryRead<T>(nint argument, out T value)
        where T : unmanaged
    {
        value = argument == 0 ? default : *(T*)argument;
        return argument != 0;
    }

    private protected static int Result(Errno error) => -(int)error;
}
