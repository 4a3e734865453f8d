using LaKvm.Hypervisor;
using static LaKvm.User.Tests.ProgramBench;

namespace LaKvm.User.Tests;

/// <summary>Threads, children, signals, and the end of it all.</summary>
public sealed class ProcessTests
{
    /// <summary>A thread that runs at "thread:", with a stack of its own; its number comes in a0.</summary>
    private static readonly string StartThread = $"""
        li.d    $a0, 0x150f00
        addi.d  $a1, $sp, -2000
        addi.d  $a2, $sp, -8
        addi.d  $a3, $sp, -8
        or      $a4, $zero, $zero
        {Call("clone")}
        beqz    $a0, thread
        """;

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    public void Thread_wakes_another_that_waits_for_a_word(bool translated, int cpus)
    {
        using var bench = new ProgramBench(translated, cpus);

        bench.Run($"""
            la.local $s0, word
            {StartThread}
            1:
            or      $a0, $s0, $zero
            ori     $a1, $zero, 0x80
            or      $a2, $zero, $zero
            or      $a3, $zero, $zero
            {Call("futex")}
            ld.w    $t0, $s0, 0
            beqz    $t0, 1b
            or      $a0, $t0, $zero
            {Exit}
            thread:
            ori     $t0, $zero, 9
            st.w    $t0, $s0, 0
            or      $a0, $s0, $zero
            ori     $a1, $zero, 0x81
            ori     $a2, $zero, 1
            {Call("futex")}
            or      $a0, $zero, $zero
            {Call("exit")}
            .align 3
            word: .word 0
            """).Should().Be(9);
    }

    [Fact]
    public void Thread_that_yields_has_waited_while_others_ran()
    {
        using var bench = new ProgramBench(translated: true, cpus: 1);

        // The other thread runs for 20 ms. Length of "0 DELAY 0": 13 from 10,000,000 ns on.
        bench.Run($"""
            la.local $s0, word
            {StartThread}
            1:
            {Call("sched_yield")}
            ld.w    $t0, $s0, 0
            beqz    $t0, 1b
            addi.d  $a0, $zero, -100
            la.local $a1, path
            or      $a2, $zero, $zero
            {Call("openat")}
            addi.d  $a1, $sp, -512
            ori     $a2, $zero, 100
            {Call("read")}
            {Exit}
            thread:
            rdtime.d $t1, $zero
            li.d    $t2, 2000000
            add.d   $t1, $t1, $t2
            2:
            rdtime.d $t2, $zero
            bltu    $t2, $t1, 2b
            ori     $t0, $zero, 1
            st.w    $t0, $s0, 0
            {Call("exit")}
            .align 3
            word: .word 0
            path: .asciz "/proc/self/schedstat"
            """).Should().BeGreaterThanOrEqualTo(13);
    }

    [Fact]
    public void Thread_that_is_kept_busy_by_calls_does_not_keep_others_waiting()
    {
        using var bench = new ProgramBench(translated: true, cpus: 1);

        // Twenty threads make calls without end; the first still gets to make a hundred calls that give its core up.
        string threads = string.Concat(Enumerable.Repeat(StartThread + "\n", 20));
        var watch = System.Diagnostics.Stopwatch.StartNew();
        bench.Run($"""
            {threads}
            ori     $s1, $zero, 100
            1:
            la.local $a0, time
            or      $a1, $zero, $zero
            {Call("nanosleep")}
            addi.d  $s1, $s1, -1
            bnez    $s1, 1b
            ori     $a0, $zero, 7
            {Exit}
            thread:
            {Call("gettid")}
            b       thread
            .align 3
            time: .dword 0, 1000
            """).Should().Be(7);

        watch.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(4), "a turn of all threads takes 60 ms");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Thread_that_spins_does_not_keep_another_from_running(int cpus)
    {
        using var bench = new ProgramBench(translated: true, cpus);

        bench.Run($"""
            la.local $s0, word
            {StartThread}
            1:
            ld.w    $t0, $s0, 0
            beqz    $t0, 1b
            or      $a0, $t0, $zero
            {Exit}
            thread:
            ori     $t0, $zero, 8
            st.w    $t0, $s0, 0
            2:
            b       2b
            .align 3
            word: .word 0
            """).Should().Be(8);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Child_has_memory_of_its_own_and_its_code_reaches_the_parent(bool translated)
    {
        using var bench = new ProgramBench(translated);

        bench.Run($"""
            ori     $t0, $zero, 1
            st.d    $t0, $sp, -16
            ori     $a0, $zero, 17
            or      $a1, $zero, $zero
            {Call("clone")}
            bnez    $a0, 1f
            ori     $t0, $zero, 20
            st.d    $t0, $sp, -16
            ori     $a0, $zero, 3
            {Exit}
            1:
            addi.d  $a1, $sp, -32
            or      $a2, $zero, $zero
            or      $a3, $zero, $zero
            {Call("wait4")}
            ld.w    $t0, $sp, -32
            srli.d  $t0, $t0, 8
            ld.d    $t1, $sp, -16
            add.d   $a0, $t0, $t1
            """ + "\n" + Exit).Should().Be(3 + 1);
        bench.Machine.Pages.FreePages.Should().Be(FreePages(bench), "nothing is left of either");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Handler_runs_and_every_register_is_as_before(bool translated)
    {
        using var bench = new ProgramBench(translated);

        // SIGUSR1 to itself; the handler changes s0 and f0, whose old values count.
        bench.Run($"""
            la.local $t0, handler
            st.d    $t0, $sp, -64
            st.d    $zero, $sp, -56
            st.d    $zero, $sp, -48
            ori     $a0, $zero, 10
            addi.d  $a1, $sp, -64
            or      $a2, $zero, $zero
            ori     $a3, $zero, 8
            {Call("rt_sigaction")}
            ori     $s0, $zero, 30
            movgr2fr.d $f0, $s0
            ori     $s1, $zero, 0
            {Call("getpid")}
            ori     $a1, $zero, 10
            {Call("kill")}
            movfr2gr.d $t0, $f0
            la.local $t1, seen
            ld.w    $t1, $t1, 0
            add.d   $a0, $s0, $t0
            add.d   $a0, $a0, $t1
            {Exit}
            handler:
            la.local $t1, seen
            st.w    $a0, $t1, 0
            or      $s0, $zero, $zero
            movgr2fr.d $f0, $zero
            jirl    $zero, $ra, 0
            .align 3
            seen: .word 0
            """).Should().Be(30 + 30 + 10);
    }

    [Fact]
    public void Fault_is_handled_with_its_address()
    {
        using var bench = new ProgramBench();

        bench.Run($"""
            la.local $t0, handler
            st.d    $t0, $sp, -64
            ori     $t0, $zero, 4
            st.d    $t0, $sp, -56
            st.d    $zero, $sp, -48
            ori     $a0, $zero, 11
            addi.d  $a1, $sp, -64
            or      $a2, $zero, $zero
            ori     $a3, $zero, 8
            {Call("rt_sigaction")}
            ori     $t0, $zero, 48
            st.d    $t0, $t0, 0
            handler:
            ld.d    $a0, $a1, 16
            """ + "\n" + Exit).Should().Be(48);
    }

    [Fact]
    public async Task Program_that_is_killed_leaves_no_process_and_no_memory()
    {
        using var bench = new ProgramBench();
        int free = FreePages(bench);
        using UserKernel kernel = bench.CreateKernel();
        Task<int> run = Task.Run(() => bench.Run(kernel, $"""
            {StartThread}
            ori     $a0, $zero, 17
            or      $a1, $zero, $zero
            {Call("clone")}
            1:
            or      $a0, $zero, $zero
            or      $a1, $zero, $zero
            or      $a2, $zero, $zero
            or      $a3, $zero, $zero
            {Call("ppoll")}
            thread:
            b       thread
            """));
        SpinWait.SpinUntil(() => kernel.Processes.Count == 2, TimeSpan.FromSeconds(10)).Should().BeTrue();

        kernel.Kill();

        (await run.WaitAsync(TimeSpan.FromSeconds(10))).Should().Be(128 + 9);
        kernel.Processes.Should().BeEmpty();
        bench.Machine.Pages.FreePages.Should().Be(free);
    }

    /// <summary>Free pages of a machine on which nothing ran.</summary>
    private static int FreePages(ProgramBench bench) =>
        (int)(bench.Machine.Pages.TotalBytes >> bench.Machine.Pages.PageShift);
}
