namespace LaKvm.Cpu.Tests.Interpreter;

/// <summary>The performance counters (manual volume 1, 7.6), with whatever engine these tests are built for.</summary>
public sealed unsafe class PerformanceCounterTests : IDisposable
{
    private const int T0 = 12, T1 = 13, T2 = 14, T3 = 15, T4 = 16, S0 = 23;
    private const ulong Plv0 = 1 << 16, Plv3 = 1 << 19, AllLevels = 0xf << 16, Interrupt = 1 << 20;
    private const ulong Overflow = 1UL << 63, Window = 0x9000_0000_0000_0000;
    private const ulong Cycles = 0, Instructions = 1, Branches = 2, Misses = 3, FetchRefills = 0x3b, DataRefills = 0x3c;

    /// <summary>
    /// Counter 0 is enabled and disabled around what is counted: t3 holds PMCFG, t4 the count. Of the two the second is
    /// counted, too.
    /// </summary>
    private const string Before = "csrwr $t3, 0x200\n", After = "\ncsrwr $zero, 0x200\ncsrrd $t4, 0x201\n1: b 1b";

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(Cycles, "nop\nnop\nadd.d $t0, $t0, $t0", 4)]
    [InlineData(Instructions, "nop\nnop\nadd.d $t0, $t0, $t0", 4)]
    [InlineData(Instructions, "li.w $t0, 100\n2: addi.d $t0, $t0, -1\nbnez $t0, 2b", 202)]
    [InlineData(Instructions, "syscall 0", 5)] // the handler's, and not the syscall
    [InlineData(Cycles, "syscall 0", 6)]
    [InlineData(Branches, "nop", 0)]
    [InlineData(Branches, "li.w $t0, 100\n2: addi.d $t0, $t0, -1\nbnez $t0, 2b", 100)]
    [InlineData(Branches, "bl 2f\nb 3f\n2: ret\n3: beqz $zero, 4f\n4: bnez $zero, 4b", 5)]
    [InlineData(
        Branches, "pcaddi $t0, 2\njirl $t1, $t0, 0\nbeq $t0, $t1, 2f\n2: bne $t0, $t0, 2b\nbgeu $t0, $t0, 3f\n3:", 4)]
    [InlineData(Branches, "fcmp.ceq.d $fcc1, $f0, $f0\nbcnez $fcc1, 2f\nnop\n2: bceqz $fcc1, 2b", 2)]
    [InlineData(Misses, "li.w $t0, 100\n2: addi.d $t0, $t0, -1\nbnez $t0, 2b", 1)] // the way out
    [InlineData(Misses, "beqz $zero, 2f\n2: bnez $zero, 2b\nbnez $zero, 3f\nb 3f\n3: bl 4f\n4:", 2)]
    [InlineData(0x8, "ld.d $t0, $zero, 0", 0)] // no caches
    [InlineData(0x3ff, "nop", 0)]
    public void Counter_counts_what_is_between_enabling_and_disabling(ulong @event, string program, ulong count)
    {
        Load(program, AllLevels | @event);

        Finish();

        _machine[T4].Should().Be(count);
        _machine.Core.ReadCsr(Csr.Pmcfg0).Should().Be(0);
        (_machine.Core.ReadCsr(Csr.Estat) >> Estat.Pcov & 1).Should().Be(0);
    }

    [Theory]
    [InlineData(Plv0, 3, 0)]
    [InlineData(Plv3, 4, 1)]
    [InlineData(Plv0 | Plv3, 7, 1)]
    [InlineData(1UL << 17, 0, 0)]
    [InlineData(1UL << 18, 0, 0)]
    public void Privilege_levels_are_counted_apart(ulong levels, ulong instructions, ulong branches)
    {
        // PLV0: what enables is not counted, but li, ertn, and what disables in the handler. PLV3: four instructions.
        _machine[T3] = levels | Instructions;
        _machine[T4] = levels | Branches;
        _machine.WriteCsr(Csr.Prmd, 3);
        _machine.Load("""
                pcaddi  $t0, 7
                csrwr   $t0, 0x6
                csrwr   $t4, 0x202
                csrwr   $t3, 0x200
                li.w    $t1, 0
                ertn
                nop
                nop
                addi.d  $t1, $t1, 1
                b       1f
            1:  addi.d  $t1, $t1, 1
                syscall 0
            """);
        _machine.Load("csrwr $zero, 0x200\ncsrwr $zero, 0x202\n1: b 1b", TestMachine.Vector);
        RunTo(TestMachine.Vector + 8);

        _machine.Core.ReadCsr(Csr.Pmcfg0 + 1).Should().Be(instructions);
        _machine.Core.ReadCsr(Csr.Pmcfg0 + 3).Should().Be(branches);
    }

    [Theory]
    [InlineData(1, "nop")]
    [InlineData(2, "nop")]
    [InlineData(37, "nop")]
    [InlineData(1000, "nop")]
    [InlineData(37, "2: b 2b")]
    [InlineData(1000, "2: addi.d $t0, $t0, 1\nbnez $t0, 2b")]
    public void Overflow_interrupts_at_the_very_instruction(int period, string loop)
    {
        _machine.WriteCsr(Csr.Ecfg, 1 << Estat.Pcov);
        _machine.WriteCsr(Csr.Pmcfg0 + 1, Overflow - (ulong)period);
        _machine[T3] = Plv0 | Interrupt | Instructions;
        _machine[T0] = 4;
        _machine.Load("csrxchg $t0, $t0, 0\ncsrwr $t3, 0x200\n1: " + loop + "\nb 1b");
        _machine.Load("csrwr $zero, 0x200\n2: b 2b", TestMachine.Vector);

        RunTo(TestMachine.Vector + 4);

        _machine.Core.ReadCsr(Csr.Estat).Should().Be(0);
        _machine.Core.ReadCsr(Csr.Pmcfg0 + 1).Should().Be(Overflow + 1, "what takes the interrupt back counts as well");
    }

    [Theory]
    [InlineData(Branches, 9)]
    [InlineData(Misses, 3)]
    public void Overflow_of_branches_interrupts_behind_the_branch(ulong @event, int period)
    {
        _machine.WriteCsr(Csr.Ecfg, 1 << Estat.Pcov);
        _machine.WriteCsr(Csr.Pmcfg0 + 1, Overflow - (ulong)period);
        _machine[T3] = Plv0 | Interrupt | @event;
        _machine[T0] = 4;
        // Three branches a round, of which the not taken one forwards is right, the one backwards wrong.
        _machine.Load("""
                csrxchg $t0, $t0, 0
                csrwr $t3, 0x200
            1:  addi.d $s0, $s0, 1
                beq $s0, $zero, 2f
                beq $s0, $zero, 1b
            2:  b 1b
            """);
        _machine.Load("csrwr $zero, 0x200\n2: b 2b", TestMachine.Vector);

        RunTo(TestMachine.Vector + 4);

        _machine[S0].Should().Be(3);
        _machine.Core.ReadCsr(Csr.Pmcfg0 + 1).Should().Be(Overflow);
        _machine.Core.ReadCsr(Csr.Era).Should().Be(TestMachine.Origin + (@event == Branches ? 8UL : 20UL));
    }

    [Fact]
    public void Interrupt_is_a_level_that_counter_or_configuration_take_back()
    {
        _machine.WriteCsr(Csr.Pmcfg0, Interrupt);
        Pending.Should().BeFalse();
        _machine.WriteCsr(Csr.Pmcfg0 + 1, Overflow);
        Pending.Should().BeTrue();
        _machine.WriteCsr(Csr.Estat, 0);
        Pending.Should().BeTrue("only its cause takes it back");
        _machine.WriteCsr(Csr.Pmcfg0, 0);
        Pending.Should().BeFalse();
        _machine.WriteCsr(Csr.Pmcfg0, Interrupt);
        Pending.Should().BeTrue();
        _machine.WriteCsr(Csr.Pmcfg0 + 7, Overflow);
        _machine.WriteCsr(Csr.Pmcfg0 + 6, Interrupt);
        _machine.WriteCsr(Csr.Pmcfg0 + 1, 5);
        Pending.Should().BeTrue("counter 3 has overflowed too");
        _machine.WriteCsr(Csr.Pmcfg0 + 7, 0);
        Pending.Should().BeFalse();
    }

    [Fact]
    public void Tlb_refills_of_fetches_and_of_data_are_counted()
    {
        _machine.WriteCsr(Csr.Pmcfg0, Plv0 | FetchRefills);
        _machine.WriteCsr(Csr.Pmcfg0 + 2, Plv0 | DataRefills);
        _machine.WriteCsr(Csr.Tlbrentry, TestMachine.Vector);
        _machine.WriteCsr(Csr.Dmw0, Window | 0x11);
        _machine.Load("1: b 1b", TestMachine.Vector);
        _machine.Load("ld.d $t1, $t2, 0\njirl $zero, $t2, 0");
        _machine[T2] = 0x4000_0000; // has no translation
        _machine.State->Pc = Window | TestMachine.Origin;
        _machine.WriteCsr(Csr.Crmd, Crmd.Pg);

        RunTo(TestMachine.Vector);

        (_machine.Core.ReadCsr(Csr.Pmcfg0 + 1), _machine.Core.ReadCsr(Csr.Pmcfg0 + 3)).Should().Be((0, 1));
        _machine.WriteCsr(Csr.Tlbrera, 0);
        _machine.State->Pc = (Window | TestMachine.Origin) + 4;
        _machine.WriteCsr(Csr.Crmd, Crmd.Pg);
        RunTo(TestMachine.Vector);
        (_machine.Core.ReadCsr(Csr.Pmcfg0 + 1), _machine.Core.ReadCsr(Csr.Pmcfg0 + 3)).Should().Be((1, 1));
    }

    [Theory]
    [InlineData(1 << 11, 3, true)]
    [InlineData(1 << 10, 3, false)]
    [InlineData(1 << 9, 1, true)]
    [InlineData(0, 3, false)]
    public void User_mode_reads_a_counter_where_misc_allows_it(ulong misc, ulong plv, bool allowed)
    {
        _machine.WriteCsr(Csr.Misc, misc);
        _machine.WriteCsr(Csr.Pmcfg0 + 5, 0x1234);
        _machine.Load("csrrd $t0, 0x205\n1: b 1b");
        _machine.Load("1: b 1b", TestMachine.Vector);
        _machine.WriteCsr(Csr.Crmd, Crmd.Da | plv);

        RunTo(allowed ? TestMachine.Origin + 4 : TestMachine.Vector);

        _machine[T0].Should().Be(allowed ? 0x1234UL : 0);
    }

    [Theory]
    [InlineData("csrrd $t0, 0x204")] // configurations stay PLV0's
    [InlineData("csrwr $t0, 0x205")]
    [InlineData("csrrd $t0, 0x30")]
    public void User_mode_has_nothing_else_of_the_counters(string instruction)
    {
        _machine.WriteCsr(Csr.Misc, 7 << 9);
        _machine.Load(instruction);
        _machine.Load("1: b 1b", TestMachine.Vector);
        _machine.WriteCsr(Csr.Crmd, Crmd.Da | 3);

        RunTo(TestMachine.Vector);

        (_machine.Core.ReadCsr(Csr.Estat) >> Estat.EcodeShift).Should().Be((ulong)Trap.Ipe);
    }

    [Theory]
    [InlineData(4, 6, false)]
    [InlineData(4, 7, false)]
    [InlineData(3, 6, true)]
    [InlineData(3, 5, false)]
    [InlineData(0, 0, true)]
    [InlineData(1, 1, false)]
    [InlineData(1, 2, true)]
    public void A_guest_has_as_many_counters_as_gperf_says(ulong gperf, int register, bool leaves)
    {
        EnterGuest(gperf, $"nop\ncsrrd $t0, {Csr.Pmcfg0 + register}\nhvcl 0");
        _machine.Core.ExchangeGcsr(Csr.Pmcfg0 + register, Interrupt, ulong.MaxValue);

        RunToExit();

        _machine.Core.ReadCsr(Csr.Era).Should().Be(TestMachine.Origin + (leaves ? 4UL : 8UL));
        _machine[T0].Should().Be(leaves ? 0 : Interrupt);
    }

    [Fact]
    public void A_guest_s_counter_counts_in_the_guest_only_and_interrupts_it()
    {
        EnterGuest(4, "nop\nnop\nbeqz $zero, 1f\n1: nop\nnop\nnop\nhvcl 0");
        Core core = _machine.Core;
        core.ExchangeGcsr(Csr.Pmcfg0 + 1, Overflow - 5, ulong.MaxValue);
        core.ExchangeGcsr(Csr.Pmcfg0, AllLevels | Interrupt | Instructions, ulong.MaxValue);
        core.ExchangeGcsr(Csr.Pmcfg0 + 2, AllLevels | Branches, ulong.MaxValue);
        core.ExchangeGcsr(Csr.Ecfg, 1 << Estat.Pcov, ulong.MaxValue);
        core.ExchangeGcsr(Csr.Crmd, Crmd.Ie, Crmd.Ie);
        core.ExchangeCsr(Csr.Euen, 0, 0); // takes it over
        core.ExchangeGcsr(Csr.Eentry, TestMachine.Vector, ulong.MaxValue);
        _machine.Load("csrrd $t0, 5\nhvcl 1", TestMachine.Vector);

        RunToExit();

        core.ReadCsr(Csr.Era).Should().Be(TestMachine.Vector + 4);
        core.ReadGcsr(Csr.Era).Should().Be(TestMachine.Origin + 20);
        _machine[T0].Should().Be(1UL << Estat.Pcov);
        core.ReadGcsr(Csr.Pmcfg0 + 1).Should().Be(Overflow + 1, "csrrd was executed, hvcl was not");
        core.ReadGcsr(Csr.Pmcfg0 + 3).Should().Be(1);
        core.ReadCsr(Csr.Estat).Should().Be(0x17UL << Estat.EcodeShift);
        _machine.Load("nop\nnop\nnop", TestMachine.Origin);
        _machine.State->Pc = TestMachine.Origin;
        _machine.Engine.Run(3);
        core.ReadGcsr(Csr.Pmcfg0 + 1).Should().Be(Overflow + 1, "root mode is not the guest");
    }

    [Fact]
    public void Reset_switches_counters_off()
    {
        Load("li.w $t0, 100\n2: addi.d $t0, $t0, -1\nbnez $t0, 2b", AllLevels | Branches);
        Finish();

        _machine.Restart();

        _machine.Core.ReadCsr(Csr.Pmcfg0 + 1).Should().Be(0);
        Load("li.w $t0, 100\n2: addi.d $t0, $t0, -1\nbnez $t0, 2b", AllLevels | Branches);
        Finish();
        _machine[T4].Should().Be(100);
    }

    [Fact]
    public void Branches_are_left_to_the_engine_again_when_nobody_has_counted_them_for_long()
    {
        Load("li.w $t0, 100\n2: addi.d $t0, $t0, -1\nbnez $t0, 2b", AllLevels | Branches);
        Finish();
        _machine.State->Events.AreBranchesCounted.Should().Be(1);
        ulong counted = _machine.State->Events.Branches;

        _machine.State->Retired += 200_000_000;
        RunSlice();
        RunSlice();

        _machine.State->Events.AreBranchesCounted.Should().Be(0);
        _machine.Load("2: b 2b", 0x3_0000);
        _machine.State->Pc = 0x3_0000;
        _machine.Run(1000);
        _machine.State->Events.Branches.Should().Be(counted);
    }

    private bool Pending => (_machine.Core.ReadCsr(Csr.Estat) >> Estat.Pcov & 1) != 0;

    private void Load(string program, ulong config)
    {
        _machine[T3] = config;
        _machine.Load("movgr2fr.d $f0, $zero\n" + Before + program + After);
        _machine.Load("csrrd $t1, 6\naddi.d $t1, $t1, 4\ncsrwr $t1, 6\nertn", TestMachine.Vector);
        _machine.WriteCsr(Csr.Pmcfg0 + 1, 0);
    }

    /// <summary>Runs to the loop behind a program.</summary>
    private void Finish()
    {
        for (int n = 0; n < 100; n++)
        {
            RunSlice();
        }
    }

    private void RunTo(ulong pc)
    {
        for (int n = 0; _machine.State->Pc != pc; n++)
        {
            n.Should().BeLessThan(10_000, $"execution should come to {pc:x}, is at {_machine.State->Pc:x}");
            RunSlice();
        }
    }

    private void RunToExit()
    {
        RunExit exit;
        int n = 0;
        while ((exit = RunSlice()) != RunExit.GuestExit)
        {
            (n++).Should().BeLessThan(1000, "the guest should leave");
        }

        exit.Should().Be(RunExit.GuestExit);
    }

    /// <summary>As a core's run loop does.</summary>
    private RunExit RunSlice()
    {
        RunExit exit = _machine.Engine.Run(_machine.Core.LimitRun(100));
        _machine.Core.PollTimers();
        return exit;
    }

    private void EnterGuest(ulong gperf, string program)
    {
        Core core = _machine.Core;
        _machine.Load(program);
        core.RootMode = new StageTwo();
        core.ExchangeGcsr(Csr.Crmd, Crmd.Da, ulong.MaxValue);
        _machine.WriteCsr(Csr.Stlbps, 14);
        _machine.WriteCsr(Csr.Gcfg, gperf << LvzFields.GcfgGperfShift);
        _machine.WriteCsr(Csr.Gstat, (5 << LvzFields.GidShift) | LvzFields.GstatPvm);
        _machine.WriteCsr(Csr.Gtlbc, LvzFields.GtlbcUseTgid | (5 << LvzFields.TgidShift));
        _machine.WriteCsr(Csr.Era, TestMachine.Origin);
        _machine.WriteCsr(Csr.Prmd, 0);
        core.Ertn();
    }
}
