namespace LaKvm.Cli.Tests;

/// <summary>What programs find when they start, as guest of the hypervisor and on the bare machine.</summary>
public sealed class BootTests : IDisposable
{
    /// <summary>Goes on in the cached window, with absent memory in s3 and what a1 and vr0 must keep.</summary>
    private const string AbsentMemoryStart = """
        li.d $t0, 0x8000000000000001
        csrwr $t0, 0x180
        li.d $s4, 0x9000000000000000
        addi.d $t0, $s4, 0x11
        csrwr $t0, 0x181
        csrwr $zero, 0x182
        csrwr $zero, 0x183
        la.local $t0, handler
        add.d $t0, $t0, $s4
        csrwr $t0, 0xc
        csrwr $zero, 0x4
        ori $t0, $zero, 7
        csrwr $t0, 0x2
        lu52i.d $s0, $s0, -2048
        lu52i.d $s1, $s1, -2048
        la.local $t0, 5f
        add.d $t0, $t0, $s4
        jirl $zero, $t0, 0
        5: ori $t0, $zero, 0xb0
        csrwr $t0, 0
        move $s4, $zero
        li.d $s3, 0x8000000030001000
        ori $s5, $zero, 0x100
        li.d $a1, 0x1234567
        vinsgr2vr.d $vr0, $a1, 0

        """;

    /// <summary>
    /// Prints y and goes on behind the access if the cause is ADEM, BADV holds its address (s6), ERA its own (s7), PRMD
    /// the mode, and its register is as it was.
    /// </summary>
    private const string AbsentMemoryHandler = """
        .balign 4096
        handler: csrrd $t0, 0x5
        bstrpick.d $t0, $t0, 30, 16
        ori $t1, $zero, 0x48
        bne $t0, $t1, wrong
        csrrd $t0, 0x7
        bne $t0, $s6, wrong
        csrrd $t0, 0x6
        bne $t0, $s7, wrong
        csrrd $t0, 0x1
        bnez $t0, wrong
        li.d $t1, 0x1234567
        bne $a1, $t1, wrong
        vpickve2gr.d $t0, $vr0, 0
        bne $t0, $t1, wrong
        ori $t0, $zero, 'y'
        b 6f
        wrong: ori $t0, $zero, 'n'
        6: st.b $t0, $s0, 0
        csrrd $t0, 0x6
        addi.d $t0, $t0, 4
        csrwr $t0, 0x6
        ertn

        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("lakvm-boot-").FullName;

    public static TheoryData<string> Commands => ["host", "run"];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Raw_binary_starts_at_its_address_and_finds_the_other_files(string command)
    {
        // Prints the first byte of each file, and its own address divided by 1 MiB.
        string kernel = Write("kernel.bin", TestKernel.Raw("""
            lu12i.w $t1, 0x300
            ld.bu $t0, $t1, 0
            st.b $t0, $s0, 0
            lu12i.w $t1, 0x40000
            slli.d $t1, $t1, 1
            ld.bu $t0, $t1, 5
            st.b $t0, $s0, 0
            pcaddi $t0, 0
            srli.d $t0, $t0, 20
            addi.d $t0, $t0, '0'
            st.b $t0, $s0, 0

            """ + TestKernel.PowerOff));
        string first = Write("a@b.bin", "A"u8.ToArray()), second = Write("second.bin", "B"u8.ToArray());

        LakvmProcess.Run(command, "--kernel", kernel, "--load", "0x9000000000500000", "--load", $"{first}@0x300000",
            "--load", $"{second}@{0x8000_0005UL}").Should().Be((0, "AB5", ""));
    }

    [Theory]
    [InlineData("0x10000000", "*does not fit*RAM is at*")]
    [InlineData("0x200000", "*0x200000-0x200000*is taken already*")]
    [InlineData("nowhere", "*'nowhere' is not an address*")]
    public void File_for_an_impossible_place_is_refused_in_a_sentence(string address, string message)
    {
        using var kernel = new TestKernel(TestKernel.PowerOff);
        string file = Write("file.bin", "A"u8.ToArray());

        (int exitCode, string output, string errors) =
            LakvmProcess.Run("host", "--kernel", kernel.Path, "--load", $"{file}@{address}");

        exitCode.Should().BeOneOf(ExitCode.Failure, ExitCode.Usage);
        output.Should().BeEmpty();
        errors.Should().Match(message).And.Match("lakvm: *\n").And.Subject.Split('\n').Should().HaveCount(2);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Device_tree_lies_where_kernels_for_the_virt_machine_look(string command)
    {
        using var kernel = new TestKernel("""
            lu12i.w $t1, 0x100
            ld.wu $t0, $t1, 0
            revb.2w $t0, $t0
            lu32i.d $t0, 0
            lu12i.w $t1, -0x2ff21
            ori $t1, $t1, 0xeed
            lu32i.d $t1, 0
            bne $t0, $t1, 5f

            """ + TestKernel.Print("tree") + "5:\n" + TestKernel.PowerOff);

        LakvmProcess.Run(command, "--kernel", kernel.Path).Should().Be((0, "tree", ""));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Command_line_has_an_address_only_if_there_is_one(string command)
    {
        using var kernel = new TestKernel("beqz $a1, 5f\n" + TestKernel.Print("words") + TestKernel.PowerOff
            + "5:\n" + TestKernel.Print("none") + TestKernel.PowerOff);

        LakvmProcess.Run(command, "--kernel", kernel.Path).Should().Be((0, "none", ""));
        LakvmProcess.Run(command, "--kernel", kernel.Path, "--append", "x").Should().Be((0, "words", ""));
    }

    [Theory]
    [InlineData("host", "translator")]
    [InlineData("host", "interpreter")]
    [InlineData("run", "translator")]
    [InlineData("run", "interpreter")]
    public void Secondary_core_starts_at_the_address_as_it_was_mailed(string command, string engine)
    {
        // Core 0 mails an address in the cached window, high half first and the other long after that, then interrupts
        // until core 1 prints the first digit of its PC.
        using var kernel = new TestKernel("""
            la.local $s2, secondary
            lu52i.d $s2, $s2, -1792
            ori $t3, $zero, 1
            slli.d $t3, $t3, 16
            lu12i.w $t4, 1
            srli.d $t0, $s2, 32
            slli.d $t0, $t0, 32
            or $t0, $t0, $t3
            ori $t0, $t0, 4
            ori $t5, $t4, 0x48
            iocsrwr.d $t0, $t5
            lu12i.w $t1, 256
            5: addi.d $t1, $t1, -1
            bnez $t1, 5b
            slli.d $t0, $s2, 32
            or $t0, $t0, $t3
            iocsrwr.d $t0, $t5
            ori $t5, $t4, 0x40
            5: iocsrwr.w $t3, $t5
            lu12i.w $t1, 16
            6: addi.d $t1, $t1, -1
            bnez $t1, 6b
            b 5b
            secondary:

            """ + TestKernel.Prologue + """
            pcaddi $t0, 0
            srli.d $t0, $t0, 60
            addi.d $t0, $t0, '0'
            st.b $t0, $s0, 0

            """ + TestKernel.PowerOff);

        LakvmProcess.Run(command, "--kernel", kernel.Path, "--cpus", "2", "--engine", engine).Should().Be((0, "9", ""));
    }

    [Theory]
    [InlineData("host", "translator")]
    [InlineData("host", "interpreter")]
    [InlineData("run", "translator")]
    [InlineData("run", "interpreter")]
    public void Access_to_absent_memory_is_an_address_error(string command, string engine)
    {
        (string Access, long Offset)[] accesses =
        [
            ("ld.d $a1, $s3, 0", 0), ("ld.bu $a1, $s3, -1", -1), ("st.w $a1, $s3, 2047", 2047),
            ("st.d $a1, $s3, -2048", -2048),
            ("ldx.w $a1, $s3, $s5", 0x100), ("ldx.d $a1, $s5, $s3", 0x100), ("ldptr.d $a1, $s3, 32764", 32764),
            ("fld.d $fa0, $s3, 8", 8), ("vld $vr0, $s3, 16", 16), ("vst $vr0, $s3, 16", 16), ("xvst $xr0, $s3, 32", 32),
        ];
        string program = string.Concat(accesses.Select((access, n) =>
            $"li.d $t0, {access.Offset}\nadd.d $s6, $s3, $t0\nla.local $s7, at{n}\nadd.d $s7, $s7, $s4\nat{n}: "
            + $"{access.Access}\n"));
        using var kernel = new TestKernel(AbsentMemoryStart + program + TestKernel.PowerOff + AbsentMemoryHandler);

        (int exitCode, string output, string errors) =
            LakvmProcess.Run(command, "--kernel", kernel.Path, "--engine", engine);

        output.Should().Be(new string('y', accesses.Length));
        exitCode.Should().Be(0);
        errors.Should().Contain("nothing is there");
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Write(string name, byte[] contents)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllBytes(path, contents);
        return path;
    }
}
