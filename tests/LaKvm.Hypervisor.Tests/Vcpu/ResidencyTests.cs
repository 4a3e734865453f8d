using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Registers that stay in a core, and who takes them out.</summary>
public sealed class ResidencyTests
{
    private const string StoreForEver = "1:\nli.d $s8, 0x1fe00ff8\nst.d $zero, $s8, 0\nb 1b\n";

    [Fact]
    public void Vcpu_whose_core_was_busy_for_a_moment_runs_on()
    {
        // What a look at another vCPU does if that has left this core since: takes the core, and gives it back as it
        // was.
        using var bench = new GuestBench(cpus: 2);
        Vcpu vcpu = bench.Start(StoreForEver);
        Residency self = GuestBench.CoreOf(bench.Process, vcpu).Residency;
        Residency other = GuestBench.CoreOf(bench.Process, bench.CreateVcpu(1)).Residency;
        vcpu.Run();
        HostCpu own = bench.Machine.Cpus.Single(c => c.Resident == self);
        own.TryAcquire(other).Should().BeTrue();
        var thread = new Thread(() => vcpu.Run()) { IsBackground = true };
        thread.Start();
        Thread.Sleep(100);

        own.Release();

        thread.Join(5000).Should().BeTrue("its registers are still in the core that it could not have");
    }
}
