using System.Buffers.Binary;
using System.Diagnostics;
using LaKvm.Backends;
using LaKvm.Backends.NineP;
using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

/// <summary>What a client may send that is no client, or means harm.</summary>
public sealed class NinePFuzzTests : IDisposable
{
    private const int Messages = 60_000;

    private readonly string _top = Directory.CreateTempSubdirectory("lakvm-fuzz-").FullName;
    private readonly string _outside;
    private readonly SharedDirectory _directory;

    public NinePFuzzTests()
    {
        string root = Path.Combine(_top, "root");
        _outside = Path.Combine(_top, "outside");
        Directory.CreateDirectory(Path.Combine(root, "a", "b"));
        File.WriteAllText(_outside, "outside");
        File.WriteAllText(Path.Combine(root, "f"), "content");
        File.CreateSymbolicLink(Path.Combine(root, "l"), _top);
        _directory = new SharedDirectory(root, readOnly: false);
    }

    public void Dispose()
    {
        _directory.Dispose();

        // Names that are no text are none of .NET's either.
        using Process remove = Process.Start("rm", ["-rf", _top]);
        remove.WaitForExit();
    }

    /// <summary>
    /// Requests of every type with fields from small pools, so that many of them make sense, some cut or with wrong
    /// sizes: each gets an answer of its own tag, and nothing outside the directory changes.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_message_gets_an_answer(int seed)
    {
        var random = new Random(seed);
        using IShareBackend server = _directory.Serve();
        byte[] answer = new byte[8192];
        int succeeded = 0;
        for (int count = 0; count < Messages; count++)
        {
            byte[] request = Make(random);
            int room = random.Next(20) == 0 ? random.Next(VirtioShare.ShortestAnswer, 64) : answer.Length;

            int length = server.Answer(request, answer.AsSpan(0, room));

            length.Should().BeInRange(VirtioShare.ShortestAnswer - 4, room);
            BinaryPrimitives.ReadInt32LittleEndian(answer).Should().Be(length);
            answer.AsSpan(5, 2).SequenceEqual(request.AsSpan(5, 2)).Should().BeTrue();
            succeeded += answer[4] == 7 ? 0 : 1;
        }

        succeeded.Should().BeGreaterThan(Messages / 20, "most of the code is behind the first checks");
        File.ReadAllText(_outside).Should().Be("outside");
        Directory.GetFileSystemEntries(_top).Should().HaveCount(2);
    }

    private static byte[] Make(Random random)
    {
        NinePType[] types = Enum.GetValues<NinePType>();
        NinePType type = types[random.Next(types.Length)];
        byte[] request = type switch
        {
            NinePType.Version when random.Next(50) != 0 => NinePClient.Request(NinePType.Clunk, Fid(random)),
            NinePType.Version => NinePClient.Request(type, (uint)random.Next(0, 9000), "9P2000.L"),
            NinePType.Attach => NinePClient.Request(type, Fid(random), uint.MaxValue, "", Name(random), 0u),
            NinePType.Walk => Walk(random),
            NinePType.Open => NinePClient.Request(type, Fid(random), Flags(random)),
            NinePType.Create => NinePClient.Request(type, Fid(random), Name(random), Flags(random), Mode(random), 0u),
            NinePType.MakeDirectory => NinePClient.Request(type, Fid(random), Name(random), Mode(random), 0u),
            NinePType.MakeNode => NinePClient.Request(type, Fid(random), Name(random), Mode(random), 1u, 1u, 0u),
            NinePType.SymLink => NinePClient.Request(type, Fid(random), Name(random), Name(random), 0u),
            NinePType.Link => NinePClient.Request(type, Fid(random), Fid(random), Name(random)),
            NinePType.Rename => NinePClient.Request(type, Fid(random), Fid(random), Name(random)),
            NinePType.RenameAt => NinePClient.Request(type, Fid(random), Name(random), Fid(random), Name(random)),
            NinePType.UnlinkAt => NinePClient.Request(type, Fid(random), Name(random), (uint)random.Next(2) * 0x200),
            NinePType.Read or NinePType.ReadDirectory =>
                NinePClient.Request(type, Fid(random), Offset(random), (uint)random.Next(9000)),
            NinePType.Write => NinePClient.Request(type, Fid(random), Offset(random), new byte[random.Next(100)]),
            NinePType.AttributeWalk =>
                NinePClient.Request(type, Fid(random), Fid(random), random.Next(2) == 0 ? "" : "user.a"),
            NinePType.AttributeCreate => NinePClient.Request(type, Fid(random), "user.a", (ulong)random.Next(9), 0u),
            NinePType.SetAttributes => NinePClient.Request(type, Fid(random), (uint)random.Next(0x200), Mode(random),
                0u, 0u, Offset(random), 0ul, 0ul, 0ul, 0ul),
            _ => NinePClient.Request(type, Fid(random), (ulong)random.NextInt64(), (ulong)random.NextInt64()),
        };
        return random.Next(10) == 0 ? Damage(request, random) : request;
    }

    private static byte[] Walk(Random random)
    {
        object[] names = [.. Enumerable.Range(0, random.Next(4)).Select(_ => Name(random))];
        return NinePClient.Request(NinePType.Walk, [Fid(random), Fid(random), (ushort)names.Length, .. names]);
    }

    private static byte[] Damage(byte[] request, Random random)
    {
        switch (random.Next(3))
        {
            case 0:
                return request[..random.Next(7, request.Length + 1)];
            case 1:
                request[random.Next(request.Length)] ^= (byte)(1 << random.Next(8));
                return request;
            default:
                BinaryPrimitives.WriteUInt32LittleEndian(request, (uint)random.NextInt64());
                return request;
        }
    }

    private static uint Fid(Random random) => random.Next(30) == 0 ? (uint)random.NextInt64() : (uint)random.Next(6);

    private static uint Flags(Random random) =>
        random.Next(2) == 0 ? (uint)random.Next(3) : (uint)random.NextInt64();

    private static uint Mode(Random random) => (uint)random.Next(0x10000) | 0x1c0;

    private static ulong Offset(Random random) =>
        random.Next(10) == 0 ? (ulong)random.NextInt64() << 1 : (ulong)random.Next(5000);

    private static string Name(Random random)
    {
        string[] names = ["a", "b", "f", "l", "g", "..", ".", "", "a/b", "../outside", "outside", "x\0y",
            new('n', 255), new('n', 256), "\u00c3\u00bf"];
        return names[random.Next(names.Length)];
    }
}
