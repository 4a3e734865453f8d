namespace LaKvm.Cpu.Tests.Interpreter;

/// <summary>Refill handlers that walk through entries of impossible sizes.</summary>
public sealed unsafe class BadWalkTests
{
    private const ulong RefillVector = 0x21_0000;

    /// <summary>
    /// A refill handler that takes the valid bit off without looking makes an empty directory entry a huge one.
    /// </summary>
    [Fact]
    public void Refill_through_an_entry_of_an_impossible_size_ends_in_an_exception()
    {
        using var machine = new TestMachine();
        machine.WriteCsr(Csr.Tlbrentry, RefillVector);
        machine.WriteCsr(Csr.Dmw0, 0x11);
        machine.WriteCsr(Csr.Pwcl, 12 | (9 << 5) | (21 << 10) | (9 << 15) | (30 << 20) | (9 << 25));
        machine.WriteCsr(Csr.Pwch, 39 | (9 << 6));
        machine.WriteCsr(Csr.Pgdh, 0x30_0000);
        machine.Load("""
            csrrd   $t0, 0x1b
            lddir   $t0, $t0, 3
            addi.d  $t0, $t0, -1
            lddir   $t0, $t0, 2
            lddir   $t0, $t0, 1
            ldpte   $t0, 0
            ldpte   $t0, 1
            tlbfill
            ertn
            """, RefillVector);
        machine.Load("""
            li.w    $t0, 0xb0
            csrwr   $t0, 0
            li.d    $t1, 0xffff800040100000
            1:
            ld.d    $t2, $t1, 0
            b       1b
            """);
        machine.Load("1: b 1b", TestMachine.Vector);

        machine.RunTo(TestMachine.Vector, limit: 1000);

        (machine.Core.ReadCsr(Csr.Estat) >> 16).Should().Be((ulong)Trap.Pil);
        machine.Core.ReadCsr(Csr.Badv).Should().Be(0xffff_8000_4010_0000);
    }

    [Theory]
    [InlineData(0x0000_0000)]
    [InlineData(0x3f00_0000)]
    [InlineData(0x8000_0000)]
    [InlineData(0x0b00_0801)]
    public void Program_goes_on_behind_a_tlbwr_of_an_impossible_size(ulong tlbidx)
    {
        using var machine = new TestMachine();
        machine.WriteCsr(Csr.Dmw0, 0x11);
        ulong end = machine.Load($"""
            li.w    $t0, 0xb0
            csrwr   $t0, 0
            ld.d    $t0, $zero, 0x100
            li.d    $t0, {tlbidx}
            csrwr   $t0, 0x10
            csrwr   $zero, 0x11
            tlbwr
            tlbfill
            ld.d    $t0, $zero, 0x100
            end:
            b       end
            """)["end"];

        machine.RunTo(end, limit: 100);
    }
}
