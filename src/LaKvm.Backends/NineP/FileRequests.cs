using System.Buffers.Binary;
using LaKvm.Linux;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Backends.NineP;

/// <summary>The requests about open files and directories.</summary>
internal sealed class FileRequests(NinePSession session)
{
    // Of the flags with which a client opens, those that mean something here; the protocol's numbers are those of
    // Linux.
    private const int Flags = FileCalls.WriteOnly | FileCalls.ReadWrite | FileCalls.Truncate | DirectoryCalls.Append
        | DirectoryCalls.FullSync;

    private const int Changes = FileCalls.WriteOnly | FileCalls.ReadWrite | FileCalls.Truncate;
    private const byte Success = 0, Unlocked = 2;

    // struct linux_dirent64: inode, place of the next one, length, kind, name; and what a 9P entry has before its name.
    private const int KernelNameOffset = 19, EntryHeader = 24, SeekStart = 0;

    private readonly byte[] _entries = new byte[1 << 15];

    internal void AddTo(Dictionary<NinePType, NinePHandler> handlers)
    {
        handlers.Add(NinePType.Open, Open);
        handlers.Add(NinePType.Create, Create);
        handlers.Add(NinePType.Read, Read);
        handlers.Add(NinePType.Write, Write);
        handlers.Add(NinePType.ReadDirectory, ReadDirectory);
        handlers.Add(NinePType.Synchronize, Synchronize);
        handlers.Add(NinePType.Lock, Lock);
        handlers.Add(NinePType.GetLock, GetLock);
    }

    /// <summary>
    /// Opens a file or directory. Pipes, sockets and devices are the guest's own affair: it has theirs without asking.
    /// </summary>
    private int Open(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.Get(request.Word(), out Fid fid);
        int flags = (int)request.Word() & Flags;
        error = !request.IsWhole ? LinuxError.Protocol : error;
        error = error != 0 ? error : fid.IsOpen || fid.Attribute != null ? LinuxError.BadDescriptor
            : (flags & Changes) != 0 && session.ReadOnly ? LinuxError.ReadOnlyFileSystem
            : fid.Kind == FileKind.Directory ? (flags & Changes) != 0 ? LinuxError.IsDirectory : 0
            : fid.Kind == FileKind.Regular ? 0 : LinuxError.NoReader;
        return error != 0 ? error : Reopen(fid, fid.Handle, flags, ref answer);
    }

    private int Reopen(Fid fid, SafeFileHandle file, int flags, ref NinePWriter answer)
    {
        int error = DirectoryCalls.Reopen(file, flags, out SafeFileHandle opened);
        return error != 0 ? error : Enter(fid, opened, ref answer);
    }

    private int Enter(Fid fid, SafeFileHandle opened, ref NinePWriter answer)
    {
        int error = DirectoryCalls.Status(opened, out FileStatus status);
        if (error != 0)
        {
            opened.Dispose();
            return error;
        }

        fid.Open(opened, status.Kind);
        answer.Qid(session.Qids.Of(status));
        answer.Word(0); // the client is to choose how much it reads at once
        return 0;
    }

    /// <summary>Makes a file in a directory, and opens it under the directory's number.</summary>
    private int Create(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.GetDirectory(request.Word(), out Fid fid);
        int unusable = request.Name(out FileName name);
        uint wanted = request.Word(), mode = request.Word(), group = request.Word();
        error = !request.IsWhole ? LinuxError.Protocol : error != 0 ? error : unusable;
        if (error != 0 || fid.IsOpen)
        {
            return error != 0 ? error : LinuxError.BadDescriptor;
        }

        int flags = (int)wanted & Flags;
        error = DirectoryCalls.Open(
            fid.Handle, name, flags | FileCalls.Create | FileCalls.Exclusive, mode & 0x1FF, out SafeFileHandle made);
        if (error == LinuxError.Exists && (wanted & FileCalls.Exclusive) == 0)
        {
            return OpenExisting(fid, name, flags, ref answer);
        }

        error = error != 0 ? error : session.Adopt(made, mode, fid.User, group, out _);
        return error != 0 ? error : Enter(fid, made, ref answer);
    }

    private int OpenExisting(Fid fid, in FileName name, int flags, ref NinePWriter answer)
    {
        int error = DirectoryCalls.Open(fid.Handle, name, DirectoryCalls.PathOnly, 0, out SafeFileHandle there);
        using (there)
        {
            FileStatus status = default;
            error = error != 0 ? error : DirectoryCalls.Status(there, out status);
            return error != 0 ? error : status.Kind != FileKind.Regular ? LinuxError.Exists
                : Reopen(fid, there, flags, ref answer);
        }
    }

    private int Read(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.Get(request.Word(), out Fid fid);
        ulong offset = request.Double();
        uint count = request.Word();
        error = !request.IsWhole ? LinuxError.Protocol : error;
        if (error != 0)
        {
            return error;
        }

        int at = answer.Length;
        answer.Later();
        Span<byte> room = answer.Rest;
        room = room[..(int)Math.Min((uint)room.Length, count)];
        int length = fid.Attribute is { } attribute ? AttributeRequests.Read(attribute, offset, room)
            : fid.IsOpenFile ? DirectoryCalls.Read(fid.Handle, room, offset) : -LinuxError.BadDescriptor;
        answer.Data(at, Math.Max(length, 0));
        return Math.Max(-length, 0);
    }

    private int Write(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.Get(request.Word(), out Fid fid);
        ulong offset = request.Double();
        ReadOnlySpan<byte> data = request.Data();
        error = !request.IsWhole ? LinuxError.Protocol : error;
        if (error != 0)
        {
            return error;
        }

        int length = fid.Attribute is { } attribute ? AttributeRequests.Write(attribute, offset, data)
            : fid.IsOpenFile ? DirectoryCalls.Write(fid.Handle, data, offset) : -LinuxError.BadDescriptor;
        answer.Word((uint)Math.Max(length, 0));
        return Math.Max(-length, 0);
    }

    /// <summary>
    /// Entries of a directory from a place on; each says where the next one is. As many as there is room for.
    /// </summary>
    private int ReadDirectory(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.Get(request.Word(), out Fid fid);
        ulong offset = request.Double();
        uint count = request.Word();
        error = !request.IsWhole ? LinuxError.Protocol : error != 0 ? error
            : fid.IsDirectory && fid.IsOpen ? 0 : LinuxError.BadDescriptor;
        if (error != 0)
        {
            return error;
        }

        if (offset != fid.Position && FileCalls.Seek(fid.Handle, (long)offset, SeekStart) < 0)
        {
            return LinuxError.Last;
        }

        fid.Position = offset;
        int at = answer.Length;
        answer.Later();
        int room = (int)Math.Min((uint)answer.Rest.Length, count);
        int read = DirectoryCalls.ReadEntries(fid.Handle, _entries.AsSpan(0, Math.Min(room, _entries.Length)));
        int written = WriteEntries(fid, _entries.AsSpan(0, Math.Max(read, 0)), room, ref answer);
        answer.Data(at, written);
        return read < 0 ? -read : read > 0 && written == 0 ? LinuxError.Invalid : 0;
    }

    private int WriteEntries(Fid fid, ReadOnlySpan<byte> entries, int room, ref NinePWriter answer)
    {
        int start = answer.Length;
        while (!entries.IsEmpty)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(entries[16..]);
            ReadOnlySpan<byte> name = entries[KernelNameOffset..length];
            name = name[..name.IndexOf((byte)0)];
            if (answer.Length - start + EntryHeader + name.Length > room)
            {
                // The rest waits in the kernel for the next request.
                FileCalls.Seek(fid.Handle, (long)fid.Position, SeekStart);
                break;
            }

            WriteEntry(fid, entries, name, ref answer);
            entries = entries[length..];
        }

        return answer.Length - start;
    }

    private void WriteEntry(Fid fid, ReadOnlySpan<byte> entry, ReadOnlySpan<byte> name, ref NinePWriter answer)
    {
        byte kind = entry[18]; // as in a mode, without its rights
        ulong inode = BinaryPrimitives.ReadUInt64LittleEndian(entry);
        fid.Position = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
        answer.Qid(new Qid(QidNumbers.TypeOf((FileKind)(kind << 12)), 0, session.Qids.PathOf(fid.Device, inode)));
        answer.Double(fid.Position);
        answer.Byte(kind);
        answer.Text(name);
    }

    private int Synchronize(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.Get(request.Word(), out Fid fid);
        bool contentOnly = request.Word() != 0;
        return error != 0 ? error
            : fid.IsOpen ? DirectoryCalls.Synchronize(fid.Handle, contentOnly) : LinuxError.BadDescriptor;
    }

    /// <summary>
    /// Linux keeps the locks between its own processes itself and then asks: between guests and host there are none.
    /// </summary>
    private int Lock(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.Get(request.Word(), out _);
        answer.Byte(Success);
        return error;
    }

    private int GetLock(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.Get(request.Word(), out _);
        request.Byte();
        ulong start = request.Double(), length = request.Double();
        uint process = request.Word();
        ReadOnlySpan<byte> client = request.Text();
        answer.Byte(Unlocked);
        answer.Double(start);
        answer.Double(length);
        answer.Word(process);
        answer.Text(client);
        return request.IsWhole ? error : LinuxError.Protocol;
    }
}
