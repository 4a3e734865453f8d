using static LaKvm.User.Tests.ProgramBench;

namespace LaKvm.User.Tests;

/// <summary>
/// Programs with one thread: what they find at their beginning, memory, files, calls that do not exist.
/// </summary>
public sealed class ProgramTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Program_ends_with_its_code_on_both_engines(bool translated)
    {
        using var bench = new ProgramBench(translated);

        bench.Run("ori $a0, $zero, 42\n" + Exit).Should().Be(42);
    }

    [Fact]
    public void Program_finds_its_words_environment_and_page_size()
    {
        using var bench = new ProgramBench();

        // argc, the first letter of argv[1], the first letter of the environment, and AT_PAGESZ >> 10.
        bench.Run("""
            ld.d    $t0, $sp, 0
            ld.d    $t1, $sp, 16
            ld.bu   $t1, $t1, 0
            ld.d    $t2, $sp, 32
            ld.bu   $t2, $t2, 0
            addi.d  $t3, $sp, 48
            1:
            ld.d    $t4, $t3, 0
            ld.d    $t5, $t3, 8
            addi.d  $t3, $t3, 16
            addi.d  $t6, $t4, -6
            bnez    $t6, 1b
            srli.d  $t5, $t5, 10
            add.d   $a0, $t0, $t5
            addi.d  $t1, $t1, -'x'
            addi.d  $t2, $t2, -'N'
            or      $t1, $t1, $t2
            maskeqz $t1, $t1, $t1
            add.d   $a0, $a0, $t1
            """ + "\n" + Exit, "x").Should().Be(2 + 16);
    }

    [Fact]
    public void Call_that_does_not_exist_is_refused_and_reported_once()
    {
        using var bench = new ProgramBench();

        bench.Run($"""
            {Call("kexec_load")}
            {Call("kexec_load")}
            sub.d $a0, $zero, $a0
            """ + "\n" + Exit).Should().Be(38);

        bench.Log.Should().Equal("system call kexec_load does not exist here (reported once)");
    }

    [Theory]
    [InlineData("ld.d $t0, $zero, 0", 11)] // nothing is mapped there
    [InlineData("pcaddi $t0, 0\naddi.d $t0, $t0, 2\njirl $zero, $t0, 0", 7)] // not an instruction's address
    [InlineData(".word 0", 4)]
    [InlineData("break 0", 5)]
    [InlineData("csrrd $t0, 0", 4)] // is not for programs
    [InlineData("break 7", 8)] // how compilers end a division by zero
    public void Fault_ends_the_program_with_its_signal(string instruction, int signal)
    {
        using var bench = new ProgramBench();

        bench.Run(instruction + "\n" + Exit).Should().Be(128 + signal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Memory_that_is_protected_faults_and_memory_that_is_discarded_is_zero(bool translated)
    {
        using var bench = new ProgramBench(translated);

        // mmap two pages, write both, discard the first, forbid writing the second: read 0 and 5, then write.
        bench.Run($"""
            or      $a0, $zero, $zero
            li.d    $a1, 0x8000
            ori     $a2, $zero, 3
            ori     $a3, $zero, 0x22
            addi.d  $a4, $zero, -1
            or      $a5, $zero, $zero
            {Call("mmap")}
            or      $s0, $a0, $zero
            li.d    $t0, 0x4000
            add.d   $s1, $s0, $t0
            ori     $t0, $zero, 5
            st.d    $t0, $s0, 0
            st.d    $t0, $s1, 0
            or      $a0, $s0, $zero
            li.d    $a1, 0x4000
            ori     $a2, $zero, 4
            {Call("madvise")}
            or      $s2, $a0, $zero
            or      $a0, $s1, $zero
            li.d    $a1, 0x4000
            ori     $a2, $zero, 1
            {Call("mprotect")}
            or      $s2, $s2, $a0
            ld.d    $t0, $s0, 0
            ld.d    $t1, $s1, 0
            addi.d  $t1, $t1, -5
            or      $t0, $t0, $t1
            or      $a0, $t0, $s2
            bnez    $a0, 1f
            st.d    $t0, $s1, 0
            1:
            """ + "\n" + Exit).Should().Be(128 + 11);
    }

    [Fact]
    public void Heap_grows_and_shrinks()
    {
        using var bench = new ProgramBench();

        // brk(0), brk(+64 KiB), write at its end, brk(back): the same address is gone.
        bench.Run($"""
            or      $a0, $zero, $zero
            {Call("brk")}
            or      $s0, $a0, $zero
            li.d    $t0, 0x10000
            add.d   $a0, $s0, $t0
            {Call("brk")}
            st.d    $a0, $a0, -8
            or      $a0, $s0, $zero
            {Call("brk")}
            li.d    $t0, 0xc000
            add.d   $t0, $s0, $t0
            st.d    $a0, $t0, 0
            or      $a0, $zero, $zero
            """ + "\n" + Exit).Should().Be(128 + 11);
    }

    [Fact]
    public void File_is_read_through_a_duplicate_after_the_first_is_closed()
    {
        using var bench = new ProgramBench();

        // The machine's own number of processors: "0-1\n" of 4 bytes.
        bench.Run($"""
            addi.d  $a0, $zero, -100
            la.local $a1, path
            or      $a2, $zero, $zero
            {Call("openat")}
            or      $s0, $a0, $zero
            {Call("dup")}
            or      $s1, $a0, $zero
            or      $a0, $s0, $zero
            {Call("close")}
            or      $a0, $s1, $zero
            addi.d  $a1, $sp, -64
            ori     $a2, $zero, 64
            {Call("read")}
            or      $s2, $a0, $zero
            or      $a0, $s0, $zero
            {Call("close")}
            addi.d  $a0, $a0, 9
            add.d   $a0, $a0, $s2
            ld.bu   $t0, $sp, -62
            add.d   $a0, $a0, $t0
            {Exit}
            path: .asciz "/sys/devices/system/cpu/online"
            """).Should().Be(4 + '1');
    }

    [Fact]
    public void Trace_shows_calls_and_what_they_return()
    {
        using var bench = new ProgramBench { Trace = new StringWriter() };

        bench.Run($"""
            addi.d  $a0, $zero, -100
            la.local $a1, path
            or      $a2, $zero, $zero
            {Call("openat")}
            or      $a1, $zero, $zero
            ori     $a1, $zero, 0
            lu12i.w $a1, 0xa
            ori     $a1, $a1, 0xe00
            or      $a2, $zero, $zero
            {Call("ioctl")}
            {Exit}
            path: .asciz "/dev/kvm"
            """).Should().Be(12);

        bench.Trace.ToString().Should().Contain("openat(-100, \"/dev/kvm\", 0x0, ").And.Contain(" = 3\n")
            .And.Contain("ioctl(3, KVM_GET_API_VERSION, 0) = 12\n");
    }

    [Fact]
    public void Program_that_is_none_is_refused()
    {
        using var bench = new ProgramBench();
        using UserKernel kernel = bench.CreateKernel();

        kernel.Invoking(k => k.Run("/dev/null", ["null"], [])).Should().Throw<UserProgramException>()
            .WithMessage("'/dev/null' is no program for LoongArch Linux");
        kernel.Processes.Should().BeEmpty();
    }
}
