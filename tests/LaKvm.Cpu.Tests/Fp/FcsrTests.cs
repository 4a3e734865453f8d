using LaKvm.Cpu.Tests.Conformance;
using LaKvm.Interpreter;

namespace LaKvm.Cpu.Tests.Fp;

/// <summary>FCSR0 and its aliases (manual vol. 1, 3.1.2.3 and 3.1.4).</summary>
public sealed class FcsrTests
{
    [Theory]
    [InlineData(0, 0x1f1f031fu)]
    [InlineData(1, 0x0000001fu)]
    [InlineData(2, 0x1f1f0000u)]
    [InlineData(3, 0x00000300u)]
    public void Alias_covers_its_fields_only(int number, uint mask) => Fcsr.Mask(number).Should().Be(mask);

    [Theory]
    [InlineData("0114c0a0", "r5=ffffffff", "fcsr=1f1f031f")]
    [InlineData("0114c0a1", "r5=ffffffff", "fcsr=1f")]
    [InlineData("0114c0a2", "r5=0 fcsr=1f1f031f", "fcsr=31f")]
    [InlineData("0114c0a3", "r5=ffffffff00000000 fcsr=1f1f031f", "fcsr=1f1f001f")]
    public void Movgr2fcsr_keeps_reserved_bits_zero_and_never_traps(string word, string before, string after)
    {
        using ConformanceMachine machine = new(core => new InterpreterEngine(core));
        machine.Run(new VectorCase($"{word} {before} = {after}")).Should().BeNull();
    }

    [Fact]
    public void Update_without_enables_rewrites_cause_and_accumulates_flags()
    {
        uint fcsr = Fcsr.Update(0x1f100000, FpFlags.Overflow | FpFlags.Inexact, out bool traps);
        traps.Should().BeFalse();
        fcsr.Should().Be(0x05150000u);
    }

    [Fact]
    public void Update_with_enabled_exception_traps_and_leaves_flags()
    {
        uint fcsr = Fcsr.Update(0x00100004, FpFlags.Overflow | FpFlags.Inexact, out bool traps);
        traps.Should().BeTrue();
        fcsr.Should().Be(0x05100004u);
    }

    [Fact]
    public void Update_without_exception_clears_cause() =>
        Fcsr.Update(0x1f1f031f, FpFlags.None, out _).Should().Be(0x001f031fu);

    [Theory]
    [InlineData(FpFlags.None, FpFlags.None)]
    [InlineData(FpFlags.Underflow, FpFlags.Underflow)]
    public void Exact_tiny_result_underflows_only_if_that_is_enabled(FpFlags enables, FpFlags expected)
    {
        FpEnvironment env = new(FpRounding.NearestEven, enables);
        Fp64.Multiply(0x0010000000000000, 0x3fe0000000000000, ref env).Should().Be(0x0008000000000000);
        env.Flags.Should().Be(expected);
    }
}
