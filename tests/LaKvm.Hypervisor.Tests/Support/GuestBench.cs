using LaKvm.Cpu;
using LaKvm.Devices;
using LaKvm.Diagnostics;
using LaKvm.Hypervisor;
using LaKvm.Interpreter;
using LaKvm.Ioctl;
using LaKvm.Isa;
using LaKvm.Running;
using LaKvm.Translator;

namespace LaKvm.Hypervisor.Tests;

/// <summary>A machine with KVM, a process, a VM with memory, and guest programs in assembly.</summary>
internal sealed class GuestBench : IDisposable
{
    internal const ulong CodeBase = 0x20_0000;
    internal const ulong RamSize = 64UL << 20;

    /// <summary>An address without memory.</summary>
    internal const ulong DeviceBase = 0x1fe0_0000;

    internal GuestBench(int cpus = 2, ulong ramSize = RamSize, bool linear = true, bool withRam = true,
        GpaTableGeometry? geometry = null, Func<Core, IExecutionEngine>? engine = null, ulong hostMemory = 512UL << 20)
    {
        var errors = new GuestErrorLog(Log.Add);
        Machine = new HostMachine(
            cpus, hostMemory, new MonotonicClock(), engine
            ?? (core => new InterpreterEngine(core)), geometry) { Errors = errors };
        Process = new HostProcess(Machine) { Log = errors };
        Kvm = Kvm.Open(Process);
        Vm = Kvm.CreateVm();
        Ram = UserMemory.Map(Process, ramSize, linear);
        if (withRam)
        {
            Vm.SetMemoryRegion(0, 0, Ram);
        }
    }

    /// <summary>An engine that translates what it comes to at once, for tests that run on both.</summary>
    internal static Func<Core, IExecutionEngine> Translator { get; } = core => TranslatorEngine.IsSupported
        ? new TranslatorEngine(core, new() { WarmCount = 0 })
        : new InterpreterEngine(core);

    internal HostMachine Machine { get; }

    internal HostProcess Process { get; }

    internal Kvm Kvm { get; }

    internal LaKvm.Ioctl.Vm Vm { get; }

    internal UserMemory Ram { get; }

    internal List<string> Log { get; } = [];

    /// <summary>The hypervisor's object behind the VM.</summary>
    internal KvmVm Core => ((VmDescriptor)Process.Find(Vm.Fd)!).Vm;

    internal static KvmVcpu CoreOf(HostProcess process, Vcpu vcpu) =>
        ((VcpuDescriptor)process.Find(vcpu.Fd)!).Vcpu;

    /// <summary>A vCPU that looks like the machine's cores and starts at the program, in direct-address mode.</summary>
    internal Vcpu CreateVcpu(int id = 0, ulong pc = CodeBase) => GuestVcpu.Create(Vm, id, pc);

    /// <summary>Puts a program into the guest's memory.</summary>
    internal void Load(string assembly, ulong address = CodeBase) =>
        Ram.Write(address, Assembler.Assemble(assembly, address).BytesOrThrow()).Should().BeTrue();

    /// <summary>Loads a program and makes a vCPU that begins with it.</summary>
    internal Vcpu Start(string assembly)
    {
        Load(assembly);
        return CreateVcpu();
    }

    internal ulong ReadRam(ulong address)
    {
        Span<byte> bytes = stackalloc byte[8];
        Ram.Read(address, bytes).Should().BeTrue();
        return BitConverter.ToUInt64(bytes);
    }

    public void Dispose()
    {
        Process.Dispose();
        Machine.Dispose();
    }
}
