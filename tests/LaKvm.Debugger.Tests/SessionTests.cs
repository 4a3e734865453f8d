using System.Net.Sockets;
using LaKvm.Running;

namespace LaKvm.Debugger.Tests;

/// <summary>Conversations of a debugger with machines that run, at both levels.</summary>
public sealed class SessionTests
{
    private const int A0 = 4, Pc = 33, Vr0 = 76, Xr0 = 108, F0 = 35;

    private const string Loop = """
            li.d    $s0, 0x300000
            ori     $a0, $zero, 0
        again:
            addi.d  $a0, $a0, 1
        store:
            st.d    $a0, $s0, 0
            bl      leaf
            b       again
        leaf:
            addi.d  $a1, $a1, 2
            ret
        """;

    /// <summary>Core 0 calls core 1 to counts; each counts in its s0.</summary>
    private const string TwoCores = """
            la.local $t0, counts
            ori     $t1, $zero, 1
            slli.d  $t2, $t1, 16            # core 1
            slli.d  $t1, $t1, 31            # blocking
            or      $t2, $t2, $t1
            li.w    $t3, 0x1048             # mailbox 0, high half and low half
            ori     $t4, $t2, 4
            iocsrwr.d $t4, $t3
            slli.d  $t0, $t0, 32
            or      $t0, $t0, $t2
            iocsrwr.d $t0, $t3
            li.w    $t3, 0x1040             # the interrupt
            iocsrwr.w $t2, $t3
        first:
            addi.d  $s0, $s0, 1
            b       first
        counts:
            addi.d  $s0, $s0, 1
            nop
            b       counts
        """;

    public static TheoryData<Level, bool> Machines => new()
    {
        { Level.Host, false }, { Level.Host, true }, { Level.Run, false }, { Level.Run, true },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public void Breakpoint_is_hit_again_and_again_and_steps_lead_away_from_it(Level level, bool interpreter)
    {
        using DebugBench bench = Running(level, interpreter);
        using RspClient gdb = bench.Connect();
        gdb.Begin().Should().StartWith("T05thread:p1.1;core:0;");
        ulong leaf = bench.Labels["leaf"];
        for (int round = 0; round < 10; round++)
        {
            gdb.Ask($"Z0,{leaf:x},4").Should().Be("OK");
            gdb.Ask("vCont;c:p1.-1").Should().Be("T05thread:p1.1;core:0;swbreak:;");
            gdb.ReadRegister(Pc).Should().Be(leaf);
            gdb.Ask($"z0,{leaf:x},4").Should().Be("OK");
            ulong count = gdb.ReadRegister(A0);
            gdb.Ask("vCont;s:p1.1;c:p1.-1").Should().Be("T05thread:p1.1;core:0;");
            gdb.ReadRegister(Pc).Should().Be(leaf + 4);
            gdb.Ask("vCont;s:p1.1").Should().StartWith("T05");
            gdb.ReadRegister(Pc).Should().Be(bench.Labels["store"] + 8);
            gdb.Ask("vCont;s:p1.1").Should().StartWith("T05");
            gdb.Ask("vCont;s:p1.1").Should().StartWith("T05");
            gdb.ReadRegister(A0).Should().Be(count + 1);
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Watchpoint_stops_before_the_store_and_says_where(Level level, bool interpreter)
    {
        using DebugBench bench = Running(level, interpreter);
        using RspClient gdb = bench.Connect();
        gdb.Begin();
        gdb.Ask("Z2,300000,8").Should().Be("OK");

        gdb.Ask("vCont;c").Should().Be("T05thread:p1.1;core:0;watch:300000;");

        gdb.ReadRegister(Pc).Should().Be(bench.Labels["store"]);
        ulong stored = BitConverter.ToUInt64(Convert.FromHexString(gdb.Ask("m300000,8")));
        gdb.ReadRegister(A0).Should().Be(stored + 1);
        gdb.Ask("z2,300000,8").Should().Be("OK");
        gdb.Ask("vCont;s:p1.1").Should().StartWith("T05");
        BitConverter.ToUInt64(Convert.FromHexString(gdb.Ask("m300000,8"))).Should().Be(stored + 1);
    }

    [Theory]
    [InlineData(Level.Host)]
    [InlineData(Level.Run)]
    public void Hardware_breakpoint_and_range_step_and_ctrl_c(Level level)
    {
        using DebugBench bench = Running(level);
        using RspClient gdb = bench.Connect();
        gdb.Begin();
        ulong again = bench.Labels["again"], leaf = bench.Labels["leaf"];
        gdb.Ask($"Z1,{again:x},4").Should().Be("OK");
        gdb.Ask("vCont;c").Should().Be("T05thread:p1.1;core:0;hwbreak:;");
        gdb.Ask($"z1,{again:x},4").Should().Be("OK");
        gdb.Ask($"vCont;r{again:x},{again + 12:x}:p1.1").Should().StartWith("T05");
        gdb.ReadRegister(Pc).Should().Be(leaf, "the range ends with the call");
        gdb.Send("vCont;c");
        Thread.Sleep(20);
        gdb.SendRaw("\x3");
        gdb.Receive().Should().Be("T02thread:p1.1;core:0;");
        gdb.Send($"vCont;r0,ffffffffffffffff:p1.1");
        Thread.Sleep(20);
        gdb.SendRaw("\x3");
        gdb.Receive().Should().StartWith("T0");
    }

    [Theory]
    [InlineData(Level.Host)]
    [InlineData(Level.Run)]
    public void Registers_and_memory_that_are_written_are_the_machine_s(Level level)
    {
        using DebugBench bench = Running(level);
        using RspClient gdb = bench.Connect();
        gdb.Begin();
        gdb.Ask($"Z0,{bench.Labels["store"]:x},4");
        gdb.Ask("vCont;c").Should().StartWith("T05");
        gdb.Ask("P4=8877665544332211").Should().Be("OK");
        gdb.Ask($"z0,{bench.Labels["store"]:x},4");
        gdb.Ask("vCont;s:p1.1");
        gdb.Ask("m300000,8").Should().Be("8877665544332211");
        gdb.Ask("M300000,2:abcd").Should().Be("OK");
        gdb.Ask("X300002,3:\x01}\x03\x02").Should().Be("OK", "the escape stands for one byte");
        gdb.Ask("x300000,6").Should().Be("b\xab\xcd\x01\x23\x02\x33");
        gdb.Ask("G" + gdb.Ask("g")).Should().Be("OK");
        gdb.Ask($"P{Xr0:x}={string.Concat(Enumerable.Range(0, 32).Select(n => $"{n:x2}"))}").Should().Be("OK");
        gdb.Ask($"p{Vr0:x}").Should().Be("000102030405060708090a0b0c0d0e0f");
        gdb.Ask($"P{F0:x}=ffffffffffffffff").Should().Be("OK");
        gdb.Ask($"p{Xr0:x}").Should().StartWith("ffffffffffffffff08090a");
        gdb.Ask("P43=01").Should().Be("OK");
        gdb.Ask("p43").Should().Be("01");
        gdb.Ask("P4b=00030000").Should().Be("OK");
        gdb.Ask("p4b").Should().Be("00030000");
        gdb.Ask("p0").Should().Be("0000000000000000");
        gdb.Ask("qCRC:300000,0").Should().Be("Cffffffff");
        gdb.Ask("qSearch:memory:200000;200000;\xab\xcd").Should().Be("1,300000");
    }

    [Fact]
    public void Code_that_a_debugger_changes_is_executed_as_changed()
    {
        using DebugBench bench = Running(Level.Run);
        using RspClient gdb = bench.Connect();
        gdb.Begin();
        uint word = LaKvm.Isa.Assembler.Encode("ori $a0, $zero, 77");
        string code = Convert.ToHexStringLower(BitConverter.GetBytes(word));
        gdb.Ask($"M{bench.Labels["again"]:x},4:{code}").Should().Be("OK");
        gdb.Ask($"Z0,{bench.Labels["again"] + 4:x},4");
        gdb.Ask("vCont;c").Should().StartWith("T05");
        gdb.ReadRegister(A0).Should().Be(77);
    }

    [Theory]
    [InlineData(Level.Host)]
    [InlineData(Level.Run)]
    public void Debugger_that_detaches_or_vanishes_leaves_a_machine_that_runs_without_breakpoints(Level level)
    {
        using DebugBench bench = Running(level);
        for (int round = 0; round < 4; round++)
        {
            using RspClient gdb = bench.Connect();
            gdb.Begin().Should().StartWith("T05");
            bench.Life.State.Should().Be(MachineState.Paused);
            gdb.Ask($"Z0,{bench.Labels["leaf"]:x},4").Should().Be("OK");
            if (round >= 2)
            {
                gdb.Ask("vCont;c").Should().StartWith("T05");
            }

            if (round % 2 == 0)
            {
                gdb.Ask("D;1").Should().Be("OK");
                gdb.IsClosed().Should().BeTrue();
            }
            else
            {
                gdb.Dispose();
            }

            DebugBench.WaitUntil(() => bench.Life.State == MachineState.Running);
            Thread.Sleep(20);
            bench.Life.State.Should().Be(MachineState.Running);
        }
    }

    [Fact]
    public void Second_debugger_is_told_why_it_is_refused()
    {
        using DebugBench bench = Running(Level.Host);
        using RspClient first = bench.Connect();
        first.Begin();
        using RspClient second = bench.Connect();

        second.Send("qSupported:multiprocess+");

        second.Receive().Should().Be("E.another debugger is connected");
        second.IsClosed().Should().BeTrue();
        first.Ask("qC").Should().Be("QCp1.1");
    }

    [Fact]
    public void Debugger_that_stalls_stops_nothing()
    {
        using DebugBench bench = Running(Level.Host);
        using RspClient gdb = bench.Connect();
        gdb.Begin();
        gdb.Send("vCont;c");
        DebugBench.WaitUntil(() => bench.Life.State == MachineState.Running);
        try
        {
            for (int n = 0; n < 100_000 && bench.Life.State == MachineState.Running; n++)
            {
                gdb.SendRaw("$qfThreadInfo#bb"); // and never reads
            }
        }
        catch (SocketException)
        {
            // The server has had enough of it.
        }

        bench.Life.Pause().Should().BeTrue();
        bench.Life.Resume().Should().BeTrue();
    }

    [Theory]
    [InlineData(Level.Host)]
    [InlineData(Level.Run)]
    public void Reset_keeps_the_debugger_with_its_breakpoints(Level level)
    {
        using DebugBench bench = Running(level);
        using RspClient gdb = bench.Connect();
        gdb.Begin();
        gdb.Ask($"Z0,{bench.Labels["store"]:x},4").Should().Be("OK");
        gdb.Monitor("reset").Should().Be("The machine is reset.\n");
        bench.End().Should().Be(MachineEnd.Reset);
        bench.Build(level, Loop);
        bench.Start();
        DebugBench.WaitUntil(() => bench.Life.State == MachineState.Paused);

        gdb.ReadRegister(Pc).Should().Be(DebugBench.Origin);
        gdb.Ask("vCont;c").Should().StartWith("T05");
        (gdb.ReadRegister(Pc), gdb.ReadRegister(A0)).Should().Be((bench.Labels["store"], 1UL));

        bench.Life.Reset();
        bench.End();
        gdb.Ask("m200000,4").Should().Be("E02");
        bench.Server.Finish(3);
        gdb.Receive().Should().Be("W03");
    }

    [Fact]
    public void Debugger_that_comes_before_the_machine_runs_sees_its_first_instruction()
    {
        using DebugBench bench = DebugBench.Create(Level.Host, Loop);
        bench.Life.Pause().Should().BeTrue();
        using RspClient gdb = bench.Connect();
        bench.Start();

        gdb.Begin().Should().StartWith("T05");

        gdb.ReadRegister(Pc).Should().Be(DebugBench.Origin);
        gdb.Ask("vCont;s:p1.1").Should().StartWith("T05");
        gdb.ReadRegister(Pc).Should().Be(DebugBench.Origin + 4);
    }

    [Theory]
    [InlineData(Level.Host, "core 1")]
    [InlineData(Level.Run, "vCPU 1")]
    public void Threads_are_the_cores(Level level, string second)
    {
        using DebugBench bench = DebugBench.Create(level, Loop, cpus: 2);
        bench.Start();
        using RspClient gdb = bench.Connect();
        gdb.Begin();
        gdb.Ask("qfThreadInfo").Should().Be("mp1.1,p1.2");
        gdb.Ask("qsThreadInfo").Should().Be("l");
        gdb.Ask("Hgp1.2").Should().Be("OK");
        gdb.Ask("Tp1.2").Should().Be("OK");
        gdb.Ask("Tp1.3").Should().Be("E02");
        gdb.ReadRegister(A0).Should().NotBe(ulong.MaxValue);
        gdb.Document("threads:read:").Should().Contain($"name=\"{second}\"");
        gdb.Monitor("info cpus").Should().Contain(second);
    }

    [Theory]
    [InlineData(Level.Host)]
    [InlineData(Level.Run)]
    public void Core_that_is_to_go_on_alone_does_so(Level level)
    {
        using DebugBench bench = DebugBench.Create(level, TwoCores, cpus: 2);
        bench.Start();
        using RspClient gdb = bench.Connect();
        gdb.Begin();
        gdb.Ask($"Z0,{bench.Labels["counts"]:x},4").Should().Be("OK");
        gdb.Ask("vCont;c:p1.-1").Should().StartWith("T05thread:p1.2;");
        gdb.Ask($"z0,{bench.Labels["counts"]:x},4");
        ulong other = Counter(gdb, 0);
        for (int n = 0; n < 100; n++)
        {
            gdb.Ask($"Z0,{bench.Labels["counts"] + 4:x},4");
            gdb.Ask("vCont;c:p1.2").Should().StartWith("T05thread:p1.2;");
            gdb.Ask($"z0,{bench.Labels["counts"] + 4:x},4");
            gdb.Ask("vCont;s:p1.2").Should().StartWith("T05thread:p1.2;");
        }

        Counter(gdb, 0).Should().Be(other, "core 0 rests");
        gdb.Send("vCont;c:p1.2");
        DebugBench.WaitUntil(() => bench.Life.State == MachineState.Running);
        Thread.Sleep(20);
        gdb.SendRaw("\x3");
        gdb.Receive().Should().StartWith("T0");
        Counter(gdb, 0).Should().Be(other);
        gdb.Ask("vCont;t").Should().Be("E16", "nothing would go on");
    }

    /// <summary>s0 of a core.</summary>
    private static ulong Counter(RspClient gdb, int core)
    {
        gdb.Ask($"Hgp1.{core + 1}").Should().Be("OK");
        return gdb.ReadRegister(23);
    }

    private static DebugBench Running(Level level, bool interpreter = false)
    {
        DebugBench bench = DebugBench.Create(level, Loop, interpreter: interpreter);
        bench.Start();
        DebugBench.WaitUntil(() => bench.Life.State == MachineState.Running);
        return bench;
    }
}
