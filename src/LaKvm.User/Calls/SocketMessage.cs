using System.Runtime.InteropServices;
using LaKvm.Hypervisor;
using LaKvm.Ioctl;

namespace LaKvm.User;

/// <summary>
/// A message of sendmsg and recvmsg in a program's memory (struct msghdr): address, pieces of data, control data, which
/// may pass descriptors on (SCM_RIGHTS): those of the computer's files, and of what there is a descriptor of the
/// computer's for.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SocketMessage
{
    private const int MostVectors = 1024, MostBytes = 1 << 20, MostControl = 4096, MostAddress = 128;
    private const int ControlHeader = 16, SocketLevel = 1, PassedDescriptors = 1;
    private const int CloseOnExecFlag = 0x4000_0000; // MSG_CMSG_CLOEXEC

    private ulong _name;
    private uint _nameLength;
    private ulong _vectors;
    private ulong _vectorCount;
    private ulong _control;
    private ulong _controlLength;
    private int _flags;

    /// <summary>sendmsg.</summary>
    internal static long Send(UserThread thread, SocketFile socket, ulong at, int flags)
    {
        if (!thread.Memory.TryRead(at, out SocketMessage message)
            || message.Pieces(thread) is not { } pieces)
        {
            return Fail.Fault;
        }

        byte[] data = new byte[pieces.Sum(piece => piece.Length)];
        byte[] address = new byte[message._name == 0 ? 0 : Math.Min((int)message._nameLength, MostAddress)];
        byte[] control = new byte[(int)Math.Min(message._controlLength, MostControl)];
        int done = 0;
        foreach ((ulong from, int length) in pieces)
        {
            if (!thread.Memory.CopyFrom(from, data.AsSpan(done, length)))
            {
                return Fail.Fault;
            }

            done += length;
        }

        if (!thread.Memory.CopyFrom(message._name, address) || !thread.Memory.CopyFrom(message._control, control))
        {
            return Fail.Fault;
        }

        return TryToHost(thread, control, out List<Descriptor> held)
            ? SendAndDrop(() => socket.Send(thread, data, address, control, flags), held)
            : SendAndDrop(() => Fail.BadF, held);
    }

    /// <summary>recvmsg.</summary>
    internal static long Receive(UserThread thread, SocketFile socket, ulong at, int flags)
    {
        if (!thread.Memory.TryRead(at, out SocketMessage message) || message.Pieces(thread) is not { } pieces)
        {
            return Fail.Fault;
        }

        byte[] data = new byte[pieces.Sum(piece => piece.Length)];
        byte[] address = new byte[message._name == 0 ? 0 : MostAddress];
        byte[] control = new byte[(int)Math.Min(message._controlLength, MostControl)];
        long count = socket.Receive(thread, data, address, control, flags | CloseOnExecFlag,
            out (int Address, int Control, int Flags) sizes);
        if (count < 0)
        {
            return count;
        }

        FromHost(thread, control.AsSpan(0, sizes.Control), (flags & CloseOnExecFlag) != 0);
        message._nameLength = (uint)sizes.Address;
        message._controlLength = (ulong)sizes.Control;
        message._flags = sizes.Flags & ~CloseOnExecFlag;
        int given = Math.Min(sizes.Address, address.Length);
        return Scatter(thread, pieces, data.AsSpan(0, (int)Math.Min(count, data.Length)))
            && thread.Memory.CopyTo(message._name, address.AsSpan(0, given))
            && thread.Memory.CopyTo(message._control, control.AsSpan(0, sizes.Control))
            && thread.Memory.TryWrite(at, message)
            ? count : Fail.Fault;
    }

    private static long SendAndDrop(Func<long> send, List<Descriptor> held)
    {
        long result = send();
        held.ForEach(file => file.Drop());
        return result;
    }

    private static bool Scatter(UserThread thread, List<(ulong Address, int Length)> pieces, ReadOnlySpan<byte> data)
    {
        foreach ((ulong to, int length) in pieces)
        {
            int part = Math.Min(length, data.Length);
            if (!thread.Memory.CopyTo(to, data[..part]))
            {
                return false;
            }

            data = data[part..];
        }

        return true;
    }

    /// <summary>Replaces a program's descriptors by the computer's; false if one has none.</summary>
    private static bool TryToHost(UserThread thread, Span<byte> control, out List<Descriptor> held)
    {
        List<Descriptor> kept = held = [];
        bool all = true;
        EachDescriptor(control, fd =>
        {
            if (thread.Process.Host.Descriptors.Hold(fd) is { } file)
            {
                kept.Add(file);
                if (file is UserFile { Number: >= 0 } known)
                {
                    return known.Number;
                }
            }

            all = false;
            return fd;
        });
        return all;
    }

    /// <summary>Gives the program descriptors of its own for those that came.</summary>
    private static void FromHost(UserThread thread, Span<byte> control, bool closeOnExec) =>
        EachDescriptor(control, fd =>
        {
            HostFile file = HostFile.IsSocket(fd) ? new SocketFile(fd) : new HostFile(fd, "passed");
            return (int)FileGroup.Install(thread, file, closeOnExec);
        });

    private static void EachDescriptor(Span<byte> control, Func<int, int> change)
    {
        while (control.Length >= ControlHeader)
        {
            ulong length = MemoryMarshal.Read<ulong>(control);
            int level = MemoryMarshal.Read<int>(control[8..]), type = MemoryMarshal.Read<int>(control[12..]);
            if (length < ControlHeader || length > (ulong)control.Length)
            {
                return;
            }

            if (level == SocketLevel && type == PassedDescriptors)
            {
                foreach (ref int fd in MemoryMarshal.Cast<byte, int>(control[ControlHeader..(int)length]))
                {
                    fd = change(fd);
                }
            }

            control = control[Math.Min(control.Length, ((int)length + 7) & ~7)..];
        }
    }

    private readonly List<(ulong Address, int Length)>? Pieces(UserThread thread)
    {
        if (_vectorCount > MostVectors)
        {
            return null;
        }

        var vectors = new ulong[2 * (int)_vectorCount];
        if (!thread.Memory.CopyFrom(_vectors, MemoryMarshal.AsBytes(vectors.AsSpan())))
        {
            return null;
        }

        var pieces = new List<(ulong, int)>();
        int room = MostBytes;
        for (int i = 0; i < vectors.Length && room > 0; i += 2)
        {
            int length = (int)Math.Min(vectors[i + 1], (ulong)room);
            pieces.Add((vectors[i], length));
            room -= length;
        }

        return pieces;
    }
}
