namespace LaKvm.Cpu.Tests.Interpreter;

public sealed unsafe class ProgramTests
{
    [Fact]
    public void Recursion_over_a_stack_computes_fibonacci()
    {
        using var machine = new TestMachine();
        var labels = machine.Load("""
                li.d    $sp, 0x300000
                li.w    $a0, 20
                bl      fib
            end:
                b       end
            fib:
                li.w    $t0, 2
                blt     $a0, $t0, leaf
                addi.d  $sp, $sp, -24
                st.d    $ra, $sp, 0
                st.d    $a0, $sp, 8
                addi.d  $a0, $a0, -1
                bl      fib
                ld.d    $a1, $sp, 8
                st.d    $a0, $sp, 16
                addi.d  $a0, $a1, -2
                bl      fib
                ld.d    $a1, $sp, 16
                ld.d    $ra, $sp, 0
                add.d   $a0, $a0, $a1
                addi.d  $sp, $sp, 24
            leaf:
                ret
            """);
        machine.Engine.Run(1_000_000).Should().Be(RunExit.Budget);
        machine.State->Pc.Should().Be(labels["end"]);
        machine[4].Should().Be(6765);
        machine[3].Should().Be(0x30_0000);
    }

    [Fact]
    public void Straight_code_runs_across_page_ends()
    {
        using var machine = new TestMachine();
        for (ulong pc = TestMachine.Origin; pc < TestMachine.Origin + 0x4000; pc += 4)
        {
            *(uint*)machine.Memory.Pointer(pc) = 0x02c0_0484; // addi.d $a0, $a0, 1
        }

        machine.Run(4096);
        machine[4].Should().Be(4096);
    }

    [Theory]
    [InlineData(0x30_0001UL)]
    [InlineData(0x30_0FFDUL)]
    [InlineData(0x30_0FF9UL)]
    public void Unaligned_accesses_reach_every_byte(ulong address)
    {
        using var machine = new TestMachine();
        machine.Load("""
            st.d    $a0, $t0, 0
            ld.d    $a1, $t0, 0
            ld.wu   $a2, $t0, 1
            ld.h    $a3, $t0, 3
            st.w    $a0, $t0, 4
            ldx.d   $a4, $t0, $zero
            """);
        machine[4] = 0x8877_6655_4433_2211;
        machine[12] = address;
        machine.Run(6);
        machine[5].Should().Be(0x8877_6655_4433_2211);
        machine[6].Should().Be(0x5544_3322);
        machine[7].Should().Be(0x5544);
        machine[8].Should().Be(0x4433_2211_4433_2211);
    }

    [Fact]
    public void Bceqz_and_bcnez_test_the_flag_near_and_far()
    {
        using var machine = new TestMachine();
        machine.Load("""
                bcnez   $fcc3, 0x2000
                bceqz   $fcc0, 0x2000
                bceqz   $fcc3, 8
                nop
                bcnez   $fcc3, -0x100000
            """);
        machine.State->Fcc[0] = 1;
        machine.Run(3);
        machine.State->Pc.Should().Be(TestMachine.Origin + 16);
        machine.State->Fcc[3] = 1;
        machine.Run(1);
        machine.State->Pc.Should().Be(16);
    }

    [Fact]
    public void Jirl_reads_its_register_before_it_writes_the_link()
    {
        using var machine = new TestMachine();
        machine.Load("jirl $t0, $t0, 16");
        machine[12] = TestMachine.Origin + 0x5000;
        machine.Run(1);
        machine.State->Pc.Should().Be(TestMachine.Origin + 0x5010);
        machine[12].Should().Be(TestMachine.Origin + 4);
    }

    [Fact]
    public void A_load_that_faults_leaves_rd_alone()
    {
        using var machine = new TestMachine();
        machine.Load("ld.d $t0, $t0, 0");
        machine.WriteCsr(Csr.Crmd, 0x10);
        machine.WriteCsr(Csr.Dmw0, 0x9000_0000_0000_0011);
        machine.State->Pc = 0x9000_0000_0010_0000;
        machine[12] = 0x1234_5678_9abc_def0;
        machine.Run(1);
        machine[12].Should().Be(0x1234_5678_9abc_def0);
        machine.State->Csr[Csr.Era].Should().Be(0x9000_0000_0010_0000);
        machine.State->Csr[Csr.Badv].Should().Be(0x1234_5678_9abc_def0);
    }
}
