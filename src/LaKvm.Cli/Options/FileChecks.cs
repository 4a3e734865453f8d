using LaKvm.Linux;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Cli;

/// <summary>
/// Finds out about unusable files before anything is started, in words about the option that named them.
/// </summary>
internal static class FileChecks
{
    /// <summary>
    /// Requires a regular file or a device that can be opened, or a pipe. Whoever writes to a pipe would notice that it
    /// is opened and closed, and opening it may take for ever: that is left to the one who reads it.
    /// </summary>
    /// <exception cref="UserErrorException">It is missing, a directory, or may not be opened.</exception>
    internal static void RequireReadable(string option, string path)
    {
        if (KindOf(option, path) != FileKind.Pipe)
        {
            RequireOpens(option, path, FileAccess.Read);
        }
    }

    /// <summary>Requires a disk: a regular file or a block device that can be opened.</summary>
    /// <exception cref="UserErrorException">It is missing, something else, or may not be opened.</exception>
    internal static void RequireDisk(string option, string path, FileAccess access)
    {
        if (KindOf(option, path) is not (FileKind.Regular or FileKind.BlockDevice))
        {
            throw new UserErrorException($"{option}: '{path}' is neither a file nor a block device.");
        }

        RequireOpens(option, path, access);
    }

    /// <summary>Requires a directory that can be read.</summary>
    /// <exception cref="UserErrorException">It is missing, something else, or may not be opened.</exception>
    internal static void RequireDirectory(string option, string path)
    {
        if (FileCalls.KindOf(path) is var kind and not FileKind.Directory)
        {
            throw new UserErrorException(
                $"{option}: {(kind == null ? $"there is no directory '{path}'" : $"'{path}' is not a directory")}.");
        }

        RequireOpens(option, path, FileAccess.Read);
    }

    /// <summary>The format of its own that a disk image's content shows; null for a raw one.</summary>
    internal static string? ImageFormat(string path)
    {
        Span<byte> start = stackalloc byte[8];
        using (FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0))
        {
            start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        }

        ReadOnlySpan<byte> qcow = [(byte)'Q', (byte)'F', (byte)'I', 0xfb];
        return start.StartsWith(qcow) ? "qcow2" : start.StartsWith("KDMV"u8) ? "vmdk"
            : start.StartsWith("vhdxfile"u8) ? "vhdx" : null;
    }

    /// <summary>Opens a file, pipe or terminal to write to; a file is made, or begun anew.</summary>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    internal static SafeFileHandle OpenForWriting(string option, string path)
    {
        const int ownerOnly = 0x180; // 0600: what a guest does is nobody else's business
        SafeFileHandle file = FileCalls.Open(
            path, FileCalls.WriteOnly | FileCalls.Create | FileCalls.Truncate, ownerOnly);
        return !file.IsInvalid ? file : throw Unusable(option, path, FileAccess.Write);
    }

    /// <summary>Requires a file that text can be added to; makes it if there is none.</summary>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    internal static void RequireAppendable(string option, string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{option}: '{path}' cannot be written: {e.Message}");
        }
    }

    private static FileKind KindOf(string option, string path) => FileCalls.KindOf(path) switch
    {
        null => throw new UserErrorException($"{option}: there is no file '{path}'."),
        FileKind.Directory => throw new UserErrorException($"{option}: '{path}' is a directory, not a file."),
        { } kind => kind,
    };

    private static void RequireOpens(string option, string path, FileAccess access)
    {
        // Not to wait: devices may take their time, and what is wanted is only an answer.
        int flags = access == FileAccess.Read ? FileCalls.ReadOnly : FileCalls.ReadWrite;
        using SafeFileHandle file = FileCalls.Open(path, flags | FileCalls.NonBlocking);
        if (file.IsInvalid)
        {
            throw Unusable(option, path, access);
        }
    }

    private static UserErrorException Unusable(string option, string path, FileAccess access)
    {
        string verb = access == FileAccess.Read ? "read" : "written";
        return new UserErrorException($"{new LinuxException($"{option}: '{path}' cannot be {verb}").Message}.");
    }
}
