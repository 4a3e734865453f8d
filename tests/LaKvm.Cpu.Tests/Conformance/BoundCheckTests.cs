using LaKvm.Interpreter;

namespace LaKvm.Cpu.Tests.Conformance;

/// <summary>
/// Bound checks where QEMU differs from the manual (vol. 1, 2.2.6, 2.2.10.3, 3.2.7): bounds are signed numbers, an
/// access goes to rj whatever the bound is.
/// </summary>
public sealed class BoundCheckTests
{
    /// <summary>
    /// rj is r5, rk is r6, rd r4 or fd f4; r5 points at the memory cell that holds 0x1122334455667788.
    /// </summary>
    private const string Memory = "r5=200010 @200010=1122334455667788";

    [Theory]
    [InlineData("asrtle.d", "000118a0", "r5=ffffffffffffffff r6=1", "")]
    [InlineData("asrtle.d", "000118a0", "r5=1 r6=ffffffffffffffff", "trap=Bce")]
    [InlineData("asrtgt.d", "000198a0", "r5=1 r6=ffffffffffffffff", "")]
    [InlineData("asrtgt.d", "000198a0", "r5=ffffffffffffffff r6=1", "trap=Bce")]
    [InlineData("ldgt.w", "387918a4", Memory + " r6=ffffffffffffffff", "r4=55667788")]
    [InlineData("ldle.w", "387b18a4", Memory + " r6=ffffffffffffffff", "trap=Bce")]
    [InlineData("stgt.b", "387c18a4", Memory + " r4=99 r6=8000000000000000", "@200010=1122334455667799")]
    [InlineData("stle.b", "387e18a4", Memory + " r4=99 r6=8000000000000000", "trap=Bce")]
    public void Bound_is_a_signed_number(string mnemonic, string word, string before, string after) =>
        Replay(mnemonic, word, before, after);

    [Theory]
    [InlineData("fldgt.s", "387418a4", Memory + " r6=200000", "f4=ffffffff55667788")]
    [InlineData("fldgt.d", "387498a4", Memory + " r6=200000", "f4=1122334455667788")]
    [InlineData("fldgt.d", "387498a4", Memory + " r6=200010", "trap=Bce")]
    [InlineData("fldle.s", "387518a4", Memory + " r6=200010", "f4=ffffffff55667788")]
    [InlineData("fldle.d", "387598a4", Memory + " r6=200011", "f4=1122334455667788")]
    [InlineData("fldle.d", "387598a4", Memory + " r6=20000f", "trap=Bce")]
    [InlineData("fstgt.s", "387618a4", Memory + " r6=1 f4=aabbccdd00000001", "@200010=1122334400000001")]
    [InlineData("fstgt.d", "387698a4", Memory + " r6=1 f4=aabbccdd00000001", "@200010=aabbccdd00000001")]
    [InlineData("fstgt.d", "387698a4", Memory + " r6=200010", "trap=Bce")]
    [InlineData("fstle.s", "387718a4", Memory + " r6=200010 f4=aabbccdd00000001", "@200010=1122334400000001")]
    [InlineData("fstle.d", "387798a4", Memory + " r6=7fffffffffffffff f4=1", "@200010=1")]
    [InlineData("fstle.d", "387798a4", Memory + " r6=0", "trap=Bce")]
    public void Fp_access_that_passes_goes_to_rj(string mnemonic, string word, string before, string after) =>
        Replay(mnemonic, word, before, after);

    [Theory]
    [InlineData("ldgt.d", "387998a4")]
    [InlineData("fldgt.d", "387498a4")]
    public void Access_inside_the_bound_must_be_aligned(string mnemonic, string word) =>
        Replay(mnemonic, word, "r5=200014 r6=0", "trap=Ale");

    private static void Replay(string mnemonic, string word, string before, string after)
    {
        using ConformanceMachine machine = new(core => new InterpreterEngine(core));
        string line = $"{word} {before} = {after}".TrimEnd();
        machine.Run(new VectorCase(line)).Should().BeNull($"{mnemonic}: {line}");
    }
}
