using LaKvm.Cpu;
using LaKvm.Diagnostics;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>What a guest does wrong is reported with its place, and no guest fills the log.</summary>
public class GuestErrorTests : IDisposable
{
    private const ulong NoMemory = 0x2000_0000;

    private readonly GuestBench _bench;

    public GuestErrorTests()
        : this(engine: null)
    {
    }

    private protected GuestErrorTests(Func<Core, IExecutionEngine>? engine) => _bench = new GuestBench(engine: engine);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Guest_that_faults_at_its_own_vector_is_reported_once_with_its_number()
    {
        Vcpu vcpu = _bench.CreateVcpu(3);
        _bench.Load("nop\nbreak 5");
        vcpu.SetCsr(Csr.Eentry, 0x30_0000);

        await RunForAMoment(vcpu);

        _bench.Log.Should().ContainSingle().Which.Should()
            .Contain("core 3, PC 0x300000: ").And.Contain("INE").And.Contain("it began with BRK").And.Contain(
            "ERA 0x200004");
    }

    [Fact]
    public async Task Guest_whose_vector_is_not_in_memory_is_reported_once()
    {
        Vcpu vcpu = _bench.Start("break 5");
        vcpu.SetCsr(Csr.Eentry, NoMemory);

        await RunForAMoment(vcpu);

        _bench.Log.Should().ContainSingle().Which.Should().Contain("ADEF").And.Contain("BADV 0x20000000")
            .And.Contain("it began with BRK");
    }

    [Theory]
    [InlineData("amadd.w $t2, $zero, $t1", "cannot access the device address 0x20000000")]
    [InlineData("sc.w $t2, $t1, 0\nll.w $t2, $t1, 0", "cannot access the device address 0x20000000")]
    public async Task Guest_that_does_wrong_in_a_loop_gets_ten_lines_a_second(string wrong, string text)
    {
        _bench.Load("csrrd $t0, 6\naddi.d $t0, $t0, 4\ncsrwr $t0, 6\naddi.d $s0, $s0, 1\nertn", 0x30_0000);
        Vcpu vcpu = _bench.Start($"li.d $t1, {NoMemory}\n1:\n{wrong}\nb 1b");
        vcpu.SetCsr(Csr.Eentry, 0x30_0000);

        await RunForAMoment(vcpu);

        vcpu.GetRegisters().Gpr[23].Should().BeGreaterThan(100);
        _bench.Log.Should().HaveCountGreaterThan(1).And.HaveCountLessThanOrEqualTo(2 * GuestErrorLog.LinesPerSecond);
        _bench.Log.Should().OnlyContain(line => line.StartsWith("core 0, PC 0x200") && line.Contains(text));
    }

    private static async Task RunForAMoment(Vcpu vcpu)
    {
        Task run = Task.Factory.StartNew(vcpu.Run, TaskCreationOptions.LongRunning);
        await Task.Delay(400);
        vcpu.RequestExit();
        await run.WaitAsync(TimeSpan.FromSeconds(10));
    }
}

/// <summary>The same with translated code.</summary>
public sealed class TranslatedGuestErrorTests() : GuestErrorTests(GuestBench.Translator);
