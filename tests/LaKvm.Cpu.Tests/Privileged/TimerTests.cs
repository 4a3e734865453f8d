namespace LaKvm.Cpu.Tests.Privileged;

public sealed class TimerTests
{
    private const ulong AllOnes = (1UL << 48) - 1;

    [Fact]
    public void One_shot_fires_once_and_tval_holds_all_ones()
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Tcfg, 400 | 1);
        bench.Core.ReadCsr(Csr.Tcfg).Should().Be(401);
        bench.Clock.Ticks += 100;
        bench.Core.ReadCsr(Csr.Tval).Should().Be(300);
        Pending(bench).Should().BeFalse();
        bench.Clock.Ticks += 300;
        bench.Core.PollTimers();
        Pending(bench).Should().BeTrue();
        bench.Core.ReadCsr(Csr.Tval).Should().Be(AllOnes);

        bench.Csrwr(Csr.Ticlr, 1);
        Pending(bench).Should().BeFalse();
        bench.Clock.Ticks += 1_000_000;
        bench.Core.PollTimers();
        Pending(bench).Should().BeFalse();
        bench.Core.ReadCsr(Csr.Tval).Should().Be(AllOnes);
        bench.Core.TimerDeadline.Should().Be(ulong.MaxValue);
    }

    [Fact]
    public void Periodic_reloads_and_keeps_its_phase()
    {
        using var bench = new TestBench();
        ulong start = bench.Clock.Ticks;
        bench.Csrwr(Csr.Tcfg, 400 | 3);
        for (ulong period = 1; period <= 3; period++)
        {
            bench.Clock.Ticks = start + (period * 400) + 7;
            bench.Core.PollTimers();
            Pending(bench).Should().BeTrue();
            bench.Csrwr(Csr.Ticlr, 1);
            bench.Core.ReadCsr(Csr.Tval).Should().Be(393);
        }

        bench.Clock.Ticks = start + 40_000 + 1;
        bench.Core.PollTimers();
        bench.Core.ReadCsr(Csr.Tval).Should().Be(399);
    }

    [Fact]
    public void Disabling_stops_without_clearing_a_pending_interrupt()
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Tcfg, 40 | 1);
        bench.Clock.Ticks += 40;
        bench.Core.PollTimers();
        bench.Csrwr(Csr.Tcfg, 0);
        Pending(bench).Should().BeTrue();
        bench.Csrwr(Csr.Ticlr, 0);
        Pending(bench).Should().BeTrue();
        bench.Csrwr(Csr.Ticlr, 1);
        Pending(bench).Should().BeFalse();
        bench.Core.ReadCsr(Csr.Ticlr).Should().Be(0);
    }

    [Fact]
    public void Tval_is_read_only_for_root_mode_itself()
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Tcfg, 400 | 1);
        bench.Csrwr(Csr.Tval, 4);
        bench.Core.ReadCsr(Csr.Tval).Should().Be(400);
    }

    [Fact]
    public void Timer_interrupt_is_delivered_as_number_11()
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Eentry, 0x10_0000);
        bench.Csrwr(Csr.Ecfg, (7 << 16) | (1 << 11));
        bench.Csrwr(Csr.Crmd, Crmd.Da | Crmd.Ie);
        bench.Csrwr(Csr.Tcfg, 40 | 1);
        bench.Clock.Ticks += 40;
        bench.Core.PollTimers();
        bench.Core.HandleAttention().Should().Be(Trap.Refetch);
        bench.Pc.Should().Be(0x10_0000 + (75 * 512));
    }

    [Fact]
    public void Rdtime_reads_counter_plus_cntc_and_the_counter_number()
    {
        using var bench = new TestBench();
        bench.Clock.Ticks = 0x1_8000_0005;
        bench.Csrwr(Csr.Tid, 0x8000_0001);
        bench.Csrwr(Csr.Cntc, unchecked((ulong)-5));
        bench.Step(Words.RdtimeD(4, 5));
        bench[4].Should().Be(0x1_8000_0000);
        bench[5].Should().Be(0xffff_ffff_8000_0001);
        bench.Step(Words.Two(0x00006000, 4, 5));
        bench[4].Should().Be(0xffff_ffff_8000_0000, "rdtimel.w sign-extends");
        bench.Step(Words.Two(0x00006400, 4, 0));
        bench[4].Should().Be(1);
        bench[0].Should().Be(0);
    }

    [Theory]
    [InlineData(0x00006800u, false)]
    [InlineData(0x00006800u, true)]
    [InlineData(0x00006000u, true)]
    [InlineData(0x00006400u, true)]
    public void Time_read_at_or_after_a_deadline_comes_with_the_interrupt(uint rdtime, bool due)
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Tcfg, 40 | 1);
        bench.Clock.Ticks += due ? 40u : 39u;
        ulong pc = bench.Pc;

        bench.Step(Words.Two(rdtime, 4, 0)).Should().Be(due ? Trap.Refetch : Trap.None);

        bench.Pc.Should().Be(pc + 4);
        Pending(bench).Should().Be(due);
    }

    [Fact]
    public void Misc_drdtl_forbids_rdtime_at_its_level_only()
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Misc, 1 << 7);
        bench.Step(Words.RdtimeD(4, 5)).Should().Be(Trap.None);
        bench.Csrwr(Csr.Crmd, Crmd.Da | 2);
        bench.Step(Words.RdtimeD(4, 5)).Should().Be(Trap.None);
        bench.Csrwr(Csr.Crmd, Crmd.Da | 3);
        bench.Step(Words.RdtimeD(4, 5)).Should().Be(Trap.Ipe);
    }

    private static bool Pending(TestBench bench) => (bench.Core.ReadCsr(Csr.Estat) & Estat.TiBit) != 0;
}
