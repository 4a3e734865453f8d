using LaKvm.Cpu;
using LaKvm.Diagnostics;
using LaKvm.Hypervisor;
using LaKvm.Memory;

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

    /// <summary>Objects that are not released yet, whether a descriptor names them or only a call or mapping.</summary>
    private readonly HashSet<Descriptor> _live = [];
    private readonly Dictionary<nint, (Descriptor Descriptor, ulong Bytes)> _views = [];
    private readonly IUserMemory _memory;

    /// <summary>
    /// Starts a process on a machine, with KVM loaded if the machine can have it; its program is this .NET process.
    /// </summary>
    public HostProcess(HostMachine machine)
        : this(machine, new HostAddressSpace(machine.Pages), OwnMemory.Instance, new DescriptorTable(),
            Environment.ProcessId)
    {
    }

    /// <summary>Starts a process of a program that runs on the machine itself.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="space">The program's memory.</param>
    /// <param name="memory">The same, for pointers.</param>
    /// <param name="descriptors">What it has open.</param>
    /// <param name="id">Process number.</param>
    public HostProcess(
        HostMachine machine, HostAddressSpace space, IUserMemory memory, DescriptorTable descriptors, int id)
    {
        Machine = machine;
        AddressSpace = space;
        _memory = memory;
        Descriptors = descriptors;
        Id = id;
        _ = KvmModule.Load(machine, out _module);
    }

    /// <summary>Where is reported what guests and users of KVM do wrong.</summary>
    public GuestErrorLog Log { get; set; } = GuestErrorLog.Silent;

    /// <summary>Memory of the process that guests can be given.</summary>
    public HostAddressSpace AddressSpace { get; }

    /// <summary>The machine.</summary>
    public HostMachine Machine { get; }

    /// <summary>Process number.</summary>
    public int Id { get; }

    /// <summary>What is open.</summary>
    public DescriptorTable Descriptors { get; }

    /// <summary>The cpucfg instruction: a word of what the core is, which every program may read.</summary>
    public static uint Cpucfg(uint word) => La464.Cpucfg(word);

    /// <summary>open: a descriptor, or -ENOENT.</summary>
    public int Open(string path) => path == KvmDevice && _module != null
        ? Install(new SystemDescriptor(_module))
        : -(int)Errno.NoEnt;

    /// <summary>
    /// ioctl: a value, or a negative error number. The argument is a number, or an address of this .NET process, which
    /// may be a bad one.
    /// </summary>
    public int Ioctl(int fd, uint request, nint argument)
    {
        if (Hold(fd) is not { } descriptor)
        {
            return -(int)Errno.BadF;
        }

        try
        {
            return descriptor.Call(this, request, new UserPointer(argument, _memory));
        }
        finally
        {
            descriptor.Drop();
        }
    }

    /// <summary>
    /// mmap of a descriptor: the address, or null. What is mapped outlives the descriptor, up to <see cref="Unmap"/>.
    /// </summary>
    public byte* Map(int fd, ulong page, ulong bytes)
    {
        if (Hold(fd) is not { } descriptor)
        {
            return null;
        }

        byte* view = null;
        try
        {
            view = descriptor.Map(page, bytes);
        }
        catch (MemoryExhaustedException)
        {
            // There are no addresses left to show it at.
        }

        if (view == null)
        {
            descriptor.Drop();
            return null;
        }

        lock (_lock)
        {
            _views[(nint)view] = (descriptor, bytes);
        }

        return view;
    }

    /// <summary>munmap of what <see cref="Map"/> returned: 0, or -EINVAL for another address.</summary>
    public int Unmap(byte* view)
    {
        (Descriptor Descriptor, ulong Bytes) mapping;
        lock (_lock)
        {
            if (!_views.Remove((nint)view, out mapping))
            {
                return -(int)Errno.Inval;
            }
        }

        ulong unit = Machine.Pages.PageSize;
        SharedMemory.Unmap(view, (mapping.Bytes + unit - 1) & ~(unit - 1));
        mapping.Descriptor.Drop();
        return 0;
    }

    /// <summary>pread: bytes read, or a negative error number.</summary>
    public int Read(int fd, Span<byte> buffer, long offset)
    {
        if (Hold(fd) is not { } descriptor)
        {
            return -(int)Errno.BadF;
        }

        try
        {
            return descriptor.Read(buffer, offset);
        }
        finally
        {
            descriptor.Drop();
        }
    }

    /// <summary>Descriptors in use.</summary>
    public int OpenDescriptors => Descriptors.Count;

    /// <summary>
    /// Sends tracepoints of a VM to a sink (see <see cref="KvmTracer.Attach"/>): stands for perf_event_open on them.
    /// </summary>
    /// <exception cref="ArgumentException">The descriptor is not a VM's.</exception>
    public IDisposable Trace(int vmFd, uint events, TraceSink sink) => Find(vmFd) is VmDescriptor vm
        ? vm.Vm.Tracer.Attach(events, sink)
        : throw new ArgumentException("Only a VM has tracepoints.", nameof(vmFd));

    /// <summary>The VM behind its descriptor, for who looks into the hypervisor as Linux's debugfs lets one.</summary>
    internal KvmVm VmOf(int vmFd) => Find(vmFd) is VmDescriptor vm
        ? vm.Vm
        : throw new ArgumentException("This is no VM.", nameof(vmFd));

    /// <summary>eventfd: a descriptor of a counter.</summary>
    /// <param name="blocking">Whether a read waits for a signal; it fails with EAGAIN otherwise (EFD_NONBLOCK).</param>
    public int CreateEventFd(bool blocking = false) => Install(new EventDescriptor(blocking));

    /// <summary>close: 0 or -EBADF.</summary>
    public int Close(int fd) => Descriptors.Close(fd);

    /// <summary>The object behind a descriptor, or null.</summary>
    public Descriptor? Find(int fd) => Descriptors.Find(fd);

    /// <summary>Gives an object a descriptor, which a new program does not get.</summary>
    internal int Install(Descriptor descriptor)
    {
        lock (_lock)
        {
            descriptor.Owner = this;
            _live.Add(descriptor);
        }

        int fd = Descriptors.Install(descriptor, closeOnExec: true);
        if (fd < 0)
        {
            descriptor.Drop();
        }

        return fd;
    }

    /// <summary>
    /// The object behind a descriptor, kept alive until it is dropped; null if the descriptor is not open.
    /// </summary>
    internal Descriptor? Hold(int fd) => Descriptors.Hold(fd);

    /// <summary>An object has been released.</summary>
    internal void Forget(Descriptor descriptor)
    {
        lock (_lock)
        {
            _live.Remove(descriptor);
        }
    }

    /// <summary>
    /// The process ends: all is unmapped and closed, and calls that are under way on other threads are waited for.
    /// </summary>
    public void Dispose()
    {
        nint[] views;
        lock (_lock)
        {
            views = [.. _views.Keys];
        }

        foreach (nint view in views)
        {
            _ = Unmap((byte*)view);
        }

        Descriptors.CloseAll();
        EndCalls();
        AddressSpace.Dispose();
    }

    /// <summary>
    /// A program's process ends: none of its threads runs any more. What it shares with others stays theirs.
    /// </summary>
    public void Exit()
    {
        AddressSpace.Dispose();
        Descriptors.CloseAll();
    }

    private void EndCalls()
    {
        SpinWait spin = default;
        while (true)
        {
            Descriptor[] live;
            lock (_lock)
            {
                live = [.. _live];
            }

            if (live.Length == 0)
            {
                return;
            }

            foreach (Descriptor descriptor in live)
            {
                descriptor.Interrupt();
            }

            spin.SpinOnce();
        }
    }
}
