using LaKvm.Hypervisor;
using LaKvm.Ioctl;
using LaKvm.Linux;

namespace LaKvm.User;

/// <summary>
/// Calls about sockets, which are the computer's own. Their structures and numbers are those of every architecture that
/// has no older ones, x86-64 among them.
/// </summary>
internal static class SocketGroup
{
    private const int MostAddress = 128, MostOption = 4096, MostBytes = 1 << 20;
    private const int OwnFlags = SocketCalls.CloseOnExec | SocketCalls.NonBlocking;

    internal static void AddTo(CallTable table)
    {
        table.Add("socket", Create);
        table.Add("socketpair", CreatePair);
        table.Add("bind", (UserThread t, in CallArguments a) => WithAddress(t, a, (s, at) =>
            SocketCalls.Bind(s.Number, at)));
        table.Add("connect", (UserThread t, in CallArguments a) => WithAddress(t, a, (s, at) => s.Connect(t, at)));
        table.Add("listen", (UserThread t, in CallArguments a) => With(t, a, (SocketFile s, in CallArguments b) =>
            SocketCalls.Listen(s.Number, b.Int(1))));
        table.Add("accept", (UserThread t, in CallArguments a) => Accept(t, a, 0));
        table.Add("accept4", (UserThread t, in CallArguments a) => Accept(t, a, a.Int(3)));
        table.Add("getsockname", (UserThread t, in CallArguments a) => GetName(t, a, ofPeer: false));
        table.Add("getpeername", (UserThread t, in CallArguments a) => GetName(t, a, ofPeer: true));
        table.Add("setsockopt", SetOption);
        table.Add("getsockopt", GetOption);
        table.Add("shutdown", (UserThread t, in CallArguments a) => With(t, a, (SocketFile s, in CallArguments b) =>
            SocketCalls.Shutdown(s.Number, b.Int(1))));
        table.Add("sendto", SendTo);
        table.Add("recvfrom", ReceiveFrom);
        table.Add("sendmsg", (UserThread t, in CallArguments a) => With(t, a, (SocketFile s, in CallArguments b) =>
            SocketMessage.Send(t, s, b[1], b.Int(2))));
        table.Add("recvmsg", (UserThread t, in CallArguments a) => With(t, a, (SocketFile s, in CallArguments b) =>
            SocketMessage.Receive(t, s, b[1], b.Int(2))));
    }

    /// <summary>
    /// Gives a program an address: as much as it has room for, and how long it is. Nothing for a null pointer.
    /// </summary>
    internal static bool TryGive(UserThread thread, ulong address, ulong lengthAt, ReadOnlySpan<byte> value)
    {
        if (address == 0)
        {
            return true;
        }

        if (!thread.Memory.TryRead(lengthAt, out int room))
        {
            return false;
        }

        return thread.Memory.CopyTo(address, value[..Math.Clamp(room, 0, value.Length)])
            && thread.Memory.TryWrite(lengthAt, value.Length);
    }

    private static long Create(UserThread thread, in CallArguments a)
    {
        int type = a.Int(1);
        long fd = SocketCalls.Create(a.Int(0), type | OwnFlags, a.Int(2));
        return fd < 0 ? fd : Install(thread, (int)fd, type);
    }

    /// <summary>The program's own descriptor of a socket; the computer's is always non-blocking.</summary>
    private static long Install(UserThread thread, int fd, int type)
    {
        var socket = new SocketFile(fd);
        socket.Flags = (socket.Flags & ~SocketCalls.NonBlocking) | (type & SocketCalls.NonBlocking);
        return FileGroup.Install(thread, socket, (type & SocketCalls.CloseOnExec) != 0);
    }

    private static long CreatePair(UserThread thread, in CallArguments a)
    {
        Span<int> ends = stackalloc int[2];
        int type = a.Int(1);
        long result = SocketCalls.CreatePair(a.Int(0), type | OwnFlags, a.Int(2), ends);
        if (result < 0)
        {
            return result;
        }

        (int first, int second) = ((int)Install(thread, ends[0], type), (int)Install(thread, ends[1], type));
        return thread.Memory.TryWrite(a[3], first) && thread.Memory.TryWrite(a[3] + 4, second) ? 0 : Fail.Fault;
    }

    private static long Accept(UserThread thread, in CallArguments a, int flags)
    {
        if ((flags & ~OwnFlags) != 0)
        {
            return Fail.Inval;
        }

        (ulong at, ulong lengthAt) = (a[1], a[2]);
        return With(thread, a, (SocketFile socket, in CallArguments _) =>
        {
            byte[] address = new byte[MostAddress];
            long fd = socket.Accept(thread, address, out int length);
            if (fd < 0)
            {
                return fd;
            }

            long own = Install(thread, (int)fd, flags);
            return TryGive(thread, at, lengthAt, address.AsSpan(0, Math.Min(length, MostAddress))) ? own : Fail.Fault;
        });
    }

    private static long GetName(UserThread thread, in CallArguments a, bool ofPeer) =>
        With(thread, a, (SocketFile socket, in CallArguments b) =>
        {
            byte[] address = new byte[MostAddress];
            long result = SocketCalls.GetName(socket.Number, ofPeer, address, out int length);
            return result < 0 ? result
                : TryGive(thread, b[1], b[2], address.AsSpan(0, Math.Min(length, MostAddress))) ? 0 : Fail.Fault;
        });

    private static long SetOption(UserThread thread, in CallArguments a) =>
        With(thread, a, (SocketFile socket, in CallArguments b) =>
        {
            if (b[4] > MostOption)
            {
                return Fail.Inval;
            }

            byte[] value = new byte[(int)b[4]];
            return thread.Memory.CopyFrom(b[3], value)
                ? SocketCalls.SetOption(socket.Number, b.Int(1), b.Int(2), value)
                : Fail.Fault;
        });

    private static long GetOption(UserThread thread, in CallArguments a) =>
        With(thread, a, (SocketFile socket, in CallArguments b) =>
        {
            if (!thread.Memory.TryRead(b[4], out int room))
            {
                return Fail.Fault;
            }

            byte[] value = new byte[Math.Clamp(room, 0, MostOption)];
            long result = SocketCalls.GetOption(socket.Number, b.Int(1), b.Int(2), value, out int length);
            return result < 0 ? result
                : thread.Memory.CopyTo(b[3], value.AsSpan(0, length)) && thread.Memory.TryWrite(b[4], length) ? 0
                : Fail.Fault;
        });

    private static long SendTo(UserThread thread, in CallArguments a) =>
        With(thread, a, (SocketFile socket, in CallArguments b) =>
        {
            byte[] data = new byte[(int)Math.Min(b[2], MostBytes)];
            byte[] address = new byte[b[4] == 0 ? 0 : (int)Math.Min(b[5], MostAddress)];
            return thread.Memory.CopyFrom(b[1], data) && thread.Memory.CopyFrom(b[4], address)
                ? socket.Send(thread, data, address, [], b.Int(3))
                : Fail.Fault;
        });

    private static long ReceiveFrom(UserThread thread, in CallArguments a) =>
        With(thread, a, (SocketFile socket, in CallArguments b) =>
        {
            byte[] data = new byte[(int)Math.Min(b[2], MostBytes)], address = new byte[b[4] == 0 ? 0 : MostAddress];
            long count = socket.Receive(thread, data, address, [], b.Int(3), out (int Address, int, int) sizes);
            int came = (int)Math.Clamp(count, 0, data.Length);
            return count < 0 ? count
                : thread.Memory.CopyTo(b[1], data.AsSpan(0, came))
                    && TryGive(thread, b[4], b[5], address.AsSpan(0, Math.Min(sizes.Address, address.Length)))
                ? count : Fail.Fault;
        });

    private static long WithAddress(UserThread thread, in CallArguments a, Func<SocketFile, byte[], long> call) =>
        With(thread, a, (SocketFile socket, in CallArguments b) =>
        {
            if (b[2] > MostAddress)
            {
                return Fail.Inval;
            }

            byte[] address = new byte[(int)b[2]];
            return thread.Memory.CopyFrom(b[1], address) ? call(socket, address) : Fail.Fault;
        });

    /// <summary>Calls something of a socket: EBADF if it is not open, ENOTSOCK for another file.</summary>
    private static long With(UserThread thread, in CallArguments a, SocketCall call)
    {
        const long notSocket = -88;
        if (thread.Process.Host.Descriptors.Hold(a.Int(0)) is not { } held)
        {
            return Fail.BadF;
        }

        using var reference = new Reference<Descriptor>(held);
        return held is SocketFile socket ? call(socket, a) : notSocket;
    }

    private delegate long SocketCall(SocketFile socket, in CallArguments arguments);
}
