using LaKvm.Linux;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Backends.NineP;

/// <summary>The requests that make, move and remove names.</summary>
internal sealed class NameRequests(NinePSession session)
{
    // P9_DOTL_AT_REMOVEDIR, the same number as Linux's.
    private const uint RemoveDirectory = DirectoryCalls.RemoveDirectory;

    private const int LongestTarget = 4095;

    internal void AddTo(Dictionary<NinePType, NinePHandler> handlers)
    {
        handlers.Add(NinePType.MakeDirectory, MakeDirectory);
        handlers.Add(NinePType.MakeNode, MakeNode);
        handlers.Add(NinePType.SymLink, MakeSymbolicLink);
        handlers.Add(NinePType.ReadLink, ReadSymbolicLink);
        handlers.Add(NinePType.Link, Link);
        handlers.Add(NinePType.Rename, Rename);
        handlers.Add(NinePType.RenameAt, RenameAt);
        handlers.Add(NinePType.UnlinkAt, UnlinkAt);
        handlers.Add(NinePType.Remove, Remove);
    }

    private int MakeDirectory(ref NinePReader request, ref NinePWriter answer)
    {
        int error = GetPlace(ref request, out Fid directory, out FileName name);
        uint mode = request.Word(), group = request.Word();
        error = Checked(error, request);
        error = error != 0 ? error : DirectoryCalls.MakeDirectory(directory.Handle, name, mode & 0x1FF);
        return error != 0 ? error : Finish(directory, name, mode, group, ref answer);
    }

    /// <summary>Makes files, pipes and sockets. Devices are the host's own: a guest makes none there.</summary>
    private int MakeNode(ref NinePReader request, ref NinePWriter answer)
    {
        int error = GetPlace(ref request, out Fid directory, out FileName name);
        uint mode = request.Word();
        request.Double(); // numbers of the device
        uint group = request.Word();
        var kind = (FileKind)(mode & 0xF000);
        error = Checked(error, request);
        error = error != 0 ? error : kind is not (FileKind.Regular or FileKind.Pipe or FileKind.Socket)
            ? LinuxError.NotPermitted
            : DirectoryCalls.MakeNode(directory.Handle, name, (uint)kind | (mode & 0x1FF));
        return error != 0 ? error : Finish(directory, name, mode, group, ref answer);
    }

    private int MakeSymbolicLink(ref NinePReader request, ref NinePWriter answer)
    {
        int error = GetPlace(ref request, out Fid directory, out FileName name);
        ReadOnlySpan<byte> target = request.Text();
        uint group = request.Word();
        error = Checked(error, request);
        error = error != 0 ? error : target.Length > LongestTarget ? LinuxError.NameTooLong
            : target.IsEmpty || target.Contains((byte)0) ? LinuxError.Invalid
            : DirectoryCalls.MakeLink(target, directory.Handle, name);
        return error != 0 ? error : Finish(directory, name, 0, group, ref answer);
    }

    private int ReadSymbolicLink(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.Get(request.Word(), out Fid fid);
        error = error != 0 ? error : fid.Kind == FileKind.SymbolicLink ? 0 : LinuxError.Invalid;
        if (error != 0)
        {
            return error;
        }

        Span<byte> target = stackalloc byte[LongestTarget + 1];
        int length = DirectoryCalls.ReadLink(fid.Handle, target);
        answer.Text(target[..Math.Max(length, 0)]);
        return Math.Max(-length, 0);
    }

    private int Link(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.GetDirectory(request.Word(), out Fid directory);
        int missing = session.Get(request.Word(), out Fid fid);
        error = error != 0 ? error : missing;
        int unusable = request.Name(out FileName name);
        error = error != 0 ? error : unusable;
        return error != 0 ? error : DirectoryCalls.Link(fid.Handle, directory.Handle, name);
    }

    /// <summary>Moves a file to a directory, under a new name.</summary>
    private int Rename(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.Get(request.Word(), out Fid fid);
        int elsewhere = GetPlace(ref request, out Fid directory, out FileName newName);
        error = error != 0 ? error : elsewhere;
        if (error != 0)
        {
            return error;
        }

        error = session.Locate(fid.Handle, out SafeFileHandle parent, out FileName name);
        using (parent)
        {
            return error != 0 ? error : DirectoryCalls.Rename(parent, name, directory.Handle, newName);
        }
    }

    private int RenameAt(ref NinePReader request, ref NinePWriter answer)
    {
        int error = GetPlace(ref request, out Fid from, out FileName name);
        int elsewhere = GetPlace(ref request, out Fid to, out FileName newName);
        error = error != 0 ? error : elsewhere;
        return error != 0 ? error : DirectoryCalls.Rename(from.Handle, name, to.Handle, newName);
    }

    private int UnlinkAt(ref NinePReader request, ref NinePWriter answer)
    {
        int error = GetPlace(ref request, out Fid directory, out FileName name);
        uint flags = request.Word();
        error = Checked(error, request);
        return error != 0 ? error : DirectoryCalls.Unlink(directory.Handle, name, (int)(flags & RemoveDirectory));
    }

    /// <summary>Removes a file and takes its number back, even if the file stays.</summary>
    private int Remove(ref NinePReader request, ref NinePWriter answer)
    {
        using Fid? fid = session.Fids.Remove(request.Word());
        if (fid == null || session.ReadOnly)
        {
            return fid == null ? LinuxError.BadDescriptor : LinuxError.ReadOnlyFileSystem;
        }

        int error = session.Locate(fid.Handle, out SafeFileHandle parent, out FileName name);
        using (parent)
        {
            int flags = fid.Kind == FileKind.Directory ? DirectoryCalls.RemoveDirectory : 0;
            return error != 0 ? error : DirectoryCalls.Unlink(parent, name, flags);
        }
    }

    private static int Checked(int error, in NinePReader request) => request.IsWhole ? error : LinuxError.Protocol;

    private int GetPlace(ref NinePReader request, out Fid directory, out FileName name)
    {
        int error = session.GetDirectory(request.Word(), out directory);
        int unusable = request.Name(out name);
        return error != 0 ? error : unusable;
    }

    private int Finish(Fid directory, in FileName name, uint mode, uint group, ref NinePWriter answer)
    {
        int error = session.Adopt(directory, name, mode, group, out Qid qid);
        answer.Qid(qid);
        return error;
    }
}
