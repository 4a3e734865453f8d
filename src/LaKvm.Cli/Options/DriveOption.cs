namespace LaKvm.Cli;

/// <summary>How the guest may use a drive's file.</summary>
internal enum DriveMode
{
    /// <summary>The guest's writes go to the file.</summary>
    ReadWrite,

    /// <summary>The guest sees a write-protected disk.</summary>
    ReadOnly,

    /// <summary>
    /// The guest's writes go to a temporary file that ends with the process; the image is not touched.
    /// </summary>
    Snapshot,
}

/// <summary>One <c>--drive FILE[,readonly|,snapshot]</c>.</summary>
internal sealed record DriveOption(string Path, DriveMode Mode)
{
    /// <summary>The format that does not count as one: the disk's bytes.</summary>
    internal const string RawFormat = "raw";

    /// <summary>QEMU's name of the image's format, if the user says it; else content and name tell.</summary>
    internal string? Format { get; init; }

    /// <summary>Parses the option's value. The last comma separates, so that a file name may hold others.</summary>
    /// <exception cref="UserErrorException">The word behind the comma is unknown, or there is no file name.</exception>
    internal static DriveOption Parse(string text)
    {
        int comma = text.LastIndexOf(',');
        string path = comma < 0 || File.Exists(text) ? text : text[..comma];
        string? mode = path.Length == text.Length ? null : text[(comma + 1)..];
        if (path.Length == 0)
        {
            throw new UserErrorException("--drive needs a file name.", ExitCode.Usage);
        }

        return mode switch
        {
            null => new DriveOption(path, DriveMode.ReadWrite),
            "readonly" => new DriveOption(path, DriveMode.ReadOnly),
            "snapshot" => new DriveOption(path, DriveMode.Snapshot),
            _ => throw new UserErrorException(
                $"--drive knows readonly and snapshot behind the comma, not '{mode}'.", ExitCode.Usage),
        };
    }
}
