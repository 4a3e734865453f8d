using LaKvm.Linux;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Backends.NineP;

/// <summary>What all requests of a client have in common: the directory, and the numbers for files.</summary>
/// <param name="directory">What is shared.</param>
/// <param name="fids">The client's numbers.</param>
internal sealed class NinePSession(SharedDirectory directory, FidTable fids)
{
    /// <summary>
    /// Access rights that a guest may give: no file becomes one that acts for its owner when somebody of the host runs
    /// it.
    /// </summary>
    private const uint Rights = 0x3FF, DirectoryRights = Rights | 0x400;

    /// <summary>The client's numbers.</summary>
    internal FidTable Fids { get; } = fids;

    /// <summary>What the files are called by.</summary>
    internal QidNumbers Qids { get; } = new();

    /// <summary>The shared directory.</summary>
    internal SafeFileHandle Root => directory.Root;

    /// <summary>Whether nothing may change.</summary>
    internal bool ReadOnly => directory.ReadOnly;

    /// <summary>The rights of a mode that the guest may give.</summary>
    internal static uint RightsOf(uint mode, FileKind kind) =>
        mode & (kind == FileKind.Directory ? DirectoryRights : Rights);

    /// <summary>What a number stands for, which must be a directory.</summary>
    internal int GetDirectory(uint number, out Fid fid)
    {
        if (!Fids.TryGet(number, out Fid? found))
        {
            fid = null!;
            return LinuxError.BadDescriptor;
        }

        fid = found;
        return found.IsDirectory ? 0 : LinuxError.NotDirectory;
    }

    /// <summary>What a number stands for, whatever it is.</summary>
    internal int Get(uint number, out Fid fid)
    {
        bool found = Fids.TryGet(number, out Fid? there);
        fid = there!;
        return found ? 0 : LinuxError.BadDescriptor;
    }

    /// <summary>
    /// Gives what has just been made its owner and rights: those that Linux gave it are the process's own and its
    /// umask's. Only a privileged process can give files to others.
    /// </summary>
    /// <param name="file">The new file, or null for one that has no descriptor yet.</param>
    /// <param name="mode">Its rights.</param>
    /// <param name="user">Its owner.</param>
    /// <param name="group">Its group.</param>
    /// <param name="qid">What the client calls it by.</param>
    internal int Adopt(SafeFileHandle file, uint mode, uint user, uint group, out Qid qid)
    {
        if (Environment.IsPrivilegedProcess)
        {
            _ = DirectoryCalls.SetOwner(file, user, group);
        }

        int error = DirectoryCalls.Status(file, out FileStatus status);
        uint rights = RightsOf(mode, status.Kind);
        if (error == 0 && status.Kind != FileKind.SymbolicLink && RightsOf(status.Mode, status.Kind) != rights)
        {
            error = DirectoryCalls.SetMode(file, rights);
        }

        qid = Qids.Of(status);
        return error;
    }

    /// <summary>As above, of what has been made under a name.</summary>
    internal int Adopt(Fid directory, in FileName name, uint mode, uint group, out Qid qid)
    {
        int error = DirectoryCalls.Open(directory.Handle, name, DirectoryCalls.PathOnly, 0, out SafeFileHandle made);
        using (made)
        {
            qid = default;
            return error != 0 ? error : Adopt(made, mode, directory.User, group, out qid);
        }
    }

    /// <summary>
    /// Finds out where a file is now: the directory, opened from the shared one downwards, and its name there. Files
    /// are held by descriptors, which know where they are, however often somebody has moved them.
    /// </summary>
    internal int Locate(SafeFileHandle file, out SafeFileHandle parent, out FileName name)
    {
        const int longest = 4096;
        Span<byte> root = stackalloc byte[longest], path = stackalloc byte[longest];
        (parent, name) = (new SafeFileHandle(), default);
        int rootLength = DirectoryCalls.PathOf(Root, root), length = DirectoryCalls.PathOf(file, path);
        if (rootLength < 0 || length < 0)
        {
            return LinuxError.Stale;
        }

        root = root[..rootLength].TrimEnd((byte)'/');
        path = path[..length];
        if (!path.StartsWith(root) || path.Length <= root.Length || path[root.Length] != '/')
        {
            return LinuxError.Stale;
        }

        path = path[root.Length..];
        int slash = path.LastIndexOf((byte)'/');
        int error = FileName.Parse(path[(slash + 1)..], out name);
        error = error != 0 ? error : DirectoryCalls.OpenBelow(Root, path[..slash].TrimStart((byte)'/'), out parent);
        return error != 0 ? error : DirectoryCalls.Status(file, out FileStatus there) == 0
            && DirectoryCalls.Status(parent, name, out FileStatus here) == 0 && here.IsSameFile(there)
            ? 0 : LinuxError.Stale;
    }
}
