using LaKvm.Isa;
using static LaKvm.Translator.Tests.Passes.IrBench;

namespace LaKvm.Translator.Tests.Passes;

/// <summary>Each pass alone, on small pieces of code.</summary>
public sealed class PassTests
{
    [Fact]
    public void Instruction_has_the_registers_of_its_row_without_r0()
    {
        IrRegion region = Decode("st.d $r4, $r5, 8; add.d $r0, $r6, $r0; bl 8");
        (region[0].Reads, region[0].Writes).Should().Be((Registers(4, 5), 0u));
        (region[4].Reads, region[4].Writes).Should().Be((Registers(6), 0u));
        region[4].IsPure.Should().BeTrue();
        region[0].IsPure.Should().BeFalse();
    }

    [Fact]
    public void Block_ends_at_branches_and_where_they_lead()
    {
        IrRegion region = Decode("nop; 1: addi.d $r4, $r4, -1; bnez $r4, 1b; nop; ret");
        region.Blocks.Select(block => (block.Start, block.End)).Should().Equal((0, 4), (4, 12), (12, 20));
    }

    [Fact]
    public void Steps_of_a_constant_are_constants()
    {
        IrRegion region = Run("lu12i.w $r12, 0x12345; ori $r12, $r12, 0x678; add.d $r4, $r12, $r5", ConstantPass.Run);
        (region[0].Kind, region[0].Value).Should().Be((NodeKind.Constant, 0x1234_5000ul));
        (region[4].Kind, region[4].Value).Should().Be((NodeKind.Constant, 0x1234_5678ul));
        region[4].Reads.Should().Be(0);
        region[8].Kind.Should().Be(NodeKind.Instruction);
    }

    [Fact]
    public void Register_written_by_something_else_is_no_constant_any_more()
    {
        IrRegion region = Run(
            "addi.w $r12, $r0, 1; ld.d $r12, $r4, 0; addi.d $r13, $r12, 1", ConstantPass.Run);
        region[8].Kind.Should().Be(NodeKind.Instruction);
    }

    [Fact]
    public void Constant_outlives_a_store_of_it()
    {
        IrRegion region = Run(
            "addi.w $r12, $r0, 1; st.d $r12, $r4, 0; addi.d $r13, $r12, 1", ConstantPass.Run);
        (region[8].Kind, region[8].Value).Should().Be((NodeKind.Constant, 2ul));
    }

    [Theory]
    [InlineData("add.d $r4, $r5, $r6; addi.d $r4, $r7, 1", NodeKind.Nothing)]
    [InlineData("add.d $r4, $r5, $r6; addi.d $r4, $r4, 1", NodeKind.Instruction)]
    [InlineData("add.d $r4, $r5, $r6; addi.d $r7, $r4, 1", NodeKind.Instruction)]
    [InlineData("add.d $r4, $r5, $r6; ld.d $r7, $r8, 0; addi.d $r4, $r7, 1", NodeKind.Instruction)]
    [InlineData("add.d $r4, $r5, $r6; fadd.d $f0, $f1, $f2; addi.d $r4, $r7, 1", NodeKind.Instruction)]
    [InlineData("add.d $r0, $r5, $r6; ret", NodeKind.Nothing)]
    [InlineData("ld.d $r0, $r5, 0; ret", NodeKind.Instruction)]
    [InlineData("rdtime.d $r4, $r0; addi.d $r4, $r0, 1", NodeKind.Instruction)]
    internal void First_write_is_done_unless_nobody_can_see_it(string assembly, NodeKind expected) =>
        Run(assembly, DeadWritePass.Run)[0].Kind.Should().Be(expected);

    [Fact]
    public void What_only_a_dead_write_reads_is_dead_too()
    {
        IrRegion region = Run(
            "addi.d $r4, $r5, 1; add.d $r6, $r4, $r4; addi.d $r6, $r7, 1; addi.d $r4, $r7, 2", DeadWritePass.Run);
        region[0].Kind.Should().Be(NodeKind.Nothing);
        region[4].Kind.Should().Be(NodeKind.Nothing);
        region[8].Kind.Should().Be(NodeKind.Instruction);
    }

    [Fact]
    public void Loaded_constant_takes_its_last_step_only()
    {
        IrRegion region = Run(
            "lu12i.w $r12, 0x12345; ori $r12, $r12, 0x678; lu32i.d $r12, 5; lu52i.d $r12, $r12, 1",
            ConstantPass.Run, DeadWritePass.Run);
        new[] { region[0].Kind, region[4].Kind, region[8].Kind, region[12].Kind }.Should().Equal(
            NodeKind.Nothing, NodeKind.Nothing, NodeKind.Nothing, NodeKind.Constant);
        region[12].Value.Should().Be(0x0010_0005_1234_5678);
    }

    [Theory]
    [InlineData("add.w $r4, $r5, $r6", true)]
    [InlineData("add.d $r4, $r5, $r6", false)]
    [InlineData("ld.w $r4, $r5, 0", true)]
    [InlineData("ld.hu $r4, $r5, 0", true)]
    [InlineData("ld.wu $r4, $r5, 0", false)]
    [InlineData("ll.w $r4, $r5, 0", true)]
    [InlineData("bstrpick.d $r4, $r5, 30, 0", true)]
    [InlineData("bstrpick.d $r4, $r5, 31, 0", false)]
    [InlineData("ext.w.b $r7, $r5; ext.w.h $r8, $r5; xor $r4, $r7, $r8", true)]
    [InlineData("ext.w.b $r7, $r5; xor $r4, $r7, $r8", false)]
    [InlineData("addi.w $r4, $r5, 1; csrrd $r4, 0x30", false)]
    public void Register_is_known_to_hold_a_word_if_the_row_says_so(string assembly, bool expected)
    {
        IrRegion region = Run(assembly + "; ret", WordPass.Run);
        bool isWord = (region[region.End - 4].Words >> 4 & 1) != 0;
        isWord.Should().Be(expected);
    }

    [Theory]
    [InlineData("add.w $r4, $r5, $r6", new int[0])]
    [InlineData("add.d $r4, $r5, $r6", new[] { 5, 6 })]
    [InlineData("st.w $r4, $r5, 0", new[] { 5 })]
    [InlineData("st.w $r5, $r5, 0", new[] { 5 })]
    [InlineData("stx.b $r4, $r5, $r6", new[] { 5, 6 })]
    [InlineData("st.d $r4, $r5, 0", new[] { 4, 5 })]
    [InlineData("slt $r4, $r5, $r6", new[] { 5, 6 })]
    [InlineData("bstrpick.d $r4, $r5, 31, 8", new int[0])]
    [InlineData("bstrpick.d $r4, $r5, 32, 8", new[] { 5 })]
    public void Upper_halves_count_where_the_row_looks_at_them(string assembly, int[] expected) =>
        Run(assembly, WordPass.Run)[0].Whole.Should().Be(Registers(expected));

    [Fact]
    public void Upper_halves_of_words_do_not_count_in_what_treats_words_alike() =>
        Run("ext.w.b $r5, $r7; ext.w.h $r6, $r7; slt $r4, $r5, $r6", WordPass.Run)[8].Whole.Should().Be(0);

    [Theory]
    [InlineData("ld.d $r4, $r5, 0; st.d $r4, $r5, 8", true)]
    [InlineData("ldx.d $r4, $r5, $r6; ldx.d $r7, $r5, $r6", true)]
    [InlineData("ld.d $r4, $r5, 0; add.d $r7, $r4, $r6; crc.w.b.w $r7, $r7, $r8; st.d $r7, $r5, 8", true)]
    [InlineData("ld.d $r4, $r5, 0; fadd.d $f0, $f1, $f2; fst.d $f0, $r5, 8", true)]
    [InlineData("ld.d $r4, $r5, 0; ld.d $r7, $r6, 0", false)]
    [InlineData("ld.d $r4, $r5, 0; ld.d $r7, $r5, 1024", false)]
    [InlineData("ld.d $r5, $r5, 0; ld.d $r7, $r5, 8", false)]
    [InlineData("ld.d $r4, $r5, 0; addi.d $r5, $r5, 8; ld.d $r7, $r5, 8", false)]
    [InlineData("ldx.d $r6, $r5, $r6; ldx.d $r7, $r5, $r6", false)]
    [InlineData("ld.d $r4, $r5, 0; amadd.d $r8, $r9, $r10; ld.d $r7, $r5, 8", false)]
    [InlineData("ld.d $r4, $r5, 0; csrrd $r8, 0x30; ld.d $r7, $r5, 8", false)]
    public void Accesses_share_a_look_if_they_are_near_and_nothing_is_between(string assembly, bool isShared)
    {
        IrRegion region = Decode(assembly);
        AccessGroups.Run(region, new Host());
        region.Blocks[0].HasGroups.Should().Be(isShared);
        (region[0].Group != AccessGroups.None).Should().Be(isShared);
        region[region.End - 4].Group.Should().Be(region[0].Group);
    }

    [Fact]
    public void Group_spans_all_its_accesses()
    {
        IrRegion region = Decode("ld.b $r4, $r5, 7; st.d $r4, $r5, -16; ld.w $r4, $r5, 4");
        AccessGroups.Run(region, new Host());
        region.Groups.Should().ContainSingle().Which.Should().Be(
            new AccessGroup(0, 5, AccessGroups.NoIndex, -16, 8, Reads: true, Writes: true, First: 0, Last: 8));
    }

    [Theory]
    [InlineData("1: fadd.d $f0, $f0, $f1; addi.d $r4, $r4, -1; bnez $r4, 1b", 4)]
    [InlineData("1: vadd.b $vr0, $vr0, $vr1; addi.d $r4, $r4, -1; bnez $r4, 1b", 4)]
    [InlineData("1: add.d $r5, $r5, $r6; addi.d $r4, $r4, -1; bnez $r4, 1b", 1)]
    [InlineData("1: fadd.d $f0, $f0, $f1; addi.d $r4, $r4, -1; b 1b", 1)]
    public void Loop_of_floating_point_is_emitted_several_times(string assembly, int copies)
    {
        IrRegion region = Decode(assembly);
        LoopPass.Run(region, new Host());
        region.Blocks[0].Copies.Should().Be(copies);
    }

    [Fact]
    public void Registers_that_a_loop_uses_most_live_in_host_registers()
    {
        IrRegion region = Decode("""
            1: add.d $r25, $r25, $r26
            xor $r26, $r26, $r25
            add.d $r25, $r25, $r26
            addi.d $r27, $r27, -1
            bnez $r27, 1b
            ret
            """);
        var assignment = new RegisterAssignment();
        assignment.Choose(region, new Host());
        assignment.Exchanges.Select(exchange => exchange.Kept).Should().BeEquivalentTo([25, 26]);
        assignment.TryGet(25, out _).Should().BeTrue();
    }

    [Fact]
    public void Stages_are_shown_to_who_asks()
    {
        var region = new IrRegion();
        var stages = new List<(string Name, string Text)>();
        var passes = new PassPipeline(region, new Host())
        {
            Trace = (name, text) => stages.Add((name, text)),
        };
        passes.Run(Collect("lu12i.w $r12, 1; ori $r12, $r12, 2; st.w $r12, $r4, 8; ld.w $r5, $r4, 0"));
        stages.Select(stage => stage.Name).Should().Equal(
            "decoded", "constants", "dead writes", "words", "accesses", "loops");
        stages[^1].Text.Split('\n').Should().Equal(
            "block 000 to 010",
            "  000  nothing",
            "  004  r12 = 0x1002                     writes r12",
            "  008  st.w $t0, $a0, 8                 reads r4,r12 whole r4 words r12 group 0",
            "  00c  ld.w $a1, $a0, 0                 reads r4 writes r5 whole r4 words r12 group 0",
            "");
    }

    /// <summary>A host with two registers to keep guest registers in.</summary>
    private sealed class Host : IHostTraits
    {
        public bool MakesAccess(in Node node) => true;

        public int UsualRegister(int guest) => guest is 4 or 5 ? guest : -1;

        public bool UsesVectors(in Node node) => node.Info.Unit is Unit.Fp or Unit.Lsx;
    }
}
