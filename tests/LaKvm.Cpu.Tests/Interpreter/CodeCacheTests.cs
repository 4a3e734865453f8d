using LaKvm.Isa;

namespace LaKvm.Cpu.Tests.Interpreter;

public sealed unsafe class CodeCacheTests
{
    private static readonly uint AddiOne = Assembler.Encode("addi.d $a0, $a0, 1");
    private static readonly uint AddiTen = Assembler.Encode("addi.d $a0, $a0, 10");

    [Fact]
    public void Code_that_was_overwritten_is_executed_after_ibar()
    {
        using var machine = new TestMachine();
        var labels = machine.Load($"""
                li.d    $t0, {AddiTen}
                la.local $t1, patched
                li.w    $t2, 2
            again:
            patched:
                addi.d  $a0, $a0, 1
                st.w    $t0, $t1, 0
                ibar    0
                addi.d  $t2, $t2, -1
                bnez    $t2, again
            end:
                b       end
            """);
        machine.RunTo(labels["end"]);
        machine[4].Should().Be(11);
    }

    [Fact]
    public void Code_written_into_the_page_being_executed_runs_next()
    {
        using var machine = new TestMachine();
        var labels = machine.Load($"""
                li.d    $t0, {AddiTen}
                la.local $t1, patched
                st.w    $t0, $t1, 0
                amswap.w $t3, $t0, $t1
                ibar    0
            patched:
                addi.d  $a0, $a0, 1
            end:
                b       end
            """);
        machine.RunTo(labels["end"]);
        machine[4].Should().Be(10);
        machine[15].Should().Be(AddiTen);
    }

    [Fact]
    public void Data_in_a_page_with_code_can_be_stored_to_all_the_time()
    {
        using var machine = new TestMachine();
        var labels = machine.Load("""
                la.local $t1, data
                li.w    $t2, 1000
            again:
                ld.d    $a0, $t1, 0
                addi.d  $a0, $a0, 1
                st.d    $a0, $t1, 0
                addi.d  $t2, $t2, -1
                bnez    $t2, again
            end:
                b       end
                .align  3
            data:
                .dword  5
            """);
        machine.RunTo(labels["end"]);
        machine.Cell(labels["data"]).Should().Be(1005);
    }

    [Fact]
    public void Code_written_by_a_device_is_executed()
    {
        using var machine = new TestMachine();
        machine.Load("patched: addi.d $a0, $a0, 1\nb patched");
        machine.Run(4);
        machine[4].Should().Be(2);
        *(uint*)machine.Memory.Pointer(TestMachine.Origin) = AddiTen;
        machine.Memory.Written(TestMachine.Origin, 4);
        machine.Run(4);
        machine[4].Should().Be(22);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(8)]
    public void A_page_dropped_while_the_budget_ends_in_it_still_stops_exactly(int slice)
    {
        const string source = """
            again:
                addi.d  $a0, $a0, 1
                amadd.d $a1, $a0, $sp
                ibar    0
                st.d    $a0, $sp, 8
                addi.d  $a2, $a2, 1
                b       again
                .align  3
            """;
        using var machine = new TestMachine();
        machine.Load(source);
        machine[3] = TestMachine.Origin + 0x40;
        for (int n = slice; n < 120; n += slice)
        {
            machine.Run(slice);
            machine.State->Pc.Should().Be(TestMachine.Origin + (ulong)(n % 6 * 4));
        }
    }

    [Fact]
    public void One_core_sees_code_that_another_core_writes()
    {
        using var machine = new TestMachine(cores: 2);
        machine.Load("patched: addi.d $a0, $a0, 1\nibar 0\nb patched");
        machine.Load("st.w $t0, $t1, 0\nself: b self", 0x18_0000);
        CpuState* writer = machine.Cores[1].State;
        writer->Pc = 0x18_0000;
        writer->Gpr[12] = AddiOne;
        writer->Gpr[13] = TestMachine.Origin;
        machine.Engines[1].Run(2).Should().Be(RunExit.Budget);

        machine.Run(6);
        machine[4].Should().Be(2);
        writer->Pc = 0x18_0000;
        writer->Gpr[12] = AddiTen;
        machine.Engines[1].Run(2).Should().Be(RunExit.Budget);
        machine.Run(6);
        machine[4].Should().Be(22);
    }

    [Fact]
    public void A_cache_smaller_than_the_program_only_costs_time()
    {
        using var machine = new TestMachine(createEngine: EngineUnderTest.CreateSmall);
        ulong page = TestMachine.Origin;
        for (int n = 0; n < 8; n++, page += 0x1000)
        {
            machine.Load($"addi.d $a0, $a0, {1 << n}\nb {(n == 7 ? -0x7004 : 0xffc)}", page);
        }

        machine.Run(16 * 100);
        machine[4].Should().Be(255 * 100);
        machine.State->Pc.Should().Be(TestMachine.Origin);
    }

    [Fact]
    public void The_same_page_runs_at_two_addresses()
    {
        using var machine = new TestMachine();
        machine.Load("pcaddi $a0, 0\nsyscall 0");
        machine.WriteCsr(Csr.Dmw0, 0x9000_0000_0000_0011);
        machine.WriteCsr(Csr.Dmw0 + 1, 0x8000_0000_0000_0001);
        machine.WriteCsr(Csr.Crmd, 0x10);
        foreach (ulong window in new[] { 0x9000_0000_0000_0000, 0x8000_0000_0000_0000, 0x9000_0000_0000_0000 })
        {
            machine.State->Pc = window + TestMachine.Origin;
            machine.Run(1);
            machine[4].Should().Be(window + TestMachine.Origin);
        }
    }
}
