using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace LaKvm.Memory;

/// <summary>
/// Copies to and from guest memory in which no byte is written twice, and 1, 2, 4 or 8 bytes are one access of the
/// host: so an aligned one is a single access for all cores. The runtime's copies write ends that overlap: what another
/// core has stored between the two writes would be undone.
/// </summary>
public static unsafe class SingleCopy
{
    /// <summary>From this length on it is a block of data, which the runtime copies.</summary>
    private const int Block = 64;

    /// <summary>Copies <paramref name="size"/> bytes.</summary>
    public static void Copy(void* to, void* from, int size)
    {
        switch (size)
        {
            case 1: Move<byte>(to, from); break;
            case 2: Move<ushort>(to, from); break;
            case 4: Move<uint>(to, from); break;
            case 8: Move<ulong>(to, from); break;
            case >= Block: Buffer.MemoryCopy(from, to, size, size); break;
            default: CopyPieces((byte*)to, (byte*)from, size); break;
        }
    }

    /// <summary>Copies a span to another one of its length.</summary>
    public static void Copy(ReadOnlySpan<byte> from, Span<byte> to)
    {
        fixed (byte* target = to[..from.Length], source = from)
        {
            Copy(target, source, from.Length);
        }
    }

    private static void CopyPieces(byte* to, byte* from, int size)
    {
        int done = 0;
        while (size - done >= 16)
        {
            Move<Vector128<byte>>(to + done, from + done);
            done += 16;
        }

        for (int piece = 8; piece > 0; piece >>= 1)
        {
            if (((size - done) & piece) != 0)
            {
                Copy(to + done, from + done, piece);
                done += piece;
            }
        }
    }

    private static void Move<T>(void* to, void* from)
        where T : unmanaged => Unsafe.WriteUnaligned(to, Unsafe.ReadUnaligned<T>(from));
}
