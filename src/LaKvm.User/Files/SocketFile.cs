using LaKvm.Linux;

namespace LaKvm.User;

/// <summary>A socket of the computer's.</summary>
internal sealed class SocketFile(int fd) : HostFile(fd, $"socket:[{fd}]")
{
    private const short Readable = 1, Writable = 4;
    private const int InProgress = -115, SocketLevel = 1, ErrorOption = 4;

    /// <summary>connect: waits until there is a connection, or an error says that there will be none.</summary>
    internal long Connect(UserThread thread, byte[] address)
    {
        long result = SocketCalls.Connect(Number, address);
        if (result != InProgress || IsNonBlocking)
        {
            return result;
        }

        return thread.Wait(() => ReadyEvents(Writable) == 0 ? null : Failure(), null, Number, Writable)!.Value;
    }

    /// <summary>accept: another socket, and the other end's address.</summary>
    internal long Accept(UserThread thread, byte[] address, out int length)
    {
        int size = 0;
        long result = Await(thread, Readable, () => SocketCalls.Accept(Number, address, out size));
        length = size;
        return result;
    }

    /// <summary>sendmsg.</summary>
    internal long Send(UserThread thread, byte[] data, byte[] address, byte[] control, int flags)
    {
        long result = Transfer(thread, Writable, flags, () =>
            SocketCalls.Send(Number, data, address, control, flags));
        if (result == -LinuxError.BrokenPipe && (flags & SocketCalls.NoSignal) == 0)
        {
            thread.Signals.Post(SignalInfo.FromProcess(Signal.Pipe, thread.Process.Id));
        }

        return result;
    }

    /// <summary>recvmsg.</summary>
    internal long Receive(UserThread thread, byte[] data, byte[] address, byte[] control, int flags,
        out (int Address, int Control, int Flags) sizes)
    {
        (int, int, int) came = default;
        long result = Transfer(thread, Readable, flags, () =>
            SocketCalls.Receive(Number, data, address, control, flags, out came));
        sizes = came;
        return result;
    }

    private long Transfer(UserThread thread, short events, int flags, Func<long> attempt) =>
        (flags & SocketCalls.DontWait) != 0 ? attempt() : Await(thread, events, attempt);

    private long Failure()
    {
        byte[] error = new byte[sizeof(int)];
        long result = SocketCalls.GetOption(Number, SocketLevel, ErrorOption, error, out _);
        return result < 0 ? result : -BitConverter.ToInt32(error);
    }
}
