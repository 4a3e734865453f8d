using LaKvm.Running;

namespace LaKvm.Debugger.Tests;

/// <summary>Whatever a debugger sends is answered, and neither the session nor the machine fails.</summary>
public sealed class FuzzTests
{
    private static readonly string[] _packets =
    [
        "qSupported:multiprocess+;swbreak+", "?", "g", "p0", "p21", "p4b", "p1000", "p2005", "P4=1122334455667788",
        "m200000,40", "M300000,2:abcd", "X300000,2:ab", "x200000,10", "Z0,200008,4", "z0,200008,4", "Z1,200008,4",
        "Z2,300000,8",
        "Z3,300000,8", "Z4,300000,8", "z4,300000,8", "Hgp1.1", "Hc-1", "Tp1.1", "qC", "qfThreadInfo", "qsThreadInfo",
        "qThreadExtraInfo,p1.1", "qXfer:features:read:target.xml:0,fff", "qXfer:threads:read::0,fff", "qAttached:1",
        "qRcmd,68656c70", "qRcmd,696e666f20637372 73", "qCRC:200000,100", "qSearch:memory:200000;1000;ab", "vCont?",
        "vCont;s:p1.1", "vCont;r200000,200010:p1.1", "Qqemu.PhyMemMode:1", "Qqemu.PhyMemMode:0",
        "vAttach;2", "qHostInfo",
        "qSymbol::", "!", "vMustReplyEmpty", "G00", "Hgp2.1", "vFile:open:00", "jThreadsInfo", "bc",
    ];

    [Theory]
    [InlineData(Level.Host, 1)]
    [InlineData(Level.Run, 2)]
    public void Packets_of_any_kind_are_answered(Level level, int seed)
    {
        using DebugBench bench = DebugBench.Create(level, "li.d $s0, 0x300000\n1: st.d $s0, $s0, 0\nb 1b");
        bench.Start();
        using RspClient gdb = bench.Connect();
        gdb.Begin();
        var random = new Random(seed);
        for (int n = 0; n < 3000; n++)
        {
            string packet = Damage(_packets[random.Next(_packets.Length)], random);
            if (packet.Length > 0 && !Ends(packet))
            {
                gdb.Ask(packet);
            }
        }

        gdb.Ask("qAttached").Should().Be("1");
        bench.Life.State.Should().Be(MachineState.Paused);
    }

    [Fact]
    public void Bytes_of_any_kind_leave_the_machine_to_the_next_debugger()
    {
        using DebugBench bench = DebugBench.Create(Level.Host, "1: b 1b");
        bench.Start();
        var random = new Random(3);
        for (int n = 0; n < 20; n++)
        {
            using RspClient noise = bench.Connect();
            noise.SendRaw(string.Concat(Enumerable.Range(0, 2000).Select(_ => "$#+-c;sg}\x3\xff0"[random.Next(11)])));
        }

        RspClient? gdb = null;
        DebugBench.WaitUntil(() =>
        {
            gdb?.Dispose();
            gdb = bench.Connect();
            gdb.Send("qSupported:multiprocess+");
            return gdb.Receive().StartsWith("PacketSize", StringComparison.Ordinal);
        });
        gdb!.Ask("?").Should().StartWith("T05");
        gdb.Dispose();
    }

    private static string Damage(string packet, Random random)
    {
        char[] text = packet.ToCharArray();
        for (int n = random.Next(4); n > 0; n--)
        {
            text[random.Next(text.Length)] = (char)random.Next(256);
        }

        string damaged = new(text, 0, random.Next(4) == 0 ? random.Next(text.Length) : text.Length);
        return damaged.Replace("$", "", StringComparison.Ordinal).Replace("#", "", StringComparison.Ordinal)
            .Replace("}", "", StringComparison.Ordinal);
    }

    /// <summary>What is not answered at once, or is the end of the conversation.</summary>
    private static bool Ends(string packet) => packet[0] is 'c' or 'C' or 'D' or 'k' or 'R' or 'S' or 's'
        || packet.StartsWith("vKill", StringComparison.Ordinal) || packet.StartsWith("QStart", StringComparison.Ordinal)
        || (packet.StartsWith("vCont", StringComparison.Ordinal) && packet != "vCont;s:p1.1" && packet != "vCont?");
}
