namespace LaKvm.Cpu.Tests.Privileged;

public sealed class ExceptionTests
{
    private const ulong Entry = 0x9000_0000_0010_0000;

    [Theory]
    [InlineData(Trap.Sys, 0xb, 0)]
    [InlineData(Trap.Brk, 0xc, 0)]
    [InlineData(Trap.Ine, 0xd, 0)]
    [InlineData(Trap.Ipe, 0xe, 0)]
    [InlineData(Trap.Fpd, 0xf, 0)]
    [InlineData(Trap.Sxd, 0x10, 0)]
    [InlineData(Trap.Asxd, 0x11, 0)]
    [InlineData(Trap.Fpe, 0x12, 0)]
    [InlineData(Trap.Vfpe, 0x12, 1)]
    [InlineData(Trap.Adem, 0x8, 1)]
    [InlineData(Trap.Ale, 0x9, 0)]
    [InlineData(Trap.Bce, 0xa, 0)]
    [InlineData(Trap.Pme, 0x4, 0)]
    public void General_exception_saves_mode_address_and_codes(Trap trap, ulong ecode, ulong subcode)
    {
        using var bench = Bench(plv: 3);
        ulong pc = bench.Pc;
        Raise(bench, trap, 0x12345678, 0xdead_0000);

        bench.Core.ReadCsr(Csr.Era).Should().Be(pc);
        bench.Core.ReadCsr(Csr.Estat).Should().Be((ecode << 16) | (subcode << 22));
        bench.Core.ReadCsr(Csr.Prmd).Should().Be(0xf, "PLV3, IE and WE are saved");
        bench.Core.ReadCsr(Csr.Crmd).Should().Be(Crmd.Pg);
        bench.Core.ReadCsr(Csr.Badi).Should().Be(0x12345678);
        bench.Pc.Should().Be(Entry + (ecode * 512));
    }

    [Theory]
    [InlineData(Trap.Pil, true)]
    [InlineData(Trap.Pis, true)]
    [InlineData(Trap.Ppi, true)]
    [InlineData(Trap.Adef, true)]
    [InlineData(Trap.Ale, true)]
    [InlineData(Trap.Bce, true)]
    [InlineData(Trap.Sys, false)]
    [InlineData(Trap.Fpe, false)]
    public void Badv_is_set_by_address_exceptions_only(Trap trap, bool sets)
    {
        using var bench = Bench();
        bench.Csrwr(Csr.Badv, 1);
        Raise(bench, trap, 0, 0x1234_5678);
        bench.Core.ReadCsr(Csr.Badv).Should().Be(sets ? 0x1234_5678 : 1UL);
    }

    [Fact]
    public void Page_faults_set_the_page_number_of_tlbehi()
    {
        using var bench = Bench();
        Raise(bench, Trap.Pis, 0, 0x1234_5678);
        bench.Core.ReadCsr(Csr.Tlbehi).Should().Be(0x1234_4000);
    }

    [Fact]
    public void Vector_spacing_zero_puts_every_exception_at_the_entry()
    {
        using var bench = Bench();
        bench.Csrwr(Csr.Ecfg, 0);
        Raise(bench, Trap.Sys, 0, 0);
        bench.Pc.Should().Be(Entry);
    }

    [Fact]
    public void Ertn_restores_mode_and_clears_llbit_unless_klo()
    {
        using var bench = Bench(plv: 3);
        ulong crmd = bench.Core.ReadCsr(Csr.Crmd);
        ulong pc = bench.Pc;
        Raise(bench, Trap.Sys, 0, 0);
        SetLlbit(bench);
        bench.Csrwr(Csr.Llbctl, 4);
        bench.Step(Words.Ertn).Should().Be(Trap.Refetch);
        bench.Pc.Should().Be(pc);
        bench.Core.ReadCsr(Csr.Crmd).Should().Be(crmd);
        bench.Core.ReadCsr(Csr.Llbctl).Should().Be(1, "KLO keeps the bit once and clears itself");

        Raise(bench, Trap.Sys, 0, 0);
        bench.Step(Words.Ertn);
        bench.Core.ReadCsr(Csr.Llbctl).Should().Be(0);
    }

    [Fact]
    public void Tlb_refill_uses_its_own_registers_and_vector()
    {
        using var bench = Bench(plv: 3);
        bench.Csrwr(Csr.Tlbrentry, 0x9000_0000_0020_0000);
        bench.Csrwr(Csr.Tlbrehi, 14);
        bench.Csrwr(Csr.Era, 0x77);
        ulong crmd = bench.Core.ReadCsr(Csr.Crmd), pc = bench.Pc;

        Raise(bench, Trap.Tlbr, 0x55, 0x7fff_1234_5678);
        bench.Pc.Should().Be(0x20_0000, "the entry is a physical address");
        bench.Core.ReadCsr(Csr.Tlbrbadv).Should().Be(0x7fff_1234_5678);
        bench.Core.ReadCsr(Csr.Tlbrera).Should().Be(pc | 1);
        bench.Core.ReadCsr(Csr.Tlbrprmd).Should().Be(0x17);
        bench.Core.ReadCsr(Csr.Tlbrehi).Should().Be(0x7fff_1234_400e);
        bench.Core.ReadCsr(Csr.Crmd).Should().Be(Crmd.Da);
        bench.Core.ReadCsr(Csr.Era).Should().Be(0x77, "the general context is untouched");

        SetLlbit(bench);
        bench.Step(Words.Ertn);
        bench.Pc.Should().Be(pc);
        bench.Core.ReadCsr(Csr.Crmd).Should().Be(crmd);
        bench.Core.ReadCsr(Csr.Tlbrera).Should().Be(pc);
        bench.Core.ReadCsr(Csr.Llbctl).Should().Be(1, "a refill's ertn leaves LLbit alone");
    }

    [Theory]
    [InlineData(2)]
    [InlineData(9)]
    [InlineData(12)]
    public void Interrupt_line_is_level_and_delivered_when_enabled(int bit)
    {
        using var bench = Bench();
        bench.Csrwr(Csr.Ecfg, (7UL << 16) | (1UL << bit));
        ulong pc = bench.Pc;
        bench.Core.SetInterruptLine(bit, true);
        bench.Core.ReadCsr(Csr.Estat).Should().Be(1UL << bit);
        bench.Core.HandleAttention().Should().Be(Trap.Refetch);
        bench.Pc.Should().Be(Entry + ((ulong)(64 + bit) * 512));
        bench.Core.ReadCsr(Csr.Era).Should().Be(pc);
        bench.Core.ReadCsr(Csr.Estat).Should().Be(1UL << bit, "an interrupt's Ecode is 0 and the level stays");
        bench.Core.SetInterruptLine(bit, false);
        bench.Core.ReadCsr(Csr.Estat).Should().Be(0);
    }

    [Fact]
    public void Interrupts_wait_for_ie_and_lie()
    {
        using var bench = Bench();
        bench.Csrwr(Csr.Crmd, Crmd.Pg);
        bench.Csrwr(Csr.Ecfg, 0);
        bench.Core.SetInterruptLine(3, true);
        bench.Core.HandleAttention().Should().Be(Trap.None);
        bench.Csrwr(Csr.Crmd, Crmd.Pg | Crmd.Ie);
        bench.Core.HandleAttention().Should().Be(Trap.None);
        bench.Csrwr(Csr.Ecfg, 1 << 3);
        AttentionOf(bench).Should().NotBe(0);
        bench.Core.HandleAttention().Should().Be(Trap.Refetch);
    }

    [Fact]
    public void Highest_pending_interrupt_comes_first()
    {
        using var bench = Bench();
        bench.Csrwr(Csr.Ecfg, (7UL << 16) | 0x1fff);
        bench.Core.SetInterruptLine(3, true);
        bench.Core.SetInterruptLine(12, true);
        bench.Csrwr(Csr.Estat, 1);
        bench.Core.HandleAttention();
        bench.Pc.Should().Be(Entry + (76 * 512));
    }

    [Fact]
    public void Software_can_set_only_the_two_software_interrupts()
    {
        using var bench = Bench();
        bench.Csrwr(Csr.Estat, ulong.MaxValue);
        bench.Core.ReadCsr(Csr.Estat).Should().Be(3);
        bench.Csrwr(Csr.Estat, 0);
        bench.Core.ReadCsr(Csr.Estat).Should().Be(0);
    }

    [Fact]
    public void Idle_returns_to_the_caller_unless_an_interrupt_is_enabled_and_pending()
    {
        using var bench = Bench();
        ulong pc = bench.Pc;
        bench.Csrwr(Csr.Crmd, Crmd.Pg); // IE does not matter
        bench.Csrwr(Csr.Ecfg, 1 << 4);
        bench.Step(Words.Idle).Should().Be(Trap.Leave);
        bench.Core.PendingExit.Should().Be(RunExit.Idle);
        bench.Pc.Should().Be(pc + 4);
        bench.Core.SetInterruptLine(4, true);
        bench.Step(Words.Idle).Should().Be(Trap.Refetch);
        bench.Core.WaitForInterrupt();
    }

    [Fact]
    public async Task WaitForInterrupt_is_woken_by_a_line_of_another_thread()
    {
        using var bench = Bench();
        bench.Csrwr(Csr.Ecfg, 1 << 4);
        for (int i = 0; i < 200; i++)
        {
            Task waiter = Task.Run(bench.Core.WaitForInterrupt);
            bench.Core.SetInterruptLine(4, true);
            await waiter.WaitAsync(TimeSpan.FromSeconds(10));
            bench.Core.SetInterruptLine(4, false);
        }
    }

    [Fact]
    public void Stop_request_ends_a_run_and_a_wait()
    {
        using var bench = Bench();
        bench.Core.RequestStop();
        bench.Core.WaitForInterrupt();
        bench.Core.HandleAttention().Should().Be(Trap.Leave);
        bench.Core.PendingExit.Should().Be(RunExit.Stopped);
        bench.Core.HandleAttention().Should().Be(Trap.None);
    }

    private static TestBench Bench(ulong plv = 0)
    {
        var bench = new TestBench();
        bench.Csrwr(Csr.Eentry, Entry);
        bench.Csrwr(Csr.Ecfg, 7 << 16);
        bench.Csrwr(Csr.Crmd, Crmd.Pg | Crmd.Ie | Crmd.We | plv);
        return bench;
    }

    private static unsafe void Raise(TestBench bench, Trap trap, uint word, ulong address)
    {
        bench.State->TrapAddress = address;
        bench.Core.RaiseException(trap, word).Should().Be(Trap.Refetch);
    }

    private static unsafe void SetLlbit(TestBench bench) => bench.State->Llbit[0] = 1;

    private static unsafe int AttentionOf(TestBench bench) => bench.State->Attention;
}
