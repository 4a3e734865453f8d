namespace LaKvm.Cpu.Tests.Interpreter;

/// <summary>The traps of GCFG: what a guest then leaves by, and what stays its own.</summary>
public sealed unsafe class GuestTrapTests : IDisposable
{
    private const ulong Sit = 1 << 7, Tit = 1 << 9, Toe = 1 << 11, Top = 1 << 13;
    private const ulong Gid = 5, GuestVector = TestMachine.Vector;
    private const ulong Gspr = 0x16, Ipe = 0xe;

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData(Tit, "rdtime.d $t1, $t2")]
    [InlineData(Tit, "rdtimel.w $t1, $t2")]
    [InlineData(Tit, "rdtimeh.w $t1, $zero")]
    [InlineData(Tit, "csrrd $t1, 0x41")]
    [InlineData(Tit, "csrwr $t1, 0x41")]
    [InlineData(Tit, "csrrd $t1, 0x42")]
    [InlineData(Tit, "csrwr $t1, 0x44")]
    [InlineData(Tit, "csrrd $t1, 0x44")]
    [InlineData(Tit, "csrxchg $t1, $t2, 0x44")]
    [InlineData(Toe, "ertn")]
    [InlineData(Top, "csrxchg $t1, $t2, 0")]
    [InlineData(Top, "csrwr $t1, 0")]
    [InlineData(Sit, "csrrd $t1, 0x30")]
    [InlineData(Sit, "csrwr $t1, 0x30")]
    [InlineData(Sit, "csrxchg $t1, $t2, 0x18")]
    [InlineData(Sit, "csrrd $t1, 0")]
    [InlineData(Sit, "csrxchg $t1, $t2, 0")]
    [InlineData(Sit, "tlbfill")]
    [InlineData(Sit, "invtlb 0, $zero, $zero")]
    [InlineData(Sit, "ertn")]
    [InlineData(Sit, "ldpte $t1, 0")]
    [InlineData(Sit, "lddir $t1, $t1, 1")]
    public void Enabled_trap_leaves_at_the_instruction_and_changes_nothing(ulong enable, string instruction)
    {
        Enter(enable, instruction, plv: 0);
        ulong crmd = _machine.Core.ReadGcsr(Csr.Crmd), tcfg = _machine.Core.ReadGcsr(Csr.Tcfg);

        _machine.Engine.Run(100).Should().Be(RunExit.GuestExit);

        (_machine.Core.ReadCsr(Csr.Estat) >> 16).Should().Be(Gspr);
        _machine.Core.ReadCsr(Csr.Era).Should().Be(TestMachine.Origin + 4);
        _machine.Core.ReadCsr(Csr.Badi).Should().Be(*(uint*)_machine.Memory.Pointer(TestMachine.Origin + 4));
        _machine[13].Should().Be(1);
        (_machine.Core.ReadGcsr(Csr.Crmd), _machine.Core.ReadGcsr(Csr.Tcfg)).Should().Be((crmd, tcfg));
    }

    [Theory]
    [InlineData(0, "rdtime.d $t1, $t2")]
    [InlineData(0, "csrrd $t1, 0x41")]
    [InlineData(0, "csrwr $t1, 0x44")]
    [InlineData(0, "csrxchg $t1, $t2, 0")]
    [InlineData(Tit, "csrrd $t1, 0x30")]
    [InlineData(Tit, "csrrd $t1, 0x43")]
    [InlineData(Top, "csrxchg $t2, $t3, 0")]
    [InlineData(Top, "csrrd $t1, 0")]
    [InlineData(Top | Tit | Sit, "add.d $t1, $t2, $t3")]
    [InlineData(Toe | Top | Tit, "csrwr $t1, 0x30")]
    public void What_is_not_trapped_stays_in_the_guest(ulong enable, string instruction)
    {
        Enter(enable, instruction, plv: 0);

        _machine.Engine.Run(100).Should().Be(RunExit.Budget);
    }

    [Theory]
    [InlineData("csrrd $t1, 0x30")]
    [InlineData("ertn")]
    [InlineData("csrrd $t1, 0x41")]
    public void Outside_plv0_the_guest_s_own_exception_comes_first(string instruction)
    {
        Enter(Sit | Tit | Toe | Top, instruction, plv: 3);

        _machine.Engine.Run(100).Should().Be(RunExit.Budget);

        (_machine.Core.ReadGcsr(Csr.Estat) >> 16).Should().Be(Ipe);
    }

    [Fact]
    public void Breakpoint_of_guest_mode_stops_the_guest_and_not_root_mode()
    {
        Enter(0, "addi.d $t1, $t1, 1", plv: 0);
        _machine.Engine.Run(100).Should().Be(RunExit.Budget);
        ulong loop = TestMachine.Origin + 8;
        _machine.Core.Debug.SetStopPoints([new(StopPointKind.Execute, loop, 4, InGuest: false)]);
        _machine.Engine.Run(100).Should().Be(RunExit.Budget);

        _machine.Core.Debug.SetStopPoints([new(StopPointKind.Execute, loop, 4, InGuest: true)]);
        _machine.Engine.Run(100).Should().Be(RunExit.Breakpoint);

        (_machine.State->Pc, _machine.State->Vm).Should().Be((loop, 1));
    }

    [Fact]
    public void Rdtime_of_a_guest_s_program_is_trapped_too()
    {
        Enter(Tit, "rdtime.d $t1, $zero", plv: 3);

        _machine.Engine.Run(100).Should().Be(RunExit.GuestExit);

        (_machine.Core.ReadCsr(Csr.Estat) >> 16).Should().Be(Gspr);
    }

    [Fact]
    public void Traps_of_the_guest_do_not_concern_root_mode()
    {
        _machine.WriteCsr(Csr.Gcfg, Sit | Tit | Toe | Top);
        ulong end = _machine.Load("""
            rdtime.d $t1, $zero
            csrrd   $t1, 0x41
            csrwr   $t1, 0x30
            la.local $t1, end
            csrwr   $t1, 6
            ertn
            nop
            end: b end
            """)["end"];

        _machine.RunTo(end, limit: 20);
    }

    /// <summary>
    /// Enters a guest whose second instruction is the one; then it loops, and so does its exception handler.
    /// </summary>
    private void Enter(ulong enable, string instruction, int plv)
    {
        _machine.Load($"addi.d $t1, $zero, 1\n{instruction}\n1: b 1b");
        _machine.Load("2: b 2b", GuestVector);
        Core core = _machine.Core;
        core.RootMode = new StageTwo();
        core.ExchangeGcsr(Csr.Crmd, Crmd.Da, ulong.MaxValue);
        core.ExchangeGcsr(Csr.Eentry, GuestVector, ulong.MaxValue);
        core.ExchangeGcsr(Csr.Era, GuestVector, ulong.MaxValue);
        _machine[14] = 3; // t2
        _machine[15] = 4; // t3
        _machine.WriteCsr(Csr.Stlbps, 14);
        _machine.WriteCsr(Csr.Gcfg, enable);
        _machine.WriteCsr(Csr.Gstat, (Gid << 16) | LvzFields.GstatPvm);
        _machine.WriteCsr(Csr.Gtlbc, LvzFields.GtlbcUseTgid | (Gid << 16));
        _machine.WriteCsr(Csr.Era, TestMachine.Origin);
        _machine.WriteCsr(Csr.Prmd, 0);
        core.Ertn();
        core.ExchangeGcsr(Csr.Crmd, (ulong)plv, 3);
        core.ExchangeCsr(Csr.Euen, 0, 0); // takes the new level over
    }
}
