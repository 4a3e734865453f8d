using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>Structures and texts in a program's memory.</summary>
internal static class UserMemoryExtensions
{
    private const int LongestText = 1 << 17; // of an argument (MAX_ARG_STRLEN)

    /// <summary>Copies a structure in; false for a bad address.</summary>
    internal static bool TryRead<T>(this HostAddressSpace memory, ulong address, out T value)
        where T : unmanaged
    {
        Unsafe.SkipInit(out value);
        return memory.CopyFrom(address, MemoryMarshal.AsBytes(new Span<T>(ref value)));
    }

    /// <summary>Copies a structure out; false for a bad address.</summary>
    internal static bool TryWrite<T>(this HostAddressSpace memory, ulong address, in T value)
        where T : unmanaged => memory.CopyTo(address, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    /// <summary>A text that ends with a zero; null for a bad address.</summary>
    internal static string? ReadText(this HostAddressSpace memory, ulong address)
    {
        var bytes = new List<byte>();
        Span<byte> chunk = stackalloc byte[64];
        while (bytes.Count < LongestText)
        {
            // Never beyond a page: the next one may not be there, and need not be.
            Span<byte> part = chunk[..(int)(64 - (address & 63))];
            if (!memory.CopyFrom(address, part))
            {
                return null;
            }

            int end = part.IndexOf((byte)0);
            bytes.AddRange(end < 0 ? part : part[..end]);
            if (end >= 0)
            {
                return Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(bytes));
            }

            address += (ulong)part.Length;
        }

        return null;
    }
}
