using System.Text;

namespace LaKvm.Debugger.Tests;

public sealed class PacketTests
{
    [Theory]
    [InlineData("$g#67", "g")]
    [InlineData("noise$m1,2#fc", "m1,2")]
    [InlineData("noise$#00", "")]
    [InlineData("$a}\x03#e1", "a#")]
    public void Packet_is_found(string bytes, string packet) => Feed(bytes).Should().Equal($"Packet {packet}");

    [Theory]
    [InlineData("$g#66")]
    [InlineData("$g#6x")]
    [InlineData("$g#x7")]
    [InlineData("$g}#e4")]
    public void Damaged_packet_is_refused_and_the_next_one_found(string bytes) =>
        Feed(bytes + "$g#67").Should().Equal("BadPacket", "Packet g");

    [Fact]
    public void Packet_that_is_too_long_is_refused_whole()
    {
        string data = new('a', PacketParser.MaxPacket + 1);
        string sum = $"{(byte)(data.Length * 'a'):x2}";
        Feed($"${data}#{sum}$g#67").Should().Equal("BadPacket", "Packet g");
    }

    [Fact]
    public void What_is_between_packets_is_told_apart() =>
        Feed("+-\x03").Should().Equal("Acknowledged", "NotAcknowledged", "Interrupt");

    [Fact]
    public void Any_bytes_are_taken()
    {
        var random = new Random(1);
        var parser = new PacketParser();
        for (int n = 0; n < 1_000_000; n++)
        {
            byte next = random.Next(3) == 0 ? (byte)"$#}+-\x03"[random.Next(6)] : (byte)random.Next(256);
            if (parser.Feed(next) == PacketEvent.Packet)
            {
                parser.Packet.Length.Should().BeLessThanOrEqualTo(PacketParser.MaxPacket);
            }
        }
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(n => (byte)n)];
        var parser = new PacketParser();
        PacketEvent last = PacketEvent.None;
        foreach (byte next in PacketWriter.Write(all))
        {
            last = parser.Feed(next);
        }

        last.Should().Be(PacketEvent.Packet);
        parser.Packet.ToArray().Should().Equal(all);
    }

    private static List<string> Feed(string bytes)
    {
        var parser = new PacketParser();
        var events = new List<string>();
        foreach (byte next in Encoding.Latin1.GetBytes(bytes))
        {
            PacketEvent got = parser.Feed(next);
            if (got != PacketEvent.None)
            {
                string text = got == PacketEvent.Packet ? $" {Encoding.Latin1.GetString(parser.Packet)}" : "";
                events.Add(got + text);
            }
        }

        return events;
    }
}
