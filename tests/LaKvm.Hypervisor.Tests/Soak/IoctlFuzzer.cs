using System.Collections.Concurrent;
using LaKvm.Ioctl;
using LaKvm.Memory;

namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// One thread of the fuzzer: any call, with any argument, on any descriptor, in any order, while the others do the
/// same.
/// </summary>
internal sealed unsafe class IoctlFuzzer : IDisposable
{
    /// <summary>The signal that ends runs from outside.</summary>
    internal const int KickSignal = 10;

    private const int Descriptors = 64, Views = 16;
    private const ulong BufferSize = RandomArguments.Size * 2, HoleSize = 1 << 20;

    private readonly HostProcess _process;
    private readonly UserMemory _ram;
    private readonly ConcurrentQueue<string> _failures;
    private readonly Random _random;
    private readonly RandomArguments _arguments;

    /// <summary>
    /// Arguments, what they point to, and a hole behind, which nothing can be read from or written to.
    /// </summary>
    private readonly byte* _buffer = SharedMemory.Reserve(BufferSize + HoleSize);
    private readonly SharedMemory _memory = new(BufferSize);
    private readonly (nint Address, int Bytes)[] _views = new (nint, int)[Views];

    internal IoctlFuzzer(HostProcess process, UserMemory ram, ConcurrentQueue<string> failures, int seed)
    {
        _process = process;
        _ram = ram;
        _failures = failures;
        _random = new Random(seed);
        _arguments = new RandomArguments(_random, ram.Address, ram.Size);
        _memory.ShowAt(_buffer, 0, BufferSize);
    }

    /// <summary>Calls made, and those that succeeded.</summary>
    internal long Calls { get; private set; }

    internal long Succeeded { get; private set; }

    /// <summary>Runs that ended with something for user space.</summary>
    internal long Exits { get; private set; }

    /// <summary>Runs that a signal ended.</summary>
    internal long Interrupted { get; private set; }

    /// <summary>The thread as the host's kernel knows it.</summary>
    internal HostThread? Thread { get; private set; }

    internal void Run(DateTime end)
    {
        Thread = HostThread.Current;
        try
        {
            while (DateTime.UtcNow < end && _failures.IsEmpty)
            {
                for (int i = 0; i < 50; i++)
                {
                    Step();
                }
            }
        }
        catch (Exception e)
        {
            _failures.Enqueue(e.ToString());
        }
    }

    public void Dispose()
    {
        for (int i = 0; i < Views; i++)
        {
            DropView(i);
        }

        SharedMemory.Unmap(_buffer, BufferSize + HoleSize);
        _memory.Dispose();
    }

    private void Step()
    {
        int fd = _random.Next(Descriptors + 2) - 1;
        switch (_random.Next(100))
        {
            case < 62:
                Count(Ioctl());
                break;
            case < 76:
                RunVcpu(Choose<VcpuDescriptor>());
                break;
            case < 80:
                Count(_random.Next(2) == 0 ? _process.Open(HostProcess.KvmDevice) : _process.CreateEventFd());
                break;
            case < 84:
                Count(_process.Close(fd));
                break;
            case < 87:
                TakeView(Choose<VcpuDescriptor>());
                break;
            case < 91:
                Scribble(_views[_random.Next(Views)]);
                break;
            case < 93:
                Count(_process.Read(fd, new Span<byte>(_buffer, _random.Next(RandomArguments.Size)),
                    _random.Next(-8, 2000)));
                break;
            case < 95:
                (_process.Find(fd) as EventDescriptor)?.Signal();
                break;
            case < 97:
                ChangeMemory();
                break;
            default:
                _arguments.FillWithCode(new Span<byte>(_buffer, 1024));
                _ram.Write((ulong)_random.Next((int)_ram.Size / 1024) * 1024, new ReadOnlySpan<byte>(_buffer, 1024));
                break;
        }

        if (_process.OpenDescriptors > Descriptors)
        {
            Count(_process.Close(_random.Next(Descriptors)));
        }
    }

    private void Count(int result)
    {
        Calls++;
        Succeeded += result >= 0 ? 1 : 0;
        if (result < 0 && !Enum.IsDefined((Errno)(-result)))
        {
            _failures.Enqueue($"a call returned {result}, which is no error number of this interface");
        }
    }

    /// <summary>A descriptor of a kind if there is one at hand, mostly.</summary>
    private int Choose<T>()
        where T : Descriptor
    {
        int fd = _random.Next(Descriptors + 2) - 1;
        for (int i = 0; i < Descriptors / 2 && _random.Next(16) != 0 && _process.Find(fd) is not T; i++)
        {
            fd = _random.Next(Descriptors);
        }

        return fd;
    }

    /// <summary>A descriptor that knows the request, mostly.</summary>
    private int ChooseFor(uint request) => (request & 0xff) switch
    {
        < 0x40 => Choose<SystemDescriptor>(),
        < 0x80 or 0xa5 or 0xc0 or 0xc7 or 0xe0 => Choose<VmDescriptor>(),
        >= 0xe1 => _random.Next(3) == 0 ? Choose<VcpuDescriptor>() : Choose<DeviceDescriptor>(),
        0xa3 or 0xce => _random.Next(3) == 0 ? Choose<VcpuDescriptor>() : Choose<VmDescriptor>(),
        _ => Choose<VcpuDescriptor>(),
    };

    private int Ioctl()
    {
        uint request = _arguments.Request();
        int fd = ChooseFor(request);
        if (RandomArguments.TakesNumber(request))
        {
            return _process.Ioctl(fd, request, _arguments.Number(request));
        }

        byte* argument = _buffer;
        byte* inner = argument + RandomArguments.Size;
        _arguments.Fill(request, new Span<byte>(argument, RandomArguments.Size), (nint)inner);
        nint address = _random.Next(40) switch
        {
            0 => 0,
            1 => RandomArguments.Nowhere(_random),
            2 => (nint)(inner + RandomArguments.Size - 8), // ends in the hole
            _ => (nint)argument,
        };
        return _process.Ioctl(fd, request, address);
    }

    private void RunVcpu(int fd)
    {
        int result = _process.Ioctl(fd, KvmIoctl.Run, 0);
        HostThread.Current.TakeSignal(KickSignal);
        Exits += result == 0 ? 1 : 0;
        Interrupted += result == -(int)Errno.Intr ? 1 : 0;
        Count(result);
    }

    private void TakeView(int fd)
    {
        int i = _random.Next(Views);
        DropView(i);
        int bytes = _random.Next(1, 0x14000);
        byte* view = _process.Map(
            fd, (ulong)(_random.Next(3) switch { 0 => 0, 1 => 64, _ => _random.Next(80) }), (ulong)bytes);
        _views[i] = ((nint)view, bytes);
    }

    private void DropView(int i)
    {
        if (_views[i].Address != 0)
        {
            Count(_process.Unmap((byte*)_views[i].Address));
            _views[i] = default;
        }
    }

    /// <summary>
    /// User space writes nonsense to what it shares with the hypervisor; holes in a view stay untouched.
    /// </summary>
    private void Scribble((nint Address, int Bytes) view)
    {
        Span<byte> bytes = stackalloc byte[_random.Next(1, 32)];
        _random.NextBytes(bytes);
        if (view.Address != 0 && view.Bytes > bytes.Length)
        {
            int at = _random.Next(2) == 0 ? _random.Next(64) : _random.Next(view.Bytes);
            ProcessMemory.TryWrite(view.Address + Math.Min(at, view.Bytes - bytes.Length), bytes);
        }
    }

    private void ChangeMemory()
    {
        const ulong page = HostPages.DefaultPageSize;
        ulong start = _ram.Address + ((ulong)_random.Next((int)(_ram.Size / page)) * page);
        switch (_random.Next(3))
        {
            case 0:
                _process.AddressSpace.SwapOut(start, page);
                break;
            case 1:
                _process.AddressSpace.Discard(start, page);
                break;
            default:
                _process.AddressSpace.ClearYoung(start, page, flush: true);
                break;
        }
    }
}
