using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>The constant timer of vCPUs that share fewer cores and change between them.</summary>
public sealed class TimerMigrationTests : IDisposable
{
    private const int Vcpus = 4, Cores = 2, Rounds = 20;
    private const ulong Handler = 0x21_0000, Period = 100_000; // 1 ms

    private readonly GuestBench _bench = new(Cores);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Idle_ends_when_the_timer_is_due_and_not_before()
    {
        // s1 counts what is wrong: TI not pending, TVAL not past its end; s2 is the shortest wait.
        string program = $"""
            li.d    $s2, -1
            ori     $s0, $zero, {Rounds}
            li.d    $t5, {Period}
            li.d    $t0, 0x800
            csrwr   $t0, 0x4
            1:
            rdtime.d $t0, $zero
            addi.d  $t1, $t5, 1
            csrwr   $t1, 0x41
            idle    0
            rdtime.d $t4, $zero
            csrrd   $t2, 0x5
            srli.d  $t2, $t2, 11
            andi    $t2, $t2, 1
            xori    $t2, $t2, 1
            add.d   $s1, $s1, $t2
            csrrd   $t3, 0x42
            sltu    $t3, $t3, $t5
            add.d   $s1, $s1, $t3
            sub.d   $t4, $t4, $t0
            sltu    $t2, $t4, $s2
            maskeqz $t4, $t4, $t2
            masknez $s2, $s2, $t2
            or      $s2, $s2, $t4
            ori     $t2, $zero, 1
            csrwr   $t2, 0x44
            addi.d  $s0, $s0, -1
            bnez    $s0, 1b
            """;

        ulong[][] results = await RunAll(program);

        results.Should().AllSatisfy(registers =>
        {
            registers[24].Should().Be(
                0, "the timer's interrupt is pending behind idle, and TVAL counts on from its end");
            registers[25].Should().BeGreaterThanOrEqualTo(Period);
        });
    }

    [Fact]
    public async Task Interrupt_is_there_when_the_guest_has_seen_its_time_pass()
    {
        // s1 counts the interrupts that the handler has not taken 100 us after their time. That is reckoned from behind
        // the write of TCFG, which takes long where the runtime has to compile it first.
        _bench.Load("""
            addi.d  $s3, $s3, 1
            ori     $t2, $zero, 1
            csrwr   $t2, 0x44
            ertn
            """, Handler);
        string program = $"""
            ori     $s0, $zero, {Rounds}
            li.d    $t0, 0x800
            csrwr   $t0, 0x4
            li.d    $t0, {Handler}
            csrwr   $t0, 0xc
            ori     $t0, $zero, 4
            csrxchg $t0, $t0, 0
            1:
            ori     $s3, $zero, 0
            li.d    $t1, {Period + 1}
            csrwr   $t1, 0x41
            rdtime.d $t0, $zero
            li.d    $t1, {Period + 10_000}
            add.d   $t0, $t0, $t1
            2:
            rdtime.d $t4, $zero
            bltu    $t4, $t0, 2b
            xori    $t3, $s3, 1
            sltu    $t3, $zero, $t3
            add.d   $s1, $s1, $t3
            addi.d  $s0, $s0, -1
            bnez    $s0, 1b
            """;

        ulong[][] results = await RunAll(program);

        results.Should().AllSatisfy(registers => registers[24].Should().Be(0));
    }

    /// <summary>Runs a program on all vCPUs at once up to its end; gives their registers.</summary>
    private async Task<ulong[][]> RunAll(string program)
    {
        _bench.Load(program + $"\nli.d $s8, {GuestBench.DeviceBase}\nst.d $zero, $s8, 0\n");
        Vcpu[] vcpus = [.. Enumerable.Range(0, Vcpus).Select(id => _bench.CreateVcpu(id))];
        Task<VcpuExit>[] runs = [.. vcpus.Select(v => Task.Factory.StartNew(v.Run, TaskCreationOptions.LongRunning))];
        VcpuExit[] exits = await Task.WhenAll(runs).WaitAsync(TimeSpan.FromSeconds(60));
        exits.Should().AllSatisfy(exit => exit.Kind.Should().Be(VcpuExitKind.Mmio));
        return [.. vcpus.Select(vcpu => vcpu.GetRegisters().Gpr)];
    }
}
