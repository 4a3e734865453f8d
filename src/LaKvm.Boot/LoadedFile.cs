using LaKvm.Devices;

namespace LaKvm.Boot;

/// <summary>
/// A file whose bytes belong at one physical address as they are, as QEMU's loader device takes them.
/// </summary>
public sealed class LoadedFile
{
    private LoadedFile(string path, ulong address, ReadOnlyMemory<byte> contents)
    {
        Path = path;
        Contents = contents;
        Segment = new StoredSegment(address, (ulong)contents.Length, contents);
    }

    /// <summary>Where it came from, for messages.</summary>
    public string Path { get; }

    /// <summary>Where it belongs.</summary>
    public RamRange Range => Segment.Range;

    internal ReadOnlyMemory<byte> Contents { get; }

    internal KernelSegment Segment { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="address">Physical address of the first byte, or an address in a window: the low 48 bits
    /// count.</param>
    /// <exception cref="ImageException">The file cannot be read, is empty or too big.</exception>
    public static LoadedFile Load(string path, ulong address)
    {
        try
        {
            byte[] contents = File.ReadAllBytes(path);
            return contents.Length == 0
                ? throw new ImageException($"{path}: The file is empty.")
                : new LoadedFile(path, ImageReader.Physical(address), contents);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ImageException($"{path} cannot be read: {e.Message}", e);
        }
    }
}
