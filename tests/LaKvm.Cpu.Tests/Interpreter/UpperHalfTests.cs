namespace LaKvm.Cpu.Tests.Interpreter;

/// <summary>What an instruction leaves in the bits of a vector register that it does not define.</summary>
public sealed unsafe class UpperHalfTests
{
    private const ulong Untouched = 0x1122_3344_5566_7788;

    /// <summary>
    /// What stands above an LSX result is a fact of its row (docs/isa.md), also behind a row of the other kind.
    /// </summary>
    [Theory]
    [InlineData("vadd.b $vr0, $vr1, $vr2", 0UL)]
    [InlineData("vpcnt.b $vr0, $vr1", Untouched)]
    [InlineData("vld $vr0, $t0, 0", Untouched)]
    [InlineData("vinsgr2vr.d $vr0, $t0, 1", Untouched)]
    [InlineData("vldi $vr0, 5", 0UL)]
    [InlineData("vreplgr2vr.w $vr0, $t0", 0UL)]
    [InlineData("vldrepl.w $vr0, $t0, 0", 0UL)]
    [InlineData("vbitsel.v $vr0, $vr1, $vr2, $vr3", 0UL)]
    [InlineData("vfcmp.ceq.d $vr0, $vr1, $vr2", 0UL)]
    [InlineData("vfadd.d $vr0, $vr1, $vr2", Untouched)]
    [InlineData("fadd.d $fa0, $fa1, $fa2", Untouched)]
    [InlineData("vadd.b $vr0, $vr1, $vr2; vld $vr0, $t0, 0; xvori.b $xr4, $xr0, 0", 0UL)]
    [InlineData("vpcnt.b $vr0, $vr1; vand.v $vr0, $vr0, $vr0; vpcnt.h $vr0, $vr0", 0UL)]
    [InlineData("vpcnt.b $vr0, $vr1; fmov.d $fa0, $fa1; vfadd.d $vr0, $vr0, $vr1", Untouched)]
    [InlineData("vand.v $vr0, $vr1, $vr1; xvori.b $xr0, $xr5, 0; vld $vr0, $t0, 0", Untouched)]
    public void Lsx_instruction_clears_or_keeps_what_is_above_its_result(string source, ulong upper)
    {
        using TestMachine machine = new();
        machine.Load(source + "; b 0");
        machine.WriteCsr(Csr.Euen, 7);
        machine[12] = 0x30_0000;
        Fill(machine, 0);
        Fill(machine, 5);
        machine.Run(source.Count(letter => letter == ';') + 2);
        new Span<ulong>(CpuState.Vector(machine.State, 0), 4)[2..].ToArray().Should().AllBeEquivalentTo(upper);
    }

    private static void Fill(TestMachine machine, int register) =>
        new Span<ulong>(CpuState.Vector(machine.State, register), 4).Fill(Untouched);
}
