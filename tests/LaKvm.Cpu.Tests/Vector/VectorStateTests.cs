using LaKvm.Cpu.Tests.Interpreter;
using LaKvm.Isa;

namespace LaKvm.Cpu.Tests.Vector;

/// <summary>What vector instructions do to state that the recorded vectors cannot show.</summary>
public sealed unsafe class VectorStateTests
{
    private const ulong Untouched = 0x1122_3344_5566_7788, Half = 0x3f00_0000_3f00_0000;
    private const uint Underflow = 2;

    [Theory]
    [InlineData("vadd.b $vr0, $vr1, $vr2", 5UL, Trap.Sxd)]
    [InlineData("xvadd.b $xr0, $xr1, $xr2", 3UL, Trap.Asxd)]
    public void Instruction_of_a_disabled_unit_raises_the_units_exception(string source, ulong units, Trap trap)
    {
        using TestMachine machine = Machine(source);
        machine.WriteCsr(Csr.Euen, units);
        Fill(machine, 0, Untouched);
        machine.Run(1);
        RaisedTrap(machine).Should().Be(trap);
        Words(machine, 0).Should().AllBeEquivalentTo(Untouched);
    }

    /// <summary>
    /// Another thread may have fetched the resolving handler before the row was resolved: it still executes.
    /// </summary>
    [Fact]
    public void Row_that_was_resolved_meanwhile_is_executed()
    {
        using TestMachine machine = Machine("xvhaddw.du.wu $xr5, $xr1, $xr1");
        Instruction instruction = Decoder.Decode((uint)machine.Cell(TestMachine.Origin));
        HandlerTable unresolved = HandlerTable.Build();
        for (int n = 0; n < 2; n++)
        {
            unresolved[instruction.Opcode](machine.Core, machine.State, &instruction).Should().Be(Trap.None);
        }
    }

    /// <summary>
    /// The last element divides by zero, another one is inexact: both are causes, and no element is written.
    /// </summary>
    [Fact]
    public void Trapping_instruction_writes_nothing_but_the_causes_of_all_elements()
    {
        using TestMachine machine = Machine("xvfdiv.d $xr0, $xr1, $xr2");
        Fill(machine, 0, Untouched);
        Fill(machine, 1, BitConverter.DoubleToUInt64Bits(1));
        Fill(machine, 2, BitConverter.DoubleToUInt64Bits(3));
        CpuState.Vector(machine.State, 2)[3] = 0;
        machine.State->Fcsr = (uint)FpFlags.DivideByZero;
        machine.Run(1);
        RaisedTrap(machine).Should().Be(Trap.Vfpe);
        Words(machine, 0).Should().AllBeEquivalentTo(Untouched);
        machine.State->Fcsr.Should().Be(
            (uint)FpFlags.DivideByZero | ((uint)(FpFlags.DivideByZero | FpFlags.Inexact) << Fcsr.CauseShift));
    }

    /// <summary>Manual vol. 1, 3.1.4.4; QEMU does not trap here, so no recorded line enables the exception.</summary>
    [Fact]
    public void Exact_tiny_element_traps_when_underflow_is_enabled()
    {
        using TestMachine machine = Machine("vfmul.s $vr0, $vr1, $vr2");
        Fill(machine, 1, 0x0080_0000_0080_0000);
        Fill(machine, 2, Half);
        machine.State->Fcsr = Underflow;
        machine.Run(1);
        RaisedTrap(machine).Should().Be(Trap.Vfpe);
        machine.State->Fcsr.Should().Be(Underflow | (Underflow << Fcsr.CauseShift));
    }

    [Fact]
    public void Load_across_a_page_boundary_reads_both_pages()
    {
        using TestMachine machine = Machine("xvld $xr0, $t0, 0");
        for (ulong word = 0; word < 4; word++)
        {
            machine.Cell(0x30_0ff0 + (8 * word)) = word + 1;
        }

        machine[12] = 0x30_0ff0;
        machine.Run(1);
        Words(machine, 0).Should().Equal(1, 2, 3, 4);
    }

    private static TestMachine Machine(string source)
    {
        var machine = new TestMachine();
        machine.Load(source);
        machine.WriteCsr(Csr.Euen, 7);
        return machine;
    }

    private static void Fill(TestMachine machine, int register, ulong value) =>
        new Span<ulong>(CpuState.Vector(machine.State, register), 4).Fill(value);

    private static ulong[] Words(TestMachine machine, int register) =>
        new Span<ulong>(CpuState.Vector(machine.State, register), 4).ToArray();

    private static Trap RaisedTrap(TestMachine machine) =>
        (Trap)((machine.Core.ReadCsr(Csr.Estat) >> Estat.EcodeShift) & 0x7fff);
}
