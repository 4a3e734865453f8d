using LaKvm.Cpu;
using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>
/// A process of the host: the raw system-call interface that a VMM programs against. Descriptors are small numbers;
/// arguments point into this .NET process's memory, except that guest memory lives in the process's
/// <see cref="AddressSpace"/>, whose addresses memory regions name.
/// </summary>
public sealed unsafe class HostProcess : IDisposable
{
    /// <summary>The device that KVM answers at.</summary>
    public const string KvmDevice = "/dev/kvm";

    private readonly Lock _lock = new();
    private readonly KvmModule? _module;
    private Descriptor?[] _table = new Descriptor?[16];

    /// <summary>Starts a process on a machine, with KVM loaded if the machine can have it.</summary>
    public HostProcess(HostMachine machine)
    {
        Machine = machine;
        AddressSpace = new HostAddressSpace(machine.Pages);
        _ = KvmModule.Load(machine, out _module);
    }

    /// <summary>Receives lines about guests and users of KVM who do something wrong.</summary>
    public Action<string>? Log { get; set; }

    /// <summary>Memory of the process that guests can be given.</summary>
    public HostAddressSpace AddressSpace { get; }

    /// <summary>The machine.</summary>
    public HostMachine Machine { get; }

    /// <summary>Process number.</summary>
    public int Id => Environment.ProcessId;

    /// <summary>The cpucfg instruction: a word of what the core is, which every program may read.</summary>
    public static uint Cpucfg(uint word) => La464.Cpucfg(word);

    /// <summary>open: a descriptor, or -ENOENT.</summary>
    public int Open(string path) => path == KvmDevice && _module != null
        ? Install(new SystemDescriptor(_module))
        : -(int)Errno.NoEnt;

    /// <summary>ioctl: a value, or a negative error number.</summary>
    public int Ioctl(int fd, uint request, nint argument) =>
        Find(fd)?.Ioctl(this, request, argument) ?? -(int)Errno.BadF;

    /// <summary>mmap of a descriptor: the address, or null.</summary>
    public byte* Map(int fd, int page, ulong bytes) => Find(fd) is { } descriptor ? descriptor.Map(page, bytes) : null;

    /// <summary>pread: bytes read, or a negative error number.</summary>
    public int Read(int fd, Span<byte> buffer, long offset) =>
        Find(fd)?.Read(buffer, offset) ?? -(int)Errno.BadF;

    /// <summary>eventfd: a descriptor of a counter.</summary>
    public int CreateEventFd() => Install(new EventDescriptor());

    /// <summary>close: 0 or -EBADF.</summary>
    public int Close(int fd)
    {
        Descriptor? descriptor;
        lock (_lock)
        {
            descriptor = Find(fd);
            if (descriptor == null)
            {
                return -(int)Errno.BadF;
            }

            _table[fd] = null;
        }

        Drop(descriptor);
        return 0;
    }

    /// <summary>The object behind a descriptor, or null.</summary>
    public Descriptor? Find(int fd)
    {
        Descriptor?[] table = Volatile.Read(ref _table);
        return (uint)fd < (uint)table.Length ? table[fd] : null;
    }

    /// <summary>Gives an object a descriptor.</summary>
    internal int Install(Descriptor descriptor)
    {
        lock (_lock)
        {
            int fd = Array.IndexOf(_table, null);
            if (fd < 0)
            {
                fd = _table.Length;
                Array.Resize(ref _table, fd * 2);
            }

            _table[fd] = descriptor;
            return fd;
        }
    }

    /// <summary>Keeps an object alive beyond its own descriptor.</summary>
    internal void Hold(Descriptor descriptor)
    {
        lock (_lock)
        {
            descriptor.References++;
        }
    }

    /// <summary>Drops a reference.</summary>
    internal void Drop(Descriptor descriptor)
    {
        lock (_lock)
        {
            if (--descriptor.References > 0)
            {
                return;
            }
        }

        descriptor.Release();
    }

    /// <summary>The process ends: all its descriptors are closed.</summary>
    public void Dispose()
    {
        for (int fd = 0; fd < _table.Length; fd++)
        {
            Close(fd);
        }
    }
}
