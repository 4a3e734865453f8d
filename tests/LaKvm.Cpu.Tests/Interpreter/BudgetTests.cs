namespace LaKvm.Cpu.Tests.Interpreter;

public sealed unsafe class BudgetTests
{
    /// <summary>
    /// Loops, calls into another page, indirect jumps, a page-crossing run, stores, and an exception per round.
    /// </summary>
    private const string Walk = """
            li.d    $sp, 0x300000
            li.w    $s0, 3
        round:
            li.w    $a0, 5
        inner:
            addi.d  $a0, $a0, -1
            st.d    $a0, $sp, 0
            ld.d    $a1, $sp, 0
            add.d   $s1, $s1, $a1
            bnez    $a0, inner
            bl      far
            la.local $t0, last
            jirl    $ra, $t0, 0
            syscall 0
            addi.d  $s0, $s0, -1
            bnez    $s0, round
            b       far
            .align  12
            .space  0xff0
        last:
            addi.d  $s1, $s1, 1
            addi.d  $s1, $s1, 2
            addi.d  $s1, $s1, 4
            addi.d  $s1, $s1, 8
            addi.d  $s1, $s1, 16
            ret
        far:
            addi.d  $s1, $s1, 32
            beqz    $s0, done
            ret
        done:
            b       done
        """;

    private const string Skip = """
            csrrd   $t1, 0x6
            addi.d  $t1, $t1, 4
            csrwr   $t1, 0x6
            ertn
        """;

    [Fact]
    public void Any_split_of_a_run_gives_the_same_states()
    {
        const int length = 200;
        using TestMachine stepped = Machine();
        using TestMachine whole = Machine();
        for (int n = 0; n <= length; n++)
        {
            whole.Restart();
            if (n > 0)
            {
                stepped.Run(1);
                whole.Run(n);
            }

            whole.State->Pc.Should().Be(stepped.State->Pc, $"after {n} instructions");
            Registers(whole).Should().Equal(Registers(stepped), $"after {n} instructions");
        }

        stepped.State->Retired.Should().Be(length);
        stepped[23].Should().Be(0, "the walk should have come to its end");
    }

    [Theory]
    [InlineData(7)]
    [InlineData(64)]
    public void A_run_in_slices_ends_where_one_run_ends(int slice)
    {
        using TestMachine sliced = Machine();
        using TestMachine whole = Machine();
        for (int n = 0; n < 192; n += slice)
        {
            sliced.Run(Math.Min(slice, 192 - n));
        }

        whole.Run(192);
        whole.State->Pc.Should().Be(sliced.State->Pc);
        Registers(whole).Should().Equal(Registers(sliced));
    }

    [Fact]
    public void A_budget_that_ends_with_its_page_stops_before_the_next_one()
    {
        using var machine = new TestMachine();
        machine.State->Pc = TestMachine.RamSize - 8;
        machine.Cell(TestMachine.RamSize - 8) = 0x0340_0000_0340_0000;
        machine.Run(2);
        machine.State->Pc.Should().Be(TestMachine.RamSize);
        machine.Run(1);
        machine.State->Pc.Should().Be(TestMachine.Vector);
        machine.State->Csr[Csr.Era].Should().Be(TestMachine.RamSize);
        ((machine.State->Csr[Csr.Estat] >> 16) & 0x7fff).Should().Be((ulong)Trap.Adef);
    }

    [Fact]
    public void Exceptions_that_raise_themselves_use_the_budget_up()
    {
        using var machine = new TestMachine();
        machine.Memory.Span(TestMachine.Vector, 4).Fill(0xff);
        machine.State->Pc = TestMachine.Vector;
        machine.Run(1000);
        machine.WriteCsr(Csr.Eentry, 0xffff_0000);
        machine.Run(1000);
    }

    [Fact]
    public void No_budget_executes_nothing()
    {
        using TestMachine machine = Machine();
        machine.Engine.Run(0).Should().Be(RunExit.Budget);
        machine.Engine.Run(-5).Should().Be(RunExit.Budget);
        machine.State->Pc.Should().Be(TestMachine.Origin);
        machine.State->Retired.Should().Be(0);
    }

    [Fact]
    public void An_endless_budget_is_left_by_a_stop_request()
    {
        using var machine = new TestMachine();
        machine.Load("forever: b forever");
        var thread = new Thread(() =>
        {
            Thread.Sleep(20);
            machine.Core.RequestStop();
        });
        thread.Start();
        machine.Engine.Run(long.MaxValue).Should().Be(RunExit.Stopped);
        thread.Join();
        machine.State->Pc.Should().Be(TestMachine.Origin);
        machine.State->Budget.Should().Be(long.MaxValue - (long)machine.State->Retired);
    }

    [Fact]
    public void A_stop_request_is_seen_at_the_page_end_at_the_latest()
    {
        using var machine = new TestMachine();
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(machine.Memory.Span(0, TestMachine.RamSize))
            .Fill(LaKvm.Isa.Assembler.Encode("nop"));
        machine.Load("ld.d $a0, $t0, 0");
        machine[12] = 0x5000_0000;
        machine.DeviceRead = machine.Core.RequestStop;
        machine.Engine.Run(1_000_000).Should().Be(RunExit.Stopped);
        machine.State->Pc.Should().Be(TestMachine.Origin + 0x1000);
        machine.State->Retired.Should().Be(1024);
    }

    [Fact]
    public void A_stop_request_is_seen_at_the_next_taken_branch()
    {
        using var machine = new TestMachine();
        machine.Load("ld.d $a0, $t0, 0\naddi.d $a1, $a1, 1\nb -8");
        machine[12] = 0x5000_0000;
        machine.DeviceRead = machine.Core.RequestStop;
        machine.Engine.Run(1_000_000).Should().Be(RunExit.Stopped);
        machine.State->Retired.Should().Be(3);
        machine.State->Pc.Should().Be(TestMachine.Origin);
    }

    private static TestMachine Machine()
    {
        var machine = new TestMachine();
        machine.Load(Walk);
        machine.Load(Skip, TestMachine.Vector);
        return machine;
    }

    private static ulong[] Registers(TestMachine machine) => new Span<ulong>(machine.State, 32).ToArray();
}
