extern alias generator;

using System.Numerics;
using generator::LaKvm.Isa.Generator;

namespace LaKvm.Isa.Tests;

/// <summary>The table against its own rules.</summary>
public class TableTests
{
    [Fact]
    public void GeneratedFiles_match_what_the_tables_give_now()
    {
        Dictionary<string, string> files = SourceWriter.Generate(RepositoryFiles.Path("src/LaKvm.Isa/Tables"));

        foreach ((string name, string text) in files)
        {
            string checkedIn = File.ReadAllText(RepositoryFiles.Path(name));
            (checkedIn == text).Should().BeTrue($"{name} is stale: run dotnet run --project src/LaKvm.Isa.Generator");
        }
    }

    [Fact]
    public void Rows_of_each_unit_are_complete()
    {
        Rows.All.GroupBy(row => row.Unit).ToDictionary(unit => unit.Key, unit => unit.Count()).Should().Equal(
            new Dictionary<Unit, int>
            {
                [Unit.None] = 237, [Unit.Fp] = 147, [Unit.Lsx] = 712, [Unit.Lasx] = 730, [Unit.Lbt] = 176,
            });
    }

    [Fact]
    public void Opcodes_of_scalar_rows_come_first()
    {
        Rows.All.Select(row => row.Unit is Unit.None ? Unit.Fp : row.Unit).Should().BeInAscendingOrder();
    }

    [Fact]
    public void Mnemonics_are_unique()
    {
        Rows.All.Select(row => row.Mnemonic).Should().OnlyHaveUniqueItems().And.NotContain("");
    }

    [Fact]
    public void Fields_of_a_row_cover_the_word_exactly_once()
    {
        foreach (OpcodeInfo row in Rows.All)
        {
            uint covered = row.Mask;
            foreach (Operand operand in row.Operands())
            {
                (covered & operand.Mask).Should().Be(0, $"fields of {row.Mnemonic} overlap");
                covered |= operand.Mask;
            }

            covered.Should().Be(uint.MaxValue, $"{row.Mnemonic} leaves bits undescribed");
            (row.Word & ~row.Mask).Should().Be(0, $"{row.Mnemonic} fixes operand bits");
        }
    }

    [Fact]
    public void Rows_do_not_overlap_except_where_the_table_says_so()
    {
        IEnumerable<string> overlaps =
            from a in Rows.All
            from b in Rows.All
            where a.Opcode < b.Opcode && ((a.Word ^ b.Word) & a.Mask & b.Mask) == 0
            select $"{a.Mnemonic} {b.Mnemonic}";

        overlaps.Should().Equal("csrrd csrxchg", "csrwr csrxchg", "gcsrrd gcsrxchg", "gcsrwr gcsrxchg");
    }

    [Fact]
    public void DropsR0_holds_for_rows_that_write_rd_and_need_not_see_r0_there()
    {
        string[] yes =
            ["add.w", "ld.d", "jirl", "ll.d", "csrrd", "gcsrrd", "amadd_db.w", "movfr2gr.s",
            "vpickve2gr.bu", "lddir", "rdtime.d", "iocsrrd.d", "lu32i.d", "bstrins.d"];
        string[] no =
            ["st.w", "sc.d", "csrwr", "csrxchg", "gcsrxchg", "beq", "iocsrwr.b",
            "fadd.s", "vadd.b", "preld", "b", "stgt.w", "invtlb"];

        Rows.All.Where(row => yes.Contains(row.Mnemonic)).Should().HaveCount(yes.Length)
            .And.OnlyContain(row => row.DropsR0);
        Rows.All.Where(row => no.Contains(row.Mnemonic)).Should().HaveCount(no.Length)
            .And.NotContain(row => row.DropsR0);
        Rows.All.Where(row => row.DropsR0).Should().OnlyContain(
            row => row.Operands().Any(operand => operand.Kind == OperandKind.Gpr && operand.Shift == 0));
    }

    [Fact]
    public void Privileged_rows_are_those_of_PLV0()
    {
        Rows.All.Where(row => row.IsPrivileged).Select(row => row.Mnemonic).Should().BeEquivalentTo(
            "csrrd", "csrwr", "csrxchg", "gcsrrd", "gcsrwr", "gcsrxchg", "cacop", "lddir", "ldpte",
            "ertn", "idle", "invtlb",
            "tlbclr", "tlbflush", "tlbsrch", "tlbrd", "tlbwr", "tlbfill",
            "gtlbclr", "gtlbflush", "gtlbsrch", "gtlbrd", "gtlbwr", "gtlbfill",
            "iocsrrd.b", "iocsrrd.h", "iocsrrd.w", "iocsrrd.d", "iocsrwr.b", "iocsrwr.h", "iocsrwr.w", "iocsrwr.d");
    }

    [Fact]
    public void Memory_accesses_have_a_size_and_a_base_register()
    {
        foreach (OpcodeInfo row in Rows.All)
        {
            (row.AccessSize != 0).Should().Be(row.Access != AccessKind.None, row.Mnemonic);
            if (row.Access != AccessKind.None)
            {
                BitOperations.IsPow2(row.AccessSize).Should().BeTrue(row.Mnemonic);
                row.Operands().Should().Contain(
                    operand => operand.Kind == OperandKind.Gpr && operand.Shift == 5, row.Mnemonic);
            }
        }
    }

    [Theory]
    [InlineData(Opcode.LdBu, AccessKind.Load, 1)]
    [InlineData(Opcode.FstxS, AccessKind.Store, 4)]
    [InlineData(Opcode.ScD, AccessKind.Atomic, 8)]
    [InlineData(Opcode.AmmaxDbDu, AccessKind.Atomic, 8)]
    [InlineData(Opcode.VldreplH, AccessKind.Load, 2)]
    [InlineData(Opcode.Xvstx, AccessKind.Store, 32)]
    [InlineData(Opcode.Preld, AccessKind.None, 0)]
    public void Access_describes_the_memory_operand(Opcode opcode, AccessKind access, int size)
    {
        (opcode.Info().Access, opcode.Info().AccessSize).Should().Be((access, size));
    }

    [Theory]
    [InlineData(Opcode.AddD, Flow.Next)]
    [InlineData(Opcode.Bceqz, Flow.Branch)]
    [InlineData(Opcode.B, Flow.Jump)]
    [InlineData(Opcode.Bl, Flow.Call)]
    [InlineData(Opcode.Jirl, Flow.Indirect)]
    [InlineData(Opcode.Hvcl, Flow.Trap)]
    [InlineData(Opcode.Ertn, Flow.Return)]
    [InlineData(Opcode.Csrxchg, Flow.Sync)]
    public void Flow_tells_how_an_instruction_continues(Opcode opcode, Flow flow)
    {
        opcode.Info().Flow.Should().Be(flow);
        opcode.Info().EndsBlock.Should().Be(flow != Flow.Next);
    }
}
