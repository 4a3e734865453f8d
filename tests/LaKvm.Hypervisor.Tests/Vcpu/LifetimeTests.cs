using LaKvm.Cpu;
using LaKvm.Interpreter;
using LaKvm.Ioctl;
using LaKvm.Machine;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Processes that are killed while their vCPUs run, one beside the other.</summary>
public sealed class LifetimeTests
{
    private const int Kill = 9, Vcpus = 4, Rounds = 25;

    [Fact]
    public async Task Killed_processes_leave_no_memory_and_no_virtualization_behind()
    {
        using var machine = new HostMachine(2, 256UL << 20, new MonotonicClock(), core => new InterpreterEngine(core));
        int free = machine.Pages.FreePages;

        await Task.WhenAll(Enumerable.Range(0, 2).Select(seed => Task.Run(() => MakeAndKill(machine, new Random(seed)))))
            .WaitAsync(TimeSpan.FromSeconds(60));

        machine.Pages.FreePages.Should().Be(free);
        machine.Cpus.Should().AllSatisfy(cpu => cpu.Core.ReadCsr(Csr.Gstat).Should().Be(8 << 4, "only GIDBIT is left"));
    }

    private static void MakeAndKill(HostMachine machine, Random random)
    {
        for (int round = 0; round < Rounds; round++)
        {
            using var process = new HostProcess(machine);
            using UserMemory memory = UserMemory.Map(process, 1 << 20);
            using Vm vm = Kvm.Open(process).CreateVm();
            vm.SetMemoryRegion(0, 0, memory);
            memory.Write(0x200, BitConverter.GetBytes(0x5000_0000u)).Should().BeTrue(); // b 0
            var threads = new HostThread?[Vcpus];
            using var started = new CountdownEvent(Vcpus);
            Thread[] runs = [.. Enumerable.Range(0, Vcpus).Select(id => Start(vm, id, threads, started))];
            started.Wait();
            Thread.Sleep(TimeSpan.FromMicroseconds(random.Next(2000)));
            Array.ForEach(threads, thread => thread!.Signal(Kill));
            Array.ForEach(runs, run => run.Join());
        }
    }

    private static Thread Start(Vm vm, int id, HostThread?[] threads, CountdownEvent started)
    {
        Vcpu vcpu = vm.CreateVcpu(id);
        vcpu.SetRegisters(new ulong[32], 0x200);
        var run = new Thread(() =>
        {
            threads[id] = HostThread.Current;
            started.Signal();
            vcpu.Run();
        });
        run.Start();
        return run;
    }
}
