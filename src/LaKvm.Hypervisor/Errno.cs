namespace LaKvm.Hypervisor;

/// <summary>Linux error numbers that KVM's interface returns; <see cref="None"/> is success.</summary>
public enum Errno
{
    /// <summary>Success.</summary>
    None = 0,

    /// <summary>EPERM: operation not permitted.</summary>
    Perm = 1,

    /// <summary>ENOENT: no such object.</summary>
    NoEnt = 2,

    /// <summary>EINTR: interrupted by a signal.</summary>
    Intr = 4,

    /// <summary>EIO: the VM belongs to another process or is dead.</summary>
    Io = 5,

    /// <summary>ENXIO: no such device or attribute.</summary>
    NxIo = 6,

    /// <summary>E2BIG: a size above the limit.</summary>
    TooBig = 7,

    /// <summary>EBADF: not an open descriptor.</summary>
    BadF = 9,

    /// <summary>EAGAIN: try again later.</summary>
    Again = 11,

    /// <summary>ENOMEM: no memory.</summary>
    NoMem = 12,

    /// <summary>EFAULT: bad address.</summary>
    Fault = 14,

    /// <summary>EBUSY: already in use.</summary>
    Busy = 16,

    /// <summary>EEXIST: already exists.</summary>
    Exist = 17,

    /// <summary>ENODEV: no such device.</summary>
    NoDev = 19,

    /// <summary>EINVAL: invalid argument.</summary>
    Inval = 22,

    /// <summary>ENOTTY: the descriptor does not know this ioctl.</summary>
    NoTty = 25,

    /// <summary>ENOSPC: no room.</summary>
    NoSpc = 28,

    /// <summary>ESPIPE: the descriptor cannot seek.</summary>
    SPipe = 29,
}
