namespace LaKvm.Cli.Tests;

/// <summary>What programs find when they start, as guest of the hypervisor and on the bare machine.</summary>
public sealed class BootTests : IDisposable
{
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
        // Core 0 mails an address in the cached window, high half first, until core 1 prints the first digit of its PC.
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

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Write(string name, byte[] contents)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllBytes(path, contents);
        return path;
    }
}
