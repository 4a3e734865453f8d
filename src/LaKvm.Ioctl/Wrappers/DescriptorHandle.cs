using System.Runtime.CompilerServices;

namespace LaKvm.Ioctl;

/// <summary>A descriptor owned by a typed wrapper, which makes the raw calls and turns errors into exceptions.</summary>
public abstract unsafe class DescriptorHandle : IDisposable
{
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
    public void Dispose()
    {
        if (_fd >= 0)
        {
            Process.Close(_fd);
            _fd = -1;
        }
    }

    /// <summary>The raw call; a negative result is an error number.</summary>
    private protected int TryCall(uint request, nint argument) => _descriptor.Ioctl(Process, request, argument);

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
