using LaKvm.Cpu;
using LaKvm.Devices;
using LaKvm.Interpreter;
using LaKvm.Ioctl;
using LaKvm.Isa;
using LaKvm.Running;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Processes that are killed while their vCPUs run, one beside the other.</summary>
public sealed class LifetimeTests
{
    private const int Kill = 9, Vcpus = 4, Rounds = 25, T1 = 13;

    [Fact]
    public async Task Killed_processes_leave_no_memory_and_no_virtualization_behind()
    {
        using var machine = new HostMachine(2, 256UL << 20, new MonotonicClock(), core => new InterpreterEngine(core));
        int free = machine.Pages.FreePages;

        await Task.WhenAll(Enumerable.Range(0, 2)
            .Select(seed => Task.Run(() => MakeAndKill(machine, new Random(seed)))))
            .WaitAsync(TimeSpan.FromSeconds(60));

        machine.Pages.FreePages.Should().Be(free);
        machine.Cpus.Should().AllSatisfy(cpu => cpu.Core.ReadCsr(Csr.Gstat).Should().Be(8 << 4, "only GIDBIT is left"));
    }

    [Fact]
    public void Guests_of_two_processes_on_one_core_each_read_their_own_memory()
    {
        using var bench = new GuestBench(cpus: 1);
        Vcpu first = CreateReader(bench.Vm, bench.Ram, 0x1111);
        first.Run();
        using var process = new HostProcess(bench.Machine);
        using UserMemory memory = UserMemory.Map(process, 8 << 20);
        using Vm vm = Kvm.Open(process).CreateVm();
        vm.SetMemoryRegion(0, 0, memory);
        using Vcpu second = CreateReader(vm, memory, 0x2222);

        for (int round = 0; round < 3; round++)
        {
            second.Run();
            first.Run();
            (first.GetRegisters().Gpr[T1], second.GetRegisters().Gpr[T1]).Should().Be((0x1111UL, 0x2222UL));
        }
    }

    [Fact]
    public void End_of_one_process_leaves_the_virtualization_of_another_on()
    {
        using var bench = new GuestBench(cpus: 1);
        Vcpu vcpu = CreateReader(bench.Vm, bench.Ram, 5);
        vcpu.Run();
        (ulong, ulong) Switches() => (bench.Machine.Cpus[0].Core.ReadCsr(Csr.Gcfg),
            bench.Machine.Cpus[0].Core.ReadCsr(Csr.Gtlbc) & LvzFields.GtlbcUseTgid);
        (ulong, ulong) before = Switches();

        using (var process = new HostProcess(bench.Machine))
        {
            Kvm.Open(process).CreateVm().Dispose();
        }

        Switches().Should().Be(before);
        vcpu.Run().Kind.Should().Be(VcpuExitKind.Mmio);
    }

    /// <summary>A vCPU that reads a word of its memory into t1 and stores to a device, for ever.</summary>
    private static Vcpu CreateReader(Vm vm, UserMemory memory, ulong value)
    {
        const ulong word = 0x30_0000;
        string program = $"""
            li.d    $t0, {word}
            li.d    $s8, {GuestBench.DeviceBase}
            1:
            ld.d    $t1, $t0, 0
            st.d    $zero, $s8, 0
            b       1b

            """;
        memory.Write(word, BitConverter.GetBytes(value)).Should().BeTrue();
        memory.Write(GuestBench.CodeBase, Assembler.Assemble(program, GuestBench.CodeBase).BytesOrThrow());
        return GuestVcpu.Create(vm, 0, GuestBench.CodeBase);
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
