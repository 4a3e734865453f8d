using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>What asks a machine for memory that it has not fails with ENOMEM, and takes nothing.</summary>
public sealed class MemoryExhaustionTests : IDisposable
{
    private readonly GuestBench _bench = new(cpus: 1, ramSize: 8 << 20, hostMemory: 64 << 20);

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Vm_without_memory_for_its_tables_is_not_made(int left)
    {
        HostPages pages = _bench.Machine.Pages;
        TakeAllBut(left);

        Action create = () => _bench.Kvm.CreateVm();

        create.Should().Throw<KvmException>().Which.Error.Should().Be((int)Errno.NoMem);
        pages.FreePages.Should().Be(left);
    }

    [Fact]
    public void Vm_is_made_again_when_there_is_memory()
    {
        List<ulong> taken = TakeAllBut(0);
        _bench.Kvm.Invoking(kvm => kvm.CreateVm()).Should().Throw<KvmException>();
        taken.ForEach(_bench.Machine.Pages.Put);

        using LaKvm.Ioctl.Vm vm = _bench.Kvm.CreateVm();

        vm.CreateVcpu(0);
    }

    [Fact]
    public void Guest_without_memory_for_its_tables_cannot_run_on()
    {
        Vcpu vcpu = _bench.Start("1: b 1b");
        TakeAllBut(1);

        Action run = () => vcpu.Run();

        run.Should().Throw<KvmException>().Which.Error.Should().Be((int)Errno.NoMem);
    }

    private List<ulong> TakeAllBut(int left)
    {
        var taken = new List<ulong>();
        while (_bench.Machine.Pages.FreePages > left)
        {
            taken.Add(_bench.Machine.Pages.Allocate());
        }

        return taken;
    }
}
