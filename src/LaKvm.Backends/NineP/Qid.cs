using LaKvm.Linux;

namespace LaKvm.Backends.NineP;

/// <summary>What the protocol calls a file by: two with one number are one file.</summary>
/// <param name="Type">What it is.</param>
/// <param name="Version">Changes with its content.</param>
/// <param name="Path">Its number.</param>
internal readonly record struct Qid(QidType Type, uint Version, ulong Path);

/// <summary>The kinds that the protocol tells apart.</summary>
internal enum QidType : byte
{
    File = 0,
    SymbolicLink = 2,
    Directory = 0x80,
}

/// <summary>
/// Makes qids. Below a shared directory there may be several file systems, each of which numbers its files: the number
/// of the file system goes into the topmost bits, which inodes do not use.
/// </summary>
internal sealed class QidNumbers
{
    private readonly Dictionary<ulong, ulong> _devices = [];

    internal Qid Of(in FileStatus status) =>
        new(TypeOf(status.Kind), VersionOf(status), PathOf(status.Device, status.Inode));

    internal static QidType TypeOf(FileKind kind) => kind switch
    {
        FileKind.Directory => QidType.Directory,
        FileKind.SymbolicLink => QidType.SymbolicLink,
        _ => QidType.File,
    };

    internal ulong PathOf(ulong device, ulong inode)
    {
        if (!_devices.TryGetValue(device, out ulong number))
        {
            number = (ulong)_devices.Count;
            _devices.Add(device, number);
        }

        return inode ^ number << 56;
    }

    private static uint VersionOf(in FileStatus status) =>
        (uint)status.Modified.Seconds ^ status.Modified.Nanoseconds ^ (uint)(status.Size << 8);
}
