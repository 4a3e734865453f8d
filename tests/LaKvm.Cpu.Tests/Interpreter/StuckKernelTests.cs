using LaKvm.Diagnostics;

namespace LaKvm.Cpu.Tests.Interpreter;

/// <summary>A kernel whose exception handlers fault is reported, once; one that gets on is not.</summary>
public sealed class StuckKernelTests : IDisposable
{
    private const ulong RefillVector = 0x21_0000;
    private const int S0 = 23;

    private readonly TestMachine _machine = new();
    private readonly List<string> _lines = [];

    public StuckKernelTests()
    {
        _machine.Core.Errors = new GuestErrorLog(_lines.Add);
        _machine.WriteCsr(Csr.Tlbrentry, RefillVector);
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Handler_that_is_no_code_is_reported_with_where_it_began()
    {
        _machine.Load("break 7\n1: b 1b");

        _machine.Run(100_000);

        _lines.Should().ContainSingle().Which.Should()
            .Contain("PC 0x200000").And.Contain("INE (ESTAT 0xd0000, Ecode 0xd, EsubCode 0) at ERA 0x200000")
            .And.Contain("it began with BRK (ESTAT 0xc0000, Ecode 0xc, EsubCode 0) at ERA 0x100000")
            .And.Contain("(break 7)");
    }

    [Fact]
    public void Handler_with_a_bad_stack_is_reported_though_its_stack_moves()
    {
        _machine.Load("""
            csrwr   $sp, 0x30
            csrrd   $sp, 0x30
            addi.d  $sp, $sp, -256
            move    $t0, $sp
            ld.w    $t1, $sp, 1
            ertn
            """, TestMachine.Vector);
        _machine.WriteCsr(Csr.Misc, 1 << 12); // unaligned accesses fault
        _machine.Load("li.d $sp, 0x8000\nsyscall 0");

        _machine.Run(100_000);

        _lines.Should().ContainSingle().Which.Should()
            .Contain("ALE").And.Contain("BADV").And.Contain("(ld.w $t1, $sp, 1)")
            .And.Contain("it began with SYS");
    }

    [Fact]
    public void Handler_whose_page_is_missing_is_reported()
    {
        MapNothing();
        _machine.WriteCsr(Csr.Eentry, 0xffff_8000_0000_0000);
        _machine.Load("tlbfill\nertn", RefillVector);
        _machine.Load("li.w $t0, 0xb0\ncsrwr $t0, 0\nsyscall 0");

        _machine.Run(100_000);

        _lines.Should().ContainSingle().Which.Should().Contain("PIF").And.Contain("BADV 0xffff800000000000")
            .And.Contain("it began with SYS");
    }

    [Fact]
    public void Handlers_that_fault_in_turns_are_reported()
    {
        _machine.WriteCsr(Csr.Ecfg, 1 << 16); // a vector of its own for each exception
        _machine.Load("break 0", TestMachine.Vector + ((ulong)Trap.Sys * 8));
        _machine.Load("syscall 0", TestMachine.Vector + ((ulong)Trap.Brk * 8));
        _machine.Load("syscall 1");

        _machine.Run(100_000);

        _lines.Should().ContainSingle().Which.Should()
            .Match(line => line.Contains("raises SYS") || line.Contains("raises BRK"))
            .And.MatchRegex("it began with SYS .* at ERA 0x100000");
    }

    [Fact]
    public void Refill_handler_that_faults_in_itself_is_reported()
    {
        MapNothing();
        _machine.WriteCsr(Csr.Eentry, RefillVector);
        _machine.Load("break 1", RefillVector);
        _machine.Load("li.w $t0, 0xb0\ncsrwr $t0, 0\nli.d $t0, 0xffff800000000000\nld.d $t0, $t0, 0");

        _machine.Run(100_000);

        _lines.Should().ContainSingle().Which.Should().Contain("BRK").And.Contain("it began with TLB refill")
            .And.Contain("BADV 0xffff800000000000");
    }

    [Fact]
    public void Exceptions_that_are_returned_from_are_not_reported()
    {
        _machine.Load("""
            csrrd   $t0, 6
            addi.d  $t0, $t0, 4
            csrwr   $t0, 6
            ertn
            """, TestMachine.Vector);
        _machine.Load("1: syscall 0\nbreak 0\nb 1b");

        _machine.Run(100_000);

        _lines.Should().BeEmpty();
    }

    [Fact]
    public void Refills_in_a_handler_that_returns_late_are_not_reported()
    {
        MapNothing();
        _machine.Load("tlbfill\nertn", RefillVector);
        _machine.WriteCsr(Csr.Tlbrelo0, 0x3);
        _machine.WriteCsr(Csr.Tlbrelo1, 0x3);
        _machine.WriteCsr(Csr.Tlbrehi, 12);
        _machine.Load("""
            li.d    $t0, 0xffff800000000000
            1:
            ld.d    $t1, $t0, 0
            invtlb  0, $zero, $zero
            addi.d  $s0, $s0, 1
            b       1b
            """, TestMachine.Vector);
        _machine.Load("li.w $t0, 0xb0\ncsrwr $t0, 0\nsyscall 0");

        _machine.Run(100_000);

        _machine[S0].Should().BeGreaterThan(1000);
        _lines.Should().BeEmpty();
    }

    [Fact]
    public void Handler_that_jumps_on_to_work_is_not_reported()
    {
        _machine.Load("li.d $t0, 0x100000\njr $t0", TestMachine.Vector);
        _machine.Load("addi.d $s0, $s0, 1\nsyscall 0");

        _machine.Run(100_000);

        _machine[S0].Should().BeGreaterThan(10_000);
        _lines.Should().BeEmpty();
    }

    [Fact]
    public void Kernel_that_is_stuck_in_two_places_is_reported_for_each()
    {
        _machine.Load("break 7");
        _machine.Run(10_000);
        _machine.Restart();
        _machine.WriteCsr(Csr.Eentry, 0x40_0000);

        _machine.Run(10_000);

        _lines.Should().HaveCount(2);
    }

    [Theory]
    [InlineData(0xc, "EENTRY")]
    [InlineData(0x88, "TLBRENTRY")]
    [InlineData(0x93, "MERRENTRY")]
    public void Write_of_an_entry_s_bits_that_are_not_there_is_reported_once(int csr, string name)
    {
        _machine.Load($"""
            li.d    $t0, 0x204560
            1:
            move    $t1, $t0
            csrwr   $t1, {csr}
            move    $t1, $t0
            csrxchg $t1, $t0, {csr}
            csrrd   $s0, {csr}
            b       1b
            """);

        _machine.Run(10_000);

        _machine[S0].Should().Be(0x20_4000);
        _lines.Should().ContainSingle().Which.Should().Contain(name).And.Contain("0x204560").And.Contain("PC 0x10");
    }

    [Fact]
    public void Write_of_a_whole_page_to_an_entry_is_not_reported()
    {
        _machine.Load("li.d $t0, 0x204000\ncsrwr $t0, 0xc\nli.d $t0, 0xfff\ncsrxchg $zero, $t0, 0xc\n1: b 1b");

        _machine.Run(100);

        _lines.Should().BeEmpty();
    }

    /// <summary>
    /// Addresses of the lowest segment are windows, so that programs run; in others nothing is mapped.
    /// </summary>
    private void MapNothing()
    {
        _machine.WriteCsr(Csr.Dmw0, 0x11);
        _machine.WriteCsr(Csr.Tlbrehi, 12);
    }
}
