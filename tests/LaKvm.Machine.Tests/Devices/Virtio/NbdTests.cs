using LaKvm.Backends.Nbd;

namespace LaKvm.Machine.Tests;

public class NbdTests
{
    private const ushort HasFlags = 1, IsReadOnly = 2, SendsFlush = 4, SendsTrim = 0x20, SendsZeroes = 0x40;
    private const ushort All = HasFlags | SendsFlush | SendsTrim | SendsZeroes;

    [Fact]
    public void Disk_is_read_and_written_where_it_lies()
    {
        using var server = new NbdServer(1 << 20, All);
        using (var disk = new NbdBackend(server.Connect(), "name", readOnly: false))
        {
            byte[] data = new byte[70_000];
            new Random(1).NextBytes(data);

            disk.Length.Should().Be(1 << 20);
            disk.Write(5120, data);
            byte[] back = new byte[data.Length];
            disk.Read(5120, back);
            disk.Flush();
            disk.Discard(0, 4096);
            disk.TryWriteZeroes(4096, 512, mayDiscard: false).Should().BeTrue();

            back.Should().Equal(data);
            server.Disk.AsSpan(5120, data.Length).SequenceEqual(data).Should().BeTrue();
        }

        server.Requests.Skip(2).Take(3).Should().Equal((3, 0, 0, 0), (4, 0, 0, 4096), (6, 2, 4096, 512));
    }

    [Fact]
    public void Server_that_cannot_do_more_is_asked_for_no_more()
    {
        using var server = new NbdServer(1000, HasFlags | IsReadOnly);
        using var disk = new NbdBackend(server.Connect(), "", readOnly: false);

        disk.ReadOnly.Should().BeTrue();
        disk.Length.Should().Be(512, "of whole sectors");
        disk.Flush();
        disk.Discard(0, 512);
        disk.TryWriteZeroes(0, 512, mayDiscard: true).Should().BeFalse();
        disk.Read(0, new byte[512]);
        server.Requests.Should().HaveCount(1);
    }

    [Fact]
    public void Error_of_the_server_is_one_of_this_request_only()
    {
        using var server = new NbdServer(4096, All) { Error = 28 };
        using var disk = new NbdBackend(server.Connect(), "", readOnly: false);

        Action write = () => disk.Write(0, new byte[512]);
        write.Should().Throw<IOException>().WithMessage("*error 28*");
        server.Error = 0;
        write.Should().NotThrow();
    }

    /// <summary>Bits changed and bytes missing in what the server sends: an error, never another exception.</summary>
    [Theory]
    [InlineData(0, 300)]
    [InlineData(1, 300)]
    [InlineData(2, 300)]
    public void Server_that_talks_nonsense_is_left(int message, int rounds)
    {
        var random = new Random(message);
        int refused = 0;
        for (int round = 0; round < rounds; round++)
        {
            using var server = new NbdServer(
                4096, All, (number, bytes) => number == message ? Damage(bytes, random) : bytes);
            try
            {
                using var disk = new NbdBackend(server.Connect(), "", readOnly: false);
                disk.Read(0, new byte[512]);
            }
            catch (IOException)
            {
                refused++;
            }
        }

        refused.Should().BeGreaterThan(rounds / 10);
    }

    private static byte[] Damage(byte[] bytes, Random random)
    {
        byte[] damaged = [.. bytes];
        damaged[random.Next(Math.Min(40, damaged.Length))] ^= (byte)(1 << random.Next(8));
        return random.Next(2) == 0 ? damaged : damaged[..random.Next(damaged.Length)];
    }
}
