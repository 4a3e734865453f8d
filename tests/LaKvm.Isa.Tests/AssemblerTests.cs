using System.Buffers.Binary;
using System.Text;

namespace LaKvm.Isa.Tests;

public class AssemblerTests
{
    [Theory]
    [InlineData(DisassemblyStyle.Default)]
    [InlineData(DisassemblyStyle.NoAliases)]
    [InlineData(DisassemblyStyle.NumericRegisters)]
    public void Disassembly_of_every_row_assembles_to_the_same_word(DisassemblyStyle style)
    {
        Random random = new(3);
        uint[] words = Rows.All.SelectMany(row => Enumerable.Range(0, 4).Select(_ => row.RandomWord(random))).ToArray();
        string source = string.Join('\n', words.Select(word => Disassembler.Format(word, style)));

        Words(source).Should().Equal(words);
    }

    [Fact]
    public void Extreme_operands_of_every_row_survive_the_round_trip()
    {
        foreach (OpcodeInfo row in Rows.All)
        {
            uint[] extremes = [row.Word, row.Word | ~row.Mask];
            foreach (uint word in extremes.Where(word => Decoder.Find(word) == row.Opcode))
            {
                Assembler.Encode(Disassembler.Format(word)).Should().Be(word, Disassembler.Format(word));
            }
        }
    }

    [Fact]
    public void Labels_are_branch_targets()
    {
        Words("""
            start:  beq $a0, $a1, end      # forward
                    b start
            1:      bnez $t0, 1b
                    bceqz $fcc3, 1f; nop
            1: end: bl start + 4
                    .word end - start
            """).Select(word => Disassembler.Format(word).Replace('\t', ' ')).Should().Equal(
            "beq $a0, $a1, 20", "b -4", "bnez $t0, 0", "bceqz $fcc3, 8", "nop", "bl -16", "<unknown>");
    }

    [Theory]
    [InlineData("bgt $a0, $a1, 8", "blt $a1, $a0, 8")]
    [InlineData("ble $a0, $a1, 8", "bge $a1, $a0, 8")]
    [InlineData("bgtu $a0, $a1, 8", "bltu $a1, $a0, 8")]
    [InlineData("bleu $a0, $a1, 8", "bgeu $a1, $a0, 8")]
    [InlineData("bltz $a0, 8", "blt $a0, $zero, 8")]
    [InlineData("bgtz $a0, 8", "blt $zero, $a0, 8")]
    [InlineData("blez $a0, 8", "bge $zero, $a0, 8")]
    [InlineData("bgez $a0, 8", "bge $a0, $zero, 8")]
    [InlineData("move $s9, $r4", "or $fp, $a0, $zero")]
    public void Aliases_stand_for_their_row(string alias, string row)
    {
        Assembler.Encode(alias).Should().Be(Assembler.Encode(row));
    }

    [Theory]
    [InlineData("li.d $a0, 0", "ori $a0, $zero, 0")]
    [InlineData("li.d $a0, -1", "addi.w $a0, $zero, -1")]
    [InlineData("li.d $a0, 0x80001000", "lu12i.w $a0, -524287; lu32i.d $a0, 0")]
    [InlineData("li.d $a0, 0x9000000000000000", "lu52i.d $a0, $zero, -1792")]
    [InlineData(
        "li.d $a0, 0x123456789abcdef0",
        "lu12i.w $a0, -414771; ori $a0, $a0, 3824; lu32i.d $a0, 284280; lu52i.d $a0, $a0, 291")]
    [InlineData("li.d $a0, 0x7fffffffffffffff", "addi.w $a0, $zero, -1; lu52i.d $a0, $a0, 2047")]
    [InlineData("li.w $a0, 0xfffff000", "lu12i.w $a0, -1")]
    [InlineData("li.w $a0, 0x12345", "lu12i.w $a0, 18; ori $a0, $a0, 837")]
    public void Immediate_loads_take_as_few_instructions_as_llvm(string macro, string expansion)
    {
        Words(macro).Should().Equal(Words(expansion));
    }

    [Fact]
    public void Local_addresses_are_loaded_relative_to_the_pc()
    {
        const string Source = ".space 0xff8; la.local $a0, here; .space 0x800; here:";
        AssemblyResult result = Assembler.Assemble(Source, 0x9000000000200000);

        result.Symbols["here"].Should().Be(0x9000000000201800);
        uint high = BinaryPrimitives.ReadUInt32LittleEndian(result.BytesOrThrow().AsSpan(0xff8));
        uint low = BinaryPrimitives.ReadUInt32LittleEndian(result.BytesOrThrow().AsSpan(0xffc));
        Disassembler.Format(high).Should().Be("pcalau12i\t$a0, 2");
        Disassembler.Format(low).Should().Be("addi.d\t$a0, $a0, -2048");
    }

    [Fact]
    public void Data_directives_emit_little_endian_bytes()
    {
        byte[] bytes = Assembler.Assemble("""
            .equ    SIZE, (1 << 4) | 3
            .byte   1, -1, 'A'
            .half   0x1234
            .ascii  "a\n\x41; # ü"
            .balign 4
            .word   SIZE, . + 4
            .asciz  ""
            .align  3
            .dword  0xfedcba9876543210
            .space  3, 0xee
            """, 0x100).BytesOrThrow();

        bytes.Should().Equal(
            [1, 255, 65, 0x34, 0x12, .. Encoding.UTF8.GetBytes("a\nA; # ü"), 0, 0,
            0x13, 0, 0, 0, 0x18, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 3,
            0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe, 0xee, 0xee, 0xee]);
    }

    [Theory]
    [InlineData("frob $a0", "unknown instruction frob")]
    [InlineData(".frob", "unknown directive .frob")]
    [InlineData("add.w $a0, $a1", "expected 3 operands, found 2")]
    [InlineData("add.w $a0, $a1, $fa0", "$fa0 is not a register of the kind $r0")]
    [InlineData("addi.d $a0, $a1, 2048", "2048 must be -2048 to 2047")]
    [InlineData("ld.w $a0, $a1, nowhere", "'nowhere' is not defined")]
    [InlineData("beq $a0, $a1, 6", "6 must be -131072 to 131068 and a multiple of 4")]
    [InlineData("csrxchg $a0, $ra, 0", "rj of csrxchg must not be $r0 or $r1")]
    [InlineData("amswap.w $a0, $a1, $a0", "rd and rj of amswap.w must be different registers")]
    [InlineData("li.w $a0, 0x100000000", "0x100000000 is 4294967296; it must be -2147483648 to 4294967295")]
    [InlineData(".word 1 +", "'1 +' is not an expression")]
    [InlineData(".word 1 / 0", "division by zero")]
    [InlineData(".ascii \"open", "missing closing \"")]
    [InlineData(".ascii open", "open is not a string in double quotes")]
    [InlineData(".equ 5, 3", "'5' cannot be a symbol")]
    [InlineData("x: x:", "'x' is already defined")]
    [InlineData("li.d $a0, y - x + 4094; x: nop; y:", "'x' depends on a symbol that is defined later")]
    public void Errors_name_the_line_and_the_reason(string statement, string message)
    {
        AssemblyResult result = Assembler.Assemble($"nop\n\n  {statement}\nnop");

        result.Errors[0].Should().Be(new AssemblyError(3, message));
        FluentActions.Invoking(result.BytesOrThrow).Should().Throw<FormatException>().WithMessage("line 3: *");
    }

    private static uint[] Words(string source)
    {
        byte[] bytes = Assembler.Assemble(source).BytesOrThrow();
        return bytes.Chunk(4).Select(word => BitConverter.ToUInt32(word)).ToArray();
    }
}
