using System.Runtime.InteropServices;

namespace LaKvm.Linux;

/// <summary>struct termios of Linux's C libraries: the four flag words are all that is looked at.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct Termios
{
    /// <summary>c_iflag.</summary>
    public uint InputFlags;

    /// <summary>c_oflag.</summary>
    public uint OutputFlags;

    /// <summary>c_cflag.</summary>
    public uint ControlFlags;

    /// <summary>c_lflag.</summary>
    public uint LocalFlags;

    private fixed byte _rest[64];
}

/// <summary>Calls about terminals (termios(3)).</summary>
public static partial class TerminalCalls
{
    /// <summary>
    /// Change at once (TCSANOW): waiting for the output would wait for ever on a terminal that is not read.
    /// </summary>
    public const int AtOnce = 0;

    /// <summary>TIOCGWINSZ.</summary>
    private const nuint GetWindowSizeRequest = 0x5413;

    /// <summary>OPOST: the terminal adds a carriage return to the line feeds of our own messages.</summary>
    public const uint PostProcessOutput = 1;

    /// <summary>
    /// Whether the process may read and set a terminal, or the descriptor leads to none: one that does so in the
    /// background is stopped until somebody brings it to the front, and would not hear a signal that ends it.
    /// </summary>
    public static bool IsForeground(int fd) =>
        GetForegroundGroup(fd) is var group && (group < 0 || group == GetGroup());

    /// <summary>tcgetattr: 0 if the descriptor leads to a terminal.</summary>
    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    public static partial int GetAttributes(int fd, out Termios attributes);

    /// <summary>tcsetattr.</summary>
    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    public static partial int SetAttributes(int fd, int when, in Termios attributes);

    /// <summary>cfmakeraw.</summary>
    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    public static partial void MakeRaw(ref Termios attributes);

    /// <summary>Size of a terminal in characters; false if the descriptor leads to none.</summary>
    public static bool GetSize(int fd, out ushort columns, out ushort rows)
    {
        bool isTerminal = GetWindowSize(fd, GetWindowSizeRequest, out WindowSize size) == 0;
        (columns, rows) = (size.Columns, size.Rows);
        return isTerminal;
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int GetWindowSize(int fd, nuint request, out WindowSize size);

    [LibraryImport("libc", EntryPoint = "tcgetpgrp")]
    private static partial int GetForegroundGroup(int fd);

    [LibraryImport("libc", EntryPoint = "getpgrp")]
    private static partial int GetGroup();

    /// <summary>struct winsize.</summary>
    private struct WindowSize
    {
        internal ushort Rows;
        internal ushort Columns;
        private readonly uint _pixels;
    }
}
