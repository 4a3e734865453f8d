using LaKvm.Cpu.Tests.Conformance;
using LaKvm.Isa;

namespace LaKvm.Cpu.Tests.Integer;

/// <summary>What the instruction table says of rows, against what they do.</summary>
public sealed class RowFactTests
{
    private const int Tries = 200;

    private static readonly OpcodeInfo[] Computing = [.. Enumerable.Range(1, OpcodeTable.Count - 1)
        .Select(row => ((Opcode)row).Info()).Where(info => info.Computes)];

    [Fact]
    public void Row_of_low_words_computes_the_same_whatever_is_above_them() => Check(
        info => info.ReadsLowWords,
        (instruction, registers, random) =>
        {
            ulong? before = Fold(instruction, registers);
            for (int n = 1; n < registers.Length; n++)
            {
                registers[n] = (uint)registers[n] | ((ulong)random.NextInt64() << 32);
            }

            Fold(instruction, registers).Should().Be(before, instruction.Opcode.ToString());
        });

    [Fact]
    public void Row_with_the_result_of_a_word_extends_its_sign() => Check(
        info => info.WritesWord,
        (instruction, registers, _) =>
            IsWord(Fold(instruction, registers)).Should().BeTrue(instruction.Opcode.ToString()));

    [Fact]
    public void Row_that_treats_words_alike_makes_a_word_of_words() => Check(
        info => info.TreatsWordsAlike,
        (instruction, registers, _) =>
        {
            for (int n = 1; n < registers.Length; n++)
            {
                registers[n] = (ulong)(int)registers[n];
            }

            IsWord(Fold(instruction, registers)).Should().BeTrue(instruction.Opcode.ToString());
        });

    /// <summary>Translations keep other registers in the host's while an instruction's handler runs.</summary>
    [Fact]
    public void Recorded_row_changes_no_general_register_but_the_one_it_says()
    {
        foreach ((string mnemonic, IReadOnlyList<string> lines) in VectorFiles.Lines)
        {
            foreach (VectorCase vector in lines.Select(line => new VectorCase(line)).Where(v => v.Code.Length == 1))
            {
                Instruction instruction = Decoder.Decode(vector.Code[0]);
                bool writes = instruction.Opcode.Info().GprWrites != 0 || instruction.Opcode == Opcode.Bl;
                int written = instruction.Opcode == Opcode.Bl ? 1 : writes ? instruction.D : 0;
                for (int n = 1; n < 32; n++)
                {
                    bool changes = vector.Before.Gpr[n] != vector.After.Gpr[n];
                    (changes && n != written).Should().BeFalse($"{mnemonic}: {vector.Line}");
                }
            }
        }
    }

    private static void Check(Func<OpcodeInfo, bool> holds, Action<Instruction, ulong[], Random> check)
    {
        OpcodeInfo[] rows = [.. Computing.Where(holds)];
        rows.Should().NotBeEmpty();
        var random = new Random(1);
        foreach (OpcodeInfo row in rows)
        {
            for (int n = 0; n < Tries; n++)
            {
                uint word = row.Word | ((uint)random.NextInt64() & ~row.Mask);
                Instruction instruction = Decoder.Decode(word);
                if (instruction.Opcode == row.Opcode)
                {
                    check(instruction, Registers(random), random);
                }
            }
        }
    }

    private static ulong[] Registers(Random random)
    {
        var registers = new ulong[32];
        for (int n = 1; n < registers.Length; n++)
        {
            registers[n] = (ulong)random.NextInt64() << random.Next(2) >> random.Next(64);
        }

        return registers;
    }

    private static ulong? Fold(in Instruction instruction, ulong[] registers) =>
        ConstantFolding.Fold(instruction, uint.MaxValue, registers);

    private static bool IsWord(ulong? value) => value == null || (ulong)(int)value.Value == value;
}
