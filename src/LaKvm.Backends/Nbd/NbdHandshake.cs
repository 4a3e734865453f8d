using System.Buffers.Binary;
using System.Text;

namespace LaKvm.Backends.Nbd;

/// <summary>What a server says of a disk.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="Flags">What it can do (the specification's transmission flags).</param>
internal readonly record struct NbdExport(ulong Size, ushort Flags)
{
    internal bool IsReadOnly => (Flags & 2) != 0;

    internal bool CanFlush => (Flags & 4) != 0;

    internal bool CanTrim => (Flags & 0x20) != 0;

    internal bool CanWriteZeroes => (Flags & 0x40) != 0;
}

/// <summary>The beginning of a connection: NBD's fixed newstyle negotiation, by its option GO.</summary>
internal static class NbdHandshake
{
    private const ulong ServerMagic = 0x4e42_444d_4147_4943, OptionMagic = 0x4948_4156_454f_5054; // NBDMAGIC, IHAVEOPT
    private const ulong ReplyMagic = 0x0003_e889_0455_65a9;
    private const ushort FixedNewstyle = 1, NoZeroes = 2;
    private const uint Go = 7, Acknowledged = 1, Information = 3, ErrorBit = 0x8000_0000;
    private const int LongestReply = 1 << 16, MostReplies = 64, LongestName = 4096;

    /// <summary>Asks for a disk.</summary>
    /// <exception cref="IOException">The server refuses, or is none that is understood.</exception>
    internal static NbdExport Ask(NbdStream stream, string name)
    {
        byte[] text = Encoding.UTF8.GetBytes(name);
        if (text.Length > LongestName)
        {
            throw new IOException($"the NBD disk's name has more than {LongestName} bytes");
        }

        Greet(stream);
        byte[] option = new byte[16 + 4 + text.Length + 2];
        BinaryPrimitives.WriteUInt64BigEndian(option, OptionMagic);
        BinaryPrimitives.WriteUInt32BigEndian(option.AsSpan(8), Go);
        BinaryPrimitives.WriteInt32BigEndian(option.AsSpan(12), option.Length - 16);
        BinaryPrimitives.WriteInt32BigEndian(option.AsSpan(16), text.Length);
        text.CopyTo(option, 20);
        stream.Send(option);
        return ReadReplies(stream, name);
    }

    private static void Greet(NbdStream stream)
    {
        Span<byte> greeting = stackalloc byte[18];
        stream.Receive(greeting);
        ushort flags = BinaryPrimitives.ReadUInt16BigEndian(greeting[16..]);
        if (BinaryPrimitives.ReadUInt64BigEndian(greeting) != ServerMagic
            || BinaryPrimitives.ReadUInt64BigEndian(greeting[8..]) != OptionMagic || (flags & FixedNewstyle) == 0)
        {
            throw new IOException("there is no NBD server, or one that is too old");
        }

        Span<byte> answer = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(answer, (uint)(flags & (FixedNewstyle | NoZeroes)));
        stream.Send(answer);
    }

    private static NbdExport ReadReplies(NbdStream stream, string name)
    {
        NbdExport? export = null;
        byte[] header = new byte[20];
        for (int count = 0; count < MostReplies; count++)
        {
            stream.Receive(header);
            uint type = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(12));
            uint length = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(16));
            if (BinaryPrimitives.ReadUInt64BigEndian(header) != ReplyMagic || length > LongestReply)
            {
                break;
            }

            byte[] data = new byte[length];
            stream.Receive(data);
            if ((type & ErrorBit) != 0)
            {
                string reason = Encoding.UTF8.GetString(data);
                throw new IOException($"the NBD server has no disk '{name}'{(reason.Length > 0 ? $": {reason}" : "")}");
            }

            export = Read(type, data) ?? export;
            if (type == Acknowledged)
            {
                return export ?? throw new IOException("the NBD server does not say how large its disk is");
            }
        }

        throw new IOException("the NBD server answers something that is no answer");
    }

    /// <summary>The one piece of information that is needed: number 0, size and flags.</summary>
    private static NbdExport? Read(uint type, ReadOnlySpan<byte> data) =>
        type == Information && data.Length >= 12 && BinaryPrimitives.ReadUInt16BigEndian(data) == 0
            ? new NbdExport(
                BinaryPrimitives.ReadUInt64BigEndian(data[2..]), BinaryPrimitives.ReadUInt16BigEndian(data[10..]))
            : null;
}
