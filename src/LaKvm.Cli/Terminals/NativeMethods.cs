using System.Runtime.InteropServices;

namespace LaKvm.Cli;

/// <summary>struct termios of Linux's C libraries: the four flag words are all that is looked at.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Termios
{
    internal uint InputFlags;
    internal uint OutputFlags;
    internal uint ControlFlags;
    internal uint LocalFlags;
    private fixed byte _rest[64];
}

/// <summary>The C library calls behind the terminal.</summary>
internal static partial class NativeMethods
{
    internal const int StandardInput = 0, StandardOutput = 1, StandardError = 2;

    /// <summary>Change after all output has been written (TCSADRAIN).</summary>
    internal const int AfterOutput = 1;

    /// <summary>OPOST: the terminal adds a carriage return to the line feeds of our own messages.</summary>
    internal const uint PostProcessOutput = 1;

    private const int Interrupted = 4, TryAgain = 11;

    private const short Readable = 1, Writable = 4;

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    internal static partial int GetAttributes(int fd, out Termios attributes);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    internal static partial int SetAttributes(int fd, int when, in Termios attributes);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    internal static partial void MakeRaw(ref Termios attributes);

    /// <summary>Reads what has arrived; waits for the first byte. 0 at the end of the input, negative on an error.</summary>
    internal static unsafe int Read(int fd, Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            nint count;
            do
            {
                count = Read(fd, pointer, (nuint)buffer.Length);
            }
            while (count < 0 && IsTransient(fd, Readable));
            return (int)count;
        }
    }

    /// <summary>Writes all bytes; false when nobody can read them any more.</summary>
    internal static unsafe bool WriteAll(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* pointer = bytes)
        {
            nint done = 0;
            while (done < bytes.Length)
            {
                nint count = Write(fd, pointer + done, (nuint)(bytes.Length - done));
                if (count < 0 && !IsTransient(fd, Writable))
                {
                    return false;
                }

                done += Math.Max(count, 0);
            }

            return true;
        }
    }

    // A descriptor shared with another program may have been made non-blocking: then it has to be waited for.
    private static bool IsTransient(int fd, short events)
    {
        int error = Marshal.GetLastPInvokeError();
        if (error == TryAgain)
        {
            var poll = new PollDescriptor { Fd = fd, Events = events };
            _ = Poll(ref poll, 1, -1);
        }

        return error is TryAgain or Interrupted;
    }

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static unsafe partial nint Read(int fd, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint Write(int fd, byte* buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int timeout);

    private struct PollDescriptor
    {
        internal int Fd;
        internal short Events;
        internal short Returned;
    }
}
