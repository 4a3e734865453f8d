using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>The files of /dev/shm: they live in the machine's memory, and go with it.</summary>
internal sealed class SharedFiles
{
    /// <summary>Where they are.</summary>
    internal const string Directory = "/dev/shm/";

    private const int Create = 0x40, Exclusive = 0x80, Truncate = 0x200;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, MemoryContent> _files = [];

    /// <summary>open.</summary>
    internal long Open(HostPages pages, string path, int flags, out UserFile? file)
    {
        file = null;
        lock (_lock)
        {
            bool exists = _files.TryGetValue(path, out MemoryContent? content);
            if (exists && (flags & (Create | Exclusive)) == (Create | Exclusive))
            {
                return Fail.Exist;
            }

            if (!exists && (flags & Create) == 0)
            {
                return Fail.NoEnt;
            }

            content ??= _files[path] = new MemoryContent(pages);
            if ((flags & Truncate) != 0)
            {
                content.SetLength(0);
            }

            file = new MemoryFile(content, path);
            return 0;
        }
    }

    /// <summary>link: a second name.</summary>
    internal long Link(string from, string to)
    {
        lock (_lock)
        {
            if (!_files.TryGetValue(from, out MemoryContent? content))
            {
                return Fail.NoEnt;
            }

            if (!_files.TryAdd(to, content))
            {
                return Fail.Exist;
            }

            content.Hold();
            return 0;
        }
    }

    /// <summary>unlink.</summary>
    internal long Unlink(string path)
    {
        lock (_lock)
        {
            if (!_files.Remove(path, out MemoryContent? content))
            {
                return Fail.NoEnt;
            }

            content.Drop();
            return 0;
        }
    }

    /// <summary>stat.</summary>
    internal long Status(string path, Span<byte> status)
    {
        lock (_lock)
        {
            if (!_files.TryGetValue(path, out MemoryContent? content))
            {
                return Fail.NoEnt;
            }

            StatusBuffer.Fill(status, StatusBuffer.SharedMode, content.Length, content.GetHashCode());
            return 0;
        }
    }
}
