using LaKvm.Cpu;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>A guest that does nothing but leave still gets its timer's interrupts, each soon after it is due.</summary>
public class TimerUnderExitsTests : IDisposable
{
    private const ulong VectorBase = 0x30_0000, Done = 0x1fe0_0ff8;
    private const int Ticks = 100_000; // 1 ms

    /// <summary>
    /// Counts in s0; the fifth interrupt ends the test. s1 is the shortest time in which one has come.
    /// </summary>
    private const string Handler = """
        rdtime.d $t4, $zero
        sub.d   $t4, $t4, $s2
        bgeu    $t4, $s1, 2f
        move    $s1, $t4
        2:
        ori     $t4, $zero, 1
        csrwr   $t4, 0x44
        addi.d  $s0, $s0, 1
        ori     $t4, $zero, 5
        beq     $s0, $t4, 1f
        li.d    $t4, 100001
        rdtime.d $s2, $zero
        csrwr   $t4, 0x41
        ertn
        1:
        li.d    $s8, 0x1fe00ff8
        st.d    $zero, $s8, 0
        """;

    private readonly GuestBench _bench;

    public TimerUnderExitsTests()
        : this(engine: null)
    {
    }

    private protected TimerUnderExitsTests(Func<Core, IExecutionEngine>? engine) =>
        _bench = new GuestBench(engine: engine);

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData("cpucfg $t1, $zero", 3)]
    [InlineData("cpucfg $t1, $zero", 0)]
    [InlineData("cpucfg $t1, $zero\naddi.d $t2, $t2, 1\naddi.d $t2, $t2, 1\naddi.d $t2, $t2, 1", 3)]
    [InlineData("csrrd $t1, 0x50", 0)]
    [InlineData("iocsrrd.w $t1, $t3", 0)]
    [InlineData("li.d $t3, 0x1fe001e5\nld.bu $t1, $t3, 0", 3)]
    [InlineData("hvcl 0", 3)]
    [InlineData("hvcl 0x100", 0)]
    [InlineData("cacop 0, $t3, 0", 0)]
    public async Task Guest_that_only_leaves_gets_its_timer_interrupts(string body, int plv)
    {
        _bench.Vm.CreateDevice(12); // answers the IOCSR 0x1000 in the hypervisor
        _bench.Load(Handler, VectorBase);
        Vcpu vcpu = _bench.Start($"""
            ori     $t0, $zero, 0x800
            csrwr   $t0, 4
            li.d    $t3, 0x1000
            addi.d  $s1, $zero, -1
            la.local $t0, 2f
            csrwr   $t0, 6
            ori     $t0, $zero, {plv | 4}
            csrwr   $t0, 1
            li.d    $t0, {Ticks | 1}
            rdtime.d $s2, $zero
            csrwr   $t0, 0x41
            ertn
            2:
            {body}
            b       2b
            """);
        vcpu.SetCsr(Csr.Eentry, VectorBase);

        Task<ulong> run = Task.Factory.StartNew(() => RunToDeviceWrite(vcpu), TaskCreationOptions.LongRunning);
        if (await Task.WhenAny(run, Task.Delay(TimeSpan.FromSeconds(10))) != run)
        {
            vcpu.RequestExit();
        }

        (await run).Should().Be(5, "that many interrupts were to come");
        vcpu.GetRegisters().Gpr[24].Should().BeLessThan(
            50 * Ticks, "a busy computer is late, but not every time by a slice of as many exits");
    }

    /// <summary>
    /// Runs until the guest says that it is done, or the run is ended from outside. Returns the interrupts seen.
    /// </summary>
    private static ulong RunToDeviceWrite(Vcpu vcpu)
    {
        VcpuExit exit;
        do
        {
            exit = vcpu.Run();
        }
        while (exit.Kind != VcpuExitKind.Interrupted && !(exit.IsWrite && exit.Address == Done));
        return vcpu.GetRegisters().Gpr[23];
    }
}

/// <summary>The same with translated code.</summary>
public sealed class TranslatedTimerUnderExitsTests() : TimerUnderExitsTests(GuestBench.Translator);
