using LaKvm.Linux;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Backends.NineP;

/// <summary>
/// The requests about what files have besides their content: rights, owners, times, extended attributes.
/// </summary>
internal sealed class AttributeRequests(NinePSession session)
{
    /// <summary>Most bytes of an extended attribute (XATTR_SIZE_MAX).</summary>
    internal const int LongestValue = 1 << 16;

    // Of struct statx and of the protocol alike.
    private const uint Basic = 0x7ff, Birth = 0x800;

    private const uint SetMode = 1, SetUser = 2, SetGroup = 4, SetSize = 8, SetAccessed = 0x10, SetModified = 0x20,
        AccessedGiven = 0x80, ModifiedGiven = 0x100;

    internal void AddTo(Dictionary<NinePType, NinePHandler> handlers)
    {
        handlers.Add(NinePType.GetAttributes, GetAttributes);
        handlers.Add(NinePType.SetAttributes, SetAttributes);
        handlers.Add(NinePType.AttributeWalk, Walk);
        handlers.Add(NinePType.AttributeCreate, Create);
    }

    /// <summary>Reads from an attribute that a client has walked to: bytes, or the error's negative number.</summary>
    internal static int Read(FidAttribute attribute, ulong offset, Span<byte> room)
    {
        if (attribute.IsNew || offset > (ulong)attribute.Value.Length)
        {
            return attribute.IsNew ? -LinuxError.BadDescriptor : 0;
        }

        int count = Math.Min(room.Length, attribute.Value.Length - (int)offset);
        attribute.Value.AsSpan((int)offset, count).CopyTo(room);
        return count;
    }

    /// <summary>Adds to an attribute that a client is making: bytes, or the error's negative number.</summary>
    internal static int Write(FidAttribute attribute, ulong offset, ReadOnlySpan<byte> data)
    {
        if (!attribute.IsNew || offset != (ulong)attribute.Filled
            || data.Length > attribute.Value.Length - attribute.Filled)
        {
            return attribute.IsNew ? -LinuxError.OutOfRange : -LinuxError.BadDescriptor;
        }

        data.CopyTo(attribute.Value.AsSpan(attribute.Filled));
        attribute.Filled += data.Length;
        return data.Length;
    }

    /// <summary>Carries out what a number stands for, now that it is given back: one of no length is removed.</summary>
    internal static int Finish(Fid fid) => fid.Attribute is not { IsNew: true } attribute ? 0
        : attribute.Filled != attribute.Value.Length ? LinuxError.Invalid
        : attribute.Filled == 0 ? AttributeCalls.Remove(fid.Handle, attribute.Name)
        : AttributeCalls.Set(fid.Handle, attribute.Name, attribute.Value, attribute.Flags);

    private int GetAttributes(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.Get(request.Word(), out Fid fid);
        FileStatus status = default;
        error = error != 0 ? error : DirectoryCalls.Status(fid.Handle, out status);
        answer.Double(Basic | (status.Mask & Birth));
        answer.Qid(session.Qids.Of(status));
        answer.Word(status.Mode);
        answer.Word(status.User);
        answer.Word(status.Group);
        answer.Double(status.Links);

        // As Linux gives device numbers to programs in 32 bits.
        answer.Double((status.NodeMinor & 0xff) | (status.NodeMajor << 8) | ((status.NodeMinor & ~0xffu) << 12));
        answer.Double(status.Size);
        answer.Double(status.BlockSize);
        answer.Double(status.Blocks);
        answer.Time(status.Accessed);
        answer.Time(status.Modified);
        answer.Time(status.Changed);
        answer.Time(status.Born);
        answer.Double(0); // generation
        answer.Double(0); // version of the data
        return error;
    }

    private int SetAttributes(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.Get(request.Word(), out Fid fid);
        uint valid = request.Word(), mode = request.Word(), user = request.Word(), group = request.Word();
        ulong size = request.Double();
        TimeSpec accessed = Time(ref request, valid, SetAccessed, AccessedGiven);
        TimeSpec modified = Time(ref request, valid, SetModified, ModifiedGiven);
        error = !request.IsWhole ? LinuxError.Protocol : error;
        if (error == 0 && (valid & (SetUser | SetGroup)) != 0)
        {
            error = DirectoryCalls.SetOwner(
                fid.Handle,
                (valid & SetUser) != 0 ? user : uint.MaxValue,
                (valid & SetGroup) != 0 ? group : uint.MaxValue);
        }

        if (error == 0 && (valid & SetMode) != 0)
        {
            error = DirectoryCalls.SetMode(fid.Handle, NinePSession.RightsOf(mode, fid.Kind));
        }

        if (error == 0 && (valid & SetSize) != 0)
        {
            error = size > long.MaxValue ? LinuxError.Invalid : DirectoryCalls.SetLength(fid.Handle, size);
        }

        return error == 0 && (valid & (SetAccessed | SetModified)) != 0
            ? DirectoryCalls.SetTimes(fid.Handle, accessed, modified)
            : error;
    }

    private static TimeSpec Time(ref NinePReader request, uint valid, uint set, uint given)
    {
        var time = new TimeSpec((long)request.Double(), (long)request.Double());
        return (valid & set) == 0 ? TimeSpec.AsItIs : (valid & given) == 0 ? TimeSpec.Now : time;
    }

    /// <summary>Gives a number to an attribute's value, or to the list of names: it is read by that then.</summary>
    private int Walk(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.Get(request.Word(), out Fid fid);
        uint number = request.Word();
        ReadOnlySpan<byte> text = request.Text();
        FileName name = default;
        error = !request.IsWhole ? LinuxError.Protocol : error != 0 ? error : session.Fids.CheckFree(number);
        error = error != 0 || text.IsEmpty ? error : IsUsers(text) ? FileName.Parse(text, out name) : LinuxError.NoData;
        if (error != 0)
        {
            return error;
        }

        byte[] room = new byte[LongestValue];
        int length = text.IsEmpty ? AttributeCalls.List(fid.Handle, room) : AttributeCalls.Get(fid.Handle, name, room);
        if (length < 0)
        {
            return -length;
        }

        byte[] value = text.IsEmpty ? UsersNames(room.AsSpan(0, length)) : room[..length];
        error = DirectoryCalls.Duplicate(fid.Handle, out SafeFileHandle handle);
        if (error == 0)
        {
            var attribute = new FidAttribute(name, value, 0, IsNew: false);
            session.Fids.Set(number, new Fid(handle, fid.Kind, fid.Device, fid.User) { Attribute = attribute });
            answer.Double((ulong)value.Length);
        }

        return error;
    }

    private int Create(ref NinePReader request, ref NinePWriter answer)
    {
        int error = session.Get(request.Word(), out Fid fid);
        ReadOnlySpan<byte> text = request.Text();
        ulong size = request.Double();
        uint flags = request.Word();
        FileName name = default;
        error = !request.IsWhole ? LinuxError.Protocol : error != 0 ? error
            : size > LongestValue ? LinuxError.OutOfRange
            : fid.Attribute != null || fid.IsOpen ? LinuxError.BadDescriptor
            : IsUsers(text) ? FileName.Parse(text, out name) : LinuxError.NotSupported;
        if (error == 0)
        {
            fid.Attribute = new FidAttribute(name, new byte[size], (int)flags, IsNew: true);
        }

        return error;
    }

    /// <summary>
    /// Those of the system (rights, capabilities, labels) mean something to the host, and not to the guest.
    /// </summary>
    private static bool IsUsers(ReadOnlySpan<byte> name) => name.StartsWith("user."u8);

    private static byte[] UsersNames(ReadOnlySpan<byte> names)
    {
        var kept = new List<byte>();
        while (!names.IsEmpty)
        {
            int length = names.IndexOf((byte)0) + 1;
            if (length == 0)
            {
                break;
            }

            if (IsUsers(names[..length]))
            {
                kept.AddRange(names[..length]);
            }

            names = names[length..];
        }

        return [.. kept];
    }
}
