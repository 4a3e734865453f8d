using System.Buffers.Binary;
using System.Text;
using LaKvm.Backends;
using LaKvm.Backends.NineP;
using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

/// <summary>Speaks 9P2000.L with a server; an error is an exception with its number.</summary>
internal sealed class NinePClient : IDisposable
{
    public const uint Root = 0;
    private readonly IShareBackend _server;
    private readonly byte[] _answer = new byte[1 << 20];
    private uint _next = 1;

    public NinePClient(SharedDirectory directory)
    {
        _server = directory.Serve();
        Call(NinePType.Version, 1u << 20, "9P2000.L").Text(4).Should().Be("9P2000.L");
        Call(NinePType.Attach, Root, uint.MaxValue, "user", "", 0u);
    }

    public void Dispose() => _server.Dispose();

    /// <summary>Sends a request whose fields have the widths of the values' types.</summary>
    public Answer Call(NinePType type, params object[] fields)
    {
        byte[] request = Request(type, fields);
        int length = _server.Answer(request, _answer);
        byte[] answer = _answer[..length];
        BinaryPrimitives.ReadUInt32LittleEndian(answer).Should().Be((uint)length);
        BinaryPrimitives.ReadUInt16LittleEndian(answer.AsSpan(5)).Should().Be(0x1234);
        if (answer[4] == 7)
        {
            throw new NinePException(BinaryPrimitives.ReadInt32LittleEndian(answer.AsSpan(7)));
        }

        answer[4].Should().Be((byte)(type + 1));
        return new Answer(answer[7..]);
    }

    public static byte[] Request(NinePType type, params object[] fields)
    {
        var bytes = new List<byte> { 0, 0, 0, 0, (byte)type, 0x34, 0x12 };
        foreach (object field in fields)
        {
            bytes.AddRange(field switch
            {
                byte value => [value],
                ushort value => BitConverter.GetBytes(value),
                uint value => BitConverter.GetBytes(value),
                ulong value => BitConverter.GetBytes(value),
                string value => Text(value),
                byte[] value => [.. BitConverter.GetBytes(value.Length), .. value],
                _ => throw new ArgumentException(field.GetType().Name),
            });
        }

        byte[] message = [.. bytes];
        BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
        return message;
    }

    /// <summary>A new number for what names lead to.</summary>
    public uint Walk(params string[] names) => Walk(Root, names);

    public uint Walk(uint from, params string[] names)
    {
        Answer answer = Call(NinePType.Walk, [from, _next, (ushort)names.Length, .. names]);
        return answer.Half(0) == names.Length ? _next++ : throw new NinePException(-1);
    }

    public uint Open(uint flags, params string[] names)
    {
        uint fid = Walk(names);
        Call(NinePType.Open, fid, flags);
        return fid;
    }

    public uint Create(string name, uint mode = 0x1b4, uint flags = 2)
    {
        uint fid = Walk();
        Call(NinePType.Create, fid, name, flags, mode, 0u);
        return fid;
    }

    public void Write(uint fid, string text, ulong offset = 0) =>
        Call(NinePType.Write, fid, offset, Encoding.UTF8.GetBytes(text)).Word(0).Should().Be((uint)text.Length);

    public string Read(uint fid, ulong offset = 0, uint count = 4096)
    {
        Answer answer = Call(NinePType.Read, fid, offset, count);
        return Encoding.UTF8.GetString(answer.Bytes.AsSpan(4, (int)answer.Word(0)));
    }

    /// <summary>Names in a directory, "." and ".." too.</summary>
    public List<string> List(uint fid, uint count = 4096)
    {
        var names = new List<string>();
        ulong offset = 0;
        while (true)
        {
            Answer answer = Call(NinePType.ReadDirectory, fid, offset, count);
            int end = 4 + (int)answer.Word(0);
            if (end == 4)
            {
                return names;
            }

            for (int at = 4; at < end; at += 24 + answer.Half(at + 22))
            {
                offset = answer.Double(at + 13);
                names.Add(answer.Text(at + 22));
            }
        }
    }

    public static int ErrorOf(Action action) => action.Should().Throw<NinePException>().Which.Number;

    private static byte[] Text(string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        return [.. BitConverter.GetBytes((ushort)bytes.Length), .. bytes];
    }

    internal readonly record struct Answer(byte[] Bytes)
    {
        public ushort Half(int at) => BinaryPrimitives.ReadUInt16LittleEndian(Bytes.AsSpan(at));

        public uint Word(int at) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes.AsSpan(at));

        public ulong Double(int at) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes.AsSpan(at));

        public string Text(int at) => Encoding.Latin1.GetString(Bytes.AsSpan(at + 2, Half(at)));
    }
}

internal sealed class NinePException(int number) : Exception($"error {number}")
{
    public int Number { get; } = number;
}
