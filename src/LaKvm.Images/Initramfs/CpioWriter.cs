using System.Text;

namespace LaKvm.Images.Initramfs;

/// <summary>
/// Writes the archive format Linux unpacks as its first file system: cpio "newc" (Linux
/// Documentation/driver-api/early-userspace/buffer-format.rst). All files belong to root.
/// </summary>
internal sealed class CpioWriter(Stream output) : IDisposable
{
    private const int DirectoryType = 0x4000, FileType = 0x8000, LinkType = 0xa000, CharacterDeviceType = 0x2000;
    private const int Executable = 0x1ed, Readable = 0x1a4; // octal 755, 644

    private readonly HashSet<string> _directories = [];
    private int _inode;

    /// <summary>Adds a file, and the directories it is in.</summary>
    internal void AddFile(string path, ReadOnlySpan<byte> contents, bool executable = false)
    {
        AddParents(path);
        WriteEntry(path, FileType | (executable ? Executable : Readable), contents);
    }

    /// <summary>Adds a directory, and the ones it is in.</summary>
    internal void AddDirectory(string path)
    {
        if (_directories.Add(path))
        {
            AddParents(path);
            WriteEntry(path, DirectoryType | Executable, []);
        }
    }

    /// <summary>Adds a symbolic link.</summary>
    internal void AddLink(string path, string target)
    {
        AddParents(path);
        WriteEntry(path, LinkType | 0x1ff, Encoding.UTF8.GetBytes(target));
    }

    /// <summary>Adds a character device that only root may use.</summary>
    internal void AddCharacterDevice(string path, int major, int minor)
    {
        AddParents(path);
        WriteEntry(path, CharacterDeviceType | 0x180, [], major, minor);
    }

    /// <summary>Ends the archive; the stream stays open.</summary>
    public void Dispose() => WriteEntry("TRAILER!!!", 0, []);

    private void AddParents(string path)
    {
        int slash = path.LastIndexOf('/');
        if (slash > 0)
        {
            AddDirectory(path[..slash]);
        }
    }

    private void WriteEntry(string path, int mode, ReadOnlySpan<byte> contents, int major = 0, int minor = 0)
    {
        byte[] name = Encoding.UTF8.GetBytes(path + "\0");

        // Magic, then 8 hexadecimal digits each: inode mode uid gid links mtime size; device and device number, both in
        // two halves; length of the name; checksum, not used.
        string header = $"070701{_inode++:x8}{mode:x8}{0:x8}{0:x8}{1:x8}{0:x8}{contents.Length:x8}"
            + $"{0:x8}{0:x8}{major:x8}{minor:x8}{name.Length:x8}{0:x8}";
        output.Write(Encoding.ASCII.GetBytes(header));
        output.Write(name);
        Pad(header.Length + name.Length);
        output.Write(contents);
        Pad(contents.Length);
    }

    private void Pad(int length) => output.Write(stackalloc byte[-length & 3]);
}
