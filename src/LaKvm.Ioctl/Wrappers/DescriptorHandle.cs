using System.Runtime.CompilerServices;

namespace LaKvm.Ioctl;

/// <summary>
/// A descriptor owned by a typed wrapper, which makes the raw calls and turns errors into exceptions.
/// </summary>
public abstract unsafe class DescriptorHandle : IDisposable
{
    private const int Closed = -1;

    private readonly Descriptor _descriptor;
    private int _fd;

    private protected DescriptorHandle(HostProcess process, int fd)
    {
        Process = process;
        _fd = fd;
        _descriptor = process.Find(fd)!;
    }

    /// <summary>Raw descriptor.</summary>
    public int Fd => _fd;

    private protected HostProcess Process { get; }

    /// <summary>Closes the descriptor.</summary>
    public virtual void Dispose()
    {
        int fd = Interlocked.Exchange(ref _fd, Closed);
        if (fd != Closed)
        {
            Process.Close(fd);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// The call with an argument that is a number or an address of ours; a negative result is an error number.
    /// </summary>
    private protected int TryCall(uint request, nint argument)
    {
        if (_fd == Closed || !_descriptor.TryHold())
        {
            return -(int)Hypervisor.Errno.BadF;
        }

        try
        {
            return _descriptor.Call(Process, request, new UserPointer(argument, memory: null));
        }
        finally
        {
            _descriptor.Drop();
        }
    }

    private protected int TryCall<T>(uint request, ref T argument)
        where T : unmanaged
    {
        fixed (T* pointer = &argument)
        {
            return TryCall(request, (nint)pointer);
        }
    }

    private protected int Call(uint request, nint argument, [CallerMemberName] string operation = "") =>
        Check(TryCall(request, argument), operation);

    private protected int Call<T>(uint request, ref T argument, [CallerMemberName] string operation = "")
        where T : unmanaged => Check(TryCall(request, ref argument), operation);

    private protected static int Check(int result, string operation) =>
        result >= 0 ? result : throw new KvmException(operation, -result);
}
