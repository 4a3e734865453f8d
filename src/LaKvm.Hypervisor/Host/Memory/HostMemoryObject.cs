namespace LaKvm.Hypervisor;

/// <summary>
/// What is behind a mapping that is not simply the process's own memory: a file, memory that processes share, what a
/// vCPU shares with user space. It is told of the address spaces that show it.
/// </summary>
public abstract class HostMemoryObject
{
    /// <summary>
    /// Whether <see cref="GetPage"/> gives a fresh page with the content, for the mapping alone (a private mapping of
    /// a file); else a page that all mappings share, of which a private mapping's writer gets a copy.
    /// </summary>
    public virtual bool GivesCopies => false;

    /// <summary>
    /// The page at an offset in bytes, with a reference for the caller if it is RAM: EFAULT behind the object's end,
    /// ENOMEM. Called with the address space's lock held.
    /// </summary>
    public abstract Errno GetPage(ulong offset, out ulong page);

    /// <summary>An address space begins to show the object.</summary>
    public virtual void Attach(HostAddressSpace space)
    {
    }

    /// <summary>An address space shows nothing of the object any more.</summary>
    public virtual void Detach(HostAddressSpace space)
    {
    }
}
