using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Linux;

/// <summary>
/// Extended attributes of a file by its descriptor, one of O_PATH included (xattr(7)). Those that return a length
/// return the negative number of an error; an empty destination asks for the length only.
/// </summary>
public static unsafe partial class AttributeCalls
{
    /// <summary>The value of an attribute: its length, or a negative error.</summary>
    public static int Get(SafeFileHandle file, in FileName name, Span<byte> value)
    {
        fixed (byte* bytes = value)
        {
            nint length = GetAttribute(OfDescriptor(file), name, bytes, (nuint)value.Length);
            return length < 0 ? -LinuxError.Last : (int)length;
        }
    }

    /// <summary>The names of all attributes, each with a zero behind it: their length, or a negative error.</summary>
    public static int List(SafeFileHandle file, Span<byte> names)
    {
        fixed (byte* bytes = names)
        {
            nint length = ListAttributes(OfDescriptor(file), bytes, (nuint)names.Length);
            return length < 0 ? -LinuxError.Last : (int)length;
        }
    }

    /// <summary>Sets an attribute: 0 or an error.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    /// <param name="flags">XATTR_CREATE 1, XATTR_REPLACE 2.</param>
    public static int Set(SafeFileHandle file, in FileName name, ReadOnlySpan<byte> value, int flags)
    {
        fixed (byte* bytes = value)
        {
            return SetAttribute(OfDescriptor(file), name, bytes, (nuint)value.Length, flags) == 0 ? 0 : LinuxError.Last;
        }
    }

    /// <summary>Removes an attribute: 0 or an error.</summary>
    public static int Remove(SafeFileHandle file, in FileName name) =>
        RemoveAttribute(OfDescriptor(file), name) == 0 ? 0 : LinuxError.Last;

    private static FileName OfDescriptor(SafeFileHandle file) => FileName.OfDescriptor((int)file.DangerousGetHandle());

    [LibraryImport("libc", EntryPoint = "getxattr", SetLastError = true)]
    private static partial nint GetAttribute(in FileName path, in FileName name, byte* value, nuint size);

    [LibraryImport("libc", EntryPoint = "listxattr", SetLastError = true)]
    private static partial nint ListAttributes(in FileName path, byte* names, nuint size);

    [LibraryImport("libc", EntryPoint = "setxattr", SetLastError = true)]
    private static partial int SetAttribute(in FileName path, in FileName name, byte* value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "removexattr", SetLastError = true)]
    private static partial int RemoveAttribute(in FileName path, in FileName name);
}
