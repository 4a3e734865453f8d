using System.Runtime.InteropServices;

namespace LaKvm.Linux;

/// <summary>
/// Calls about sockets, for whoever passes a program's own calls on: results are those of the kernel, a value or a
/// negative error number.
/// </summary>
public static unsafe partial class SocketCalls
{
    /// <summary>MSG_DONTWAIT.</summary>
    public const int DontWait = 0x40;

    /// <summary>MSG_NOSIGNAL: no SIGPIPE for this process.</summary>
    public const int NoSignal = 0x4000;

    /// <summary>SOCK_CLOEXEC and SOCK_NONBLOCK.</summary>
    public const int CloseOnExec = 0x8_0000, NonBlocking = 0x800;

    /// <summary>socket.</summary>
    public static long Create(int domain, int type, int protocol) =>
        DescriptorCalls.Result(CreateRaw(domain, type, protocol));

    /// <summary>socketpair.</summary>
    public static long CreatePair(int domain, int type, int protocol, Span<int> ends)
    {
        fixed (int* pointer = ends)
        {
            return DescriptorCalls.Result(CreatePairRaw(domain, type, protocol, pointer));
        }
    }

    /// <summary>bind.</summary>
    public static long Bind(int fd, ReadOnlySpan<byte> address)
    {
        fixed (byte* pointer = address)
        {
            return DescriptorCalls.Result(BindRaw(fd, pointer, (uint)address.Length));
        }
    }

    /// <summary>connect.</summary>
    public static long Connect(int fd, ReadOnlySpan<byte> address)
    {
        fixed (byte* pointer = address)
        {
            return DescriptorCalls.Result(ConnectRaw(fd, pointer, (uint)address.Length));
        }
    }

    /// <summary>listen.</summary>
    public static long Listen(int fd, int backlog) => DescriptorCalls.Result(ListenRaw(fd, backlog));

    /// <summary>accept4, close-on-exec and non-blocking; <paramref name="length"/> is what the address has.</summary>
    public static long Accept(int fd, Span<byte> address, out int length)
    {
        fixed (byte* pointer = address)
        {
            uint size = (uint)address.Length;
            long result = DescriptorCalls.Result(AcceptRaw(fd, pointer, &size, CloseOnExec | NonBlocking));
            length = (int)size;
            return result;
        }
    }

    /// <summary>getsockname, or getpeername.</summary>
    public static long GetName(int fd, bool ofPeer, Span<byte> address, out int length)
    {
        fixed (byte* pointer = address)
        {
            uint size = (uint)address.Length;
            long result = DescriptorCalls.Result(
                ofPeer ? GetPeerNameRaw(fd, pointer, &size) : GetNameRaw(fd, pointer, &size));
            length = (int)size;
            return result;
        }
    }

    /// <summary>setsockopt.</summary>
    public static long SetOption(int fd, int level, int name, ReadOnlySpan<byte> value)
    {
        fixed (byte* pointer = value)
        {
            return DescriptorCalls.Result(SetOptionRaw(fd, level, name, pointer, (uint)value.Length));
        }
    }

    /// <summary>getsockopt.</summary>
    public static long GetOption(int fd, int level, int name, Span<byte> value, out int length)
    {
        fixed (byte* pointer = value)
        {
            uint size = (uint)value.Length;
            long result = DescriptorCalls.Result(GetOptionRaw(fd, level, name, pointer, &size));
            length = (int)size;
            return result;
        }
    }

    /// <summary>shutdown.</summary>
    public static long Shutdown(int fd, int how) => DescriptorCalls.Result(ShutdownRaw(fd, how));

    /// <summary>sendmsg of one piece of data, which never waits.</summary>
    public static long Send(int fd, ReadOnlySpan<byte> data, ReadOnlySpan<byte> address, ReadOnlySpan<byte> control,
        int flags)
    {
        fixed (byte* bytes = data, name = address, extra = control)
        {
            var vector = new Vector(bytes, (nuint)data.Length);
            var header = new Header
            {
                Name = address.IsEmpty ? null : name,
                NameLength = (uint)address.Length,
                Vectors = &vector,
                VectorCount = 1,
                Control = control.IsEmpty ? null : extra,
                ControlLength = (nuint)control.Length,
            };
            return DescriptorCalls.Result(SendRaw(fd, &header, flags | DontWait | NoSignal));
        }
    }

    /// <summary>
    /// recvmsg of one piece of data, which never waits; <paramref name="sizes"/> are those of address and control data
    /// that came, and the message's flags.
    /// </summary>
    public static long Receive(int fd, Span<byte> data, Span<byte> address, Span<byte> control, int flags,
        out (int Address, int Control, int Flags) sizes)
    {
        fixed (byte* bytes = data, name = address, extra = control)
        {
            var vector = new Vector(bytes, (nuint)data.Length);
            var header = new Header
            {
                Name = address.IsEmpty ? null : name,
                NameLength = (uint)address.Length,
                Vectors = &vector,
                VectorCount = 1,
                Control = control.IsEmpty ? null : extra,
                ControlLength = (nuint)control.Length,
            };
            long result = DescriptorCalls.Result(ReceiveRaw(fd, &header, flags | DontWait));
            sizes = ((int)header.NameLength, (int)header.ControlLength, header.Flags);
            return result;
        }
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int CreateRaw(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int CreatePairRaw(int domain, int type, int protocol, int* ends);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int BindRaw(int fd, void* address, uint length);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int ConnectRaw(int fd, void* address, uint length);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    private static partial int ListenRaw(int fd, int backlog);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    private static partial int AcceptRaw(int fd, void* address, uint* length, int flags);

    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    private static partial int GetNameRaw(int fd, void* address, uint* length);

    [LibraryImport("libc", EntryPoint = "getpeername", SetLastError = true)]
    private static partial int GetPeerNameRaw(int fd, void* address, uint* length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOptionRaw(int fd, int level, int name, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    private static partial int GetOptionRaw(int fd, int level, int name, void* value, uint* length);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    private static partial int ShutdownRaw(int fd, int how);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendRaw(int fd, void* message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveRaw(int fd, void* message, int flags);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Vector(void* address, nuint length)
    {
        private readonly void* _address = address;
        private readonly nuint _length = length;
    }

    /// <summary>struct msghdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Header
    {
        public void* Name;
        public uint NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
