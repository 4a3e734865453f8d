using LaKvm.Linux;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Backends.NineP;

/// <summary>The requests by which a client gets at files: from the shared directory along names.</summary>
internal sealed class TreeRequests(NinePSession session)
{
    private const uint NoFid = uint.MaxValue;
    private const int MostNames = 16;

    private readonly Qid[] _qids = new Qid[MostNames];

    internal void AddTo(Dictionary<NinePType, NinePHandler> handlers)
    {
        handlers.Add(NinePType.Attach, Attach);
        handlers.Add(NinePType.Walk, Walk);
        handlers.Add(NinePType.StatFs, StatFs);
    }

    /// <summary>Gives a number to the shared directory, or one below it.</summary>
    private int Attach(ref NinePReader request, ref NinePWriter answer)
    {
        uint number = request.Word(), authentication = request.Word();
        request.Text();
        ReadOnlySpan<byte> path = request.Text().Trim((byte)'/');
        uint user = request.Word();
        int error = !request.IsWhole ? LinuxError.Protocol : authentication != NoFid ? LinuxError.NotSupported
            : session.Fids.CheckFree(number);
        if (error != 0)
        {
            return error;
        }

        FileStatus status = default;
        error = DirectoryCalls.OpenBelow(session.Root, path, out SafeFileHandle handle);
        error = error != 0 ? error : DirectoryCalls.Status(handle, out status);
        if (error != 0)
        {
            handle.Dispose();
            return error;
        }

        session.Fids.Set(number, new Fid(handle, status, user));
        answer.Qid(session.Qids.Of(status));
        return 0;
    }

    /// <summary>
    /// Gives a number to what some names lead to, one directory below the other. If only the first ones lead somewhere
    /// the client is told how far it went, and the number stands for nothing.
    /// </summary>
    private int Walk(ref NinePReader request, ref NinePWriter answer)
    {
        uint number = request.Word(), newNumber = request.Word();
        int count = request.Half();
        int error = session.Get(number, out Fid start);
        error = !request.IsWhole || count > MostNames ? LinuxError.Protocol : error != 0 ? error
            : start.Attribute != null ? LinuxError.Invalid
            : newNumber == number ? 0 : session.Fids.CheckFree(newNumber);
        if (error != 0)
        {
            return error;
        }

        // A file that has lost its name may still be opened anew by the number of one who has it open.
        error = start.IsOpen ? DirectoryCalls.Reopen(start.Handle, DirectoryCalls.PathOnly, out SafeFileHandle handle)
            : DirectoryCalls.Duplicate(start.Handle, out handle);
        int done = 0;
        while (error == 0 && done < count)
        {
            error = Step(ref request, ref handle, out _qids[done]);
            done += error == 0 ? 1 : 0;
        }

        error = done == 0 || done == count ? error : 0;
        if (error == 0 && done == count)
        {
            error = DirectoryCalls.Status(handle, out FileStatus status);
            session.Fids.Set(newNumber, new Fid(handle, status, start.User));
        }
        else
        {
            handle.Dispose();
        }

        AnswerQids(done, ref answer);
        return error;
    }

    private void AnswerQids(int count, ref NinePWriter answer)
    {
        answer.Half((ushort)count);
        foreach (Qid qid in _qids.AsSpan(0, count))
        {
            answer.Qid(qid);
        }
    }

    /// <summary>Goes on along one name: the handle is then what it leads to.</summary>
    private int Step(ref NinePReader request, ref SafeFileHandle handle, out Qid qid)
    {
        qid = default;
        ReadOnlySpan<byte> text = request.Text();
        if (!request.IsWhole)
        {
            return LinuxError.Protocol;
        }

        int error = Step(text, handle, out SafeFileHandle next, out FileStatus status);
        if (error != 0)
        {
            return error;
        }

        handle.Dispose();
        handle = next;
        qid = session.Qids.Of(status);
        return 0;
    }

    private int Step(ReadOnlySpan<byte> text, SafeFileHandle handle, out SafeFileHandle next, out FileStatus status)
    {
        int error;
        status = default;
        if (text.SequenceEqual(".."u8))
        {
            error = Up(handle, out next);
        }
        else
        {
            next = handle;
            error = FileName.Parse(text, out FileName name);
            error = error != 0 ? error : DirectoryCalls.Open(handle, name, DirectoryCalls.PathOnly, 0, out next);
        }

        return error != 0 ? error : DirectoryCalls.Status(next, out status);
    }

    /// <summary>The directory above, which for the shared one is itself.</summary>
    private int Up(SafeFileHandle handle, out SafeFileHandle parent)
    {
        parent = handle;
        FileStatus here = default;
        int error = DirectoryCalls.Status(session.Root, out FileStatus root);
        error = error != 0 ? error : DirectoryCalls.Status(handle, out here);
        return error != 0 ? error : here.Kind != FileKind.Directory ? LinuxError.NotDirectory
            : here.IsSameFile(root) ? DirectoryCalls.Duplicate(handle, out parent)
            : session.Locate(handle, out parent, out _);
    }

    private int StatFs(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.Get(request.Word(), out Fid fid);
        FileSystemStatus status = default;
        error = error != 0 ? error : DirectoryCalls.FileSystem(fid.Handle, out status);
        answer.Word((uint)status.Type);
        answer.Word((uint)status.BlockSize);
        answer.Double(status.Blocks);
        answer.Double(status.FreeBlocks);
        answer.Double(status.AvailableBlocks);
        answer.Double(status.Files);
        answer.Double(status.FreeFiles);
        answer.Double(status.Id);
        answer.Word((uint)status.LongestName);
        return error;
    }
}
