using LaKvm.Hypervisor;
using LaKvm.Linux;

namespace LaKvm.User;

/// <summary>
/// Locks of fcntl(2): those of the computer's open file, whichever kind the program asks for, since its processes are
/// all in one process of the computer's.
/// </summary>
internal static unsafe class FileLocks
{
    private const int ToOpenFile = 31; // from F_GETLK, F_SETLK, F_SETLKW to F_OFD_...
    private const int Get = 36, Set = 37, SetWait = 38;
    private const int Size = 32, ProcessAt = 24; // struct flock
    private const ulong LookAgain = 5_000_000; // nanoseconds

    internal static long Control(UserThread thread, HostFile? file, int command, ulong address)
    {
        byte[] request = new byte[Size];
        if (file == null || !thread.Memory.CopyFrom(address, request))
        {
            return file == null ? Fail.Inval : Fail.Fault;
        }

        command = command < ToOpenFile ? command + ToOpenFile : command;
        request.AsSpan(ProcessAt).Clear();
        long result = Try(file, command == SetWait ? Set : command, request);
        while (command == SetWait && result == Fail.Again)
        {
            if (thread.Wait(() => null, thread.Process.Kernel.Now + LookAgain) is { } signal)
            {
                return signal;
            }

            result = Try(file, Set, request);
        }

        return result >= 0 && command == Get && !thread.Memory.CopyTo(address, request) ? Fail.Fault : result;
    }

    private static long Try(HostFile file, int command, byte[] request)
    {
        fixed (byte* pointer = request)
        {
            return DescriptorCalls.FileControl(file.Number, command, (nint)pointer);
        }
    }
}
