using System.Formats.Tar;

namespace LaKvm.Images.Debian;

/// <summary>Reads files out of .deb packages, without unpacking the rest.</summary>
internal static class DebPackage
{
    private static readonly HostTool DpkgDeb = new("dpkg-deb", "dpkg");

    /// <summary>Contents of all regular files that are wanted, by path without leading "./".</summary>
    /// <exception cref="ImageFetchException">dpkg-deb is missing or finds the package damaged.</exception>
    internal static async Task ReadAsync(
        string package, Func<string, bool> wanted, Dictionary<string, byte[]> files, CancellationToken cancel)
    {
        await DpkgDeb.StreamAsync(["--fsys-tarfile", package], async output =>
        {
            using var tar = new TarReader(output);
            while (await tar.GetNextEntryAsync(cancellationToken: cancel) is { } entry)
            {
                string path = entry.Name.StartsWith("./") ? entry.Name[2..] : entry.Name;
                if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile && wanted(path))
                {
                    byte[] contents = new byte[entry.Length];
                    await (entry.DataStream ?? Stream.Null).ReadExactlyAsync(contents, cancel);
                    files[path] = contents;
                }
            }

            // What follows the last entry is padding; dpkg-deb must not die of a closed pipe.
            await output.CopyToAsync(Stream.Null, cancel);
        }, cancel);
    }
}
