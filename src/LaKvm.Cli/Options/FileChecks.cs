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
}
