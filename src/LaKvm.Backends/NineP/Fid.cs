using LaKvm.Linux;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Backends.NineP;

/// <summary>What a client's number stands for: a file, which it may have opened, or an attribute of one.</summary>
internal sealed class Fid : IDisposable
{
    internal Fid(SafeFileHandle handle, in FileStatus status, uint user)
        : this(handle, status.Kind, status.Device, user)
    {
    }

    internal Fid(SafeFileHandle handle, FileKind kind, ulong device, uint user) =>
        (Handle, Kind, Device, User) = (handle, kind, device, user);

    /// <summary>The file: by its place only (O_PATH) until it is opened.</summary>
    internal SafeFileHandle Handle { get; private set; }

    /// <summary>What the file is.</summary>
    internal FileKind Kind { get; private set; }

    /// <summary>Its file system.</summary>
    internal ulong Device { get; }

    /// <summary>The guest's user who uses it; new files are his.</summary>
    internal uint User { get; }

    /// <summary>Whether it can be read and written.</summary>
    internal bool IsOpen { get; private set; }

    /// <summary>Of a directory: where its next entry is.</summary>
    internal ulong Position { get; set; }

    /// <summary>The attribute that it stands for, or null.</summary>
    internal FidAttribute? Attribute { get; set; }

    /// <summary>Whether names in it can be looked up.</summary>
    internal bool IsDirectory => Kind == FileKind.Directory && Attribute == null;

    /// <summary>Whether it stands for an open file.</summary>
    internal bool IsOpenFile => IsOpen && Kind == FileKind.Regular;

    /// <summary>Goes over to an open file.</summary>
    internal void Open(SafeFileHandle opened, FileKind kind)
    {
        Handle.Dispose();
        (Handle, Kind, IsOpen) = (opened, kind, true);
    }

    /// <inheritdoc/>
    public void Dispose() => Handle.Dispose();
}

/// <summary>An attribute's value: read from a file, or collected until it is written to one.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">The value.</param>
/// <param name="Flags">Those of setxattr(2) for one to be written.</param>
/// <param name="IsNew">Whether it is to be written.</param>
internal sealed record FidAttribute(FileName Name, byte[] Value, int Flags, bool IsNew)
{
    /// <summary>How much of a new value has come.</summary>
    internal int Filled { get; set; }
}
