using Microsoft.Win32.SafeHandles;

namespace LaKvm.Cli;

/// <summary>Finds out about unusable files before anything is started, in words about the option that named them.</summary>
internal static class FileChecks
{
    /// <summary>Requires a regular file or a device that can be opened.</summary>
    /// <exception cref="UserErrorException">It is missing, a directory, or may not be opened.</exception>
    internal static void RequireFile(string option, string path, FileAccess access = FileAccess.Read)
    {
        if (Directory.Exists(path))
        {
            throw new UserErrorException($"{option}: '{path}' is a directory, not a file.");
        }

        if (!File.Exists(path))
        {
            throw new UserErrorException($"{option}: there is no file '{path}'.");
        }

        try
        {
            using FileStream stream = new(path, FileMode.Open, access, FileShare.ReadWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string verb = access == FileAccess.Read ? "read" : "written";
            throw new UserErrorException($"{option}: '{path}' cannot be {verb}: {e.Message}");
        }
    }

    /// <summary>Refuses a disk image in a format of its own: a guest would find its header where it looks for partitions.</summary>
    /// <exception cref="UserErrorException">It is such an image.</exception>
    internal static void RequireRawImage(string option, string path)
    {
        Span<byte> start = stackalloc byte[8];
        using (FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0))
        {
            start = start[..stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        }

        ReadOnlySpan<byte> qcow = [(byte)'Q', (byte)'F', (byte)'I', 0xfb];
        string? format = start.StartsWith(qcow) ? "qcow2" : start.StartsWith("KDMV"u8) ? "vmdk"
            : start.StartsWith("vhdxfile"u8) ? "vhdx" : null;
        if (format != null)
        {
            throw new UserErrorException(
                $"{option}: '{path}' is a {format} image; make a raw one of it: qemu-img convert -f {format} -O raw.");
        }
    }

    /// <summary>Opens a file, pipe or terminal to write to; a file is made, or begun anew.</summary>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    internal static SafeFileHandle OpenForWriting(string option, string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{option}: '{path}' cannot be written: {e.Message}");
        }
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
}
