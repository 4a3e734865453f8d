using System.Collections.Concurrent;
using LaKvm.Cpu;
using LaKvm.Devices;
using LaKvm.Ioctl;
using LaKvm.Running;
using static LaKvm.Hypervisor.Tests.TortureGuest;

namespace LaKvm.Hypervisor.Tests;

/// <summary>The VM of the torture test: its memory, its vCPUs and the threads that run them.</summary>
internal sealed class TortureMachine : IDisposable
{
    private const int Eentry = 0xc, Ecfg = 4, Tcfg = 0x41, Dmw0 = 0x180, S0 = 23;
    private const ulong Interrupts = 1 | (1 << 3) | (1 << 11) | (1 << 12), DeviceIrq = 3;
    private const ulong Millisecond = 100_000;

    private readonly Thread[] _threads = new Thread[Vcpus];
    private readonly bool[] _quiet = new bool[Vcpus];
    private readonly int[] _lineRaised = new int[Vcpus];
    private readonly ManualResetEventSlim _resume = new(true);
    private volatile bool _stop;
    private int _parked;
    private int _finished;

    internal TortureMachine(Func<Core, IExecutionEngine> engine, GpaTableGeometry geometry, int seed)
    {
        Page = 1UL << geometry.PageShift;
        Host = new HostMachine(Vcpus - 1, (2 * 2 * Page * Page / 8) + (28UL << 20), new MonotonicClock(), engine,
            geometry);
        FreePages = Host.Pages.FreePages;
        Process = new HostProcess(Host);
        Vm = Kvm.Open(Process).CreateVm();
        Seed = seed;
    }

    internal HostMachine Host { get; }

    internal HostProcess Process { get; }

    internal LaKvm.Ioctl.Vm Vm { get; }

    internal int Seed { get; }

    internal ulong Page { get; }

    /// <summary>Pages that were free before the VM was made.</summary>
    internal int FreePages { get; }

    /// <summary>Pages in each vCPU's area.</summary>
    internal static ulong AreaPages => 64;

    internal Vcpu[] Cpus { get; } = new Vcpu[Vcpus];

    /// <summary>What went wrong first, on whatever thread.</summary>
    internal ConcurrentQueue<string> Failures { get; } = [];

    /// <summary>Slots that the guest lives in, by number.</summary>
    internal UserMemory[] Memory { get; private set; } = [];

    internal ulong[] SlotBase { get; } = [0, Work, Work + (2 * AreaPages * (1UL << 14))];

    /// <summary>Called by a vCPU's thread whose ring is full.</summary>
    internal Action RingFull { get; set; } = () => { };

    /// <summary>Called by a vCPU's thread that finds no memory.</summary>
    internal Action Reclaim { get; set; } = () => { };

    internal KvmVm Core => ((VmDescriptor)Process.Find(Vm.Fd)!).Vm;

    internal int DeviceInterrupts { get; private set; }

    /// <summary>Makes memory, slots and vCPUs and starts the threads. Capabilities have been chosen.</summary>
    internal void Start()
    {
        Vm.CreateDevice(12);
        Memory =
        [
            UserMemory.Map(Process, 4UL << 20, linear: false),
            UserMemory.Map(Process, 2 * AreaPages * Page),
            UserMemory.Map(Process, 2 * AreaPages * Page, linear: false),
        ];
        for (uint slot = 0; slot < Memory.Length; slot++)
        {
            Vm.SetMemoryRegion(slot, SlotBase[slot], Memory[slot]);
        }

        Memory[0].Write(Code, Program());
        Memory[0].Write(Handler, InterruptHandler());
        for (int i = 0; i < Vcpus; i++)
        {
            Cpus[i] = CreateVcpu(i);
        }

        for (int i = 0; i < Vcpus; i++)
        {
            int id = i;
            _threads[i] = new Thread(() => Guard(() => RunVcpu(id))) { Name = $"vcpu {i}" };
            _threads[i].Start();
        }
    }

    /// <summary>Stops all vCPUs outside of KVM_RUN while an action runs.</summary>
    internal void Paused(Action action)
    {
        _resume.Reset();
        try
        {
            foreach (Vcpu vcpu in Cpus)
            {
                vcpu.RequestExit();
            }

            while (Volatile.Read(ref _parked) + Volatile.Read(ref _finished) < Vcpus)
            {
                Thread.Sleep(0);
            }

            action();
        }
        finally
        {
            _resume.Set();
        }
    }

    /// <summary>Raises the device interrupt of a vCPU, unless it is still raised.</summary>
    internal void RaiseDeviceInterrupt(int id)
    {
        if (!_stop && Interlocked.Exchange(ref _lineRaised[id], 1) == 0)
        {
            DeviceInterrupts++;
            Cpus[id].Interrupt((int)DeviceIrq);
        }
    }

    /// <summary>Lets the guest end, which it does when all interrupts have arrived; false if it does not.</summary>
    internal bool Stop(TimeSpan patience)
    {
        _stop = true;
        DateTime end = DateTime.UtcNow + patience;
        return _threads.All(t => t.Join(end > DateTime.UtcNow ? end - DateTime.UtcNow : TimeSpan.Zero));
    }

    internal ulong Word(ulong address)
    {
        Span<byte> bytes = stackalloc byte[8];
        while (!Memory[0].Read(address, bytes))
        {
            Thread.Sleep(1); // no room to bring the page back from swap just now
        }

        return BitConverter.ToUInt64(bytes);
    }

    /// <summary>A word of each vCPU's block, added up.</summary>
    internal ulong Sum(ulong field) =>
        Enumerable.Range(0, Vcpus).Aggregate(0UL, (sum, i) => sum + Word(Control + ((ulong)i * BlockSize) + field));

    /// <summary>Runs what a thread does; an exception is a failure.</summary>
    internal void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e)
        {
            Failures.Enqueue(e.ToString());
        }
    }

    /// <summary>Describes where each vCPU is, for a failure.</summary>
    internal string Describe() => string.Join("; ", Enumerable.Range(0, Vcpus).Select(i => $"vCPU {i}: "
        + string.Join(' ', Enumerable.Range(0, 9).Select(w => Word(Control + ((ulong)i * BlockSize) + ((ulong)w * 8))))
        + $" quiet {_quiet[i]} line {_lineRaised[i]}"));

    public void Dispose()
    {
        Process.Dispose();
        Host.Dispose();
        _resume.Dispose();
    }

    private Vcpu CreateVcpu(int id)
    {
        Vcpu vcpu = Vm.CreateVcpu(id);
        for (uint word = 0; word <= 20; word++)
        {
            vcpu.SetCpucfg(word, HostProcess.Cpucfg(word) & vcpu.GetCpucfgMask(word));
        }

        var gpr = new ulong[32];
        (gpr[1], gpr[2], gpr[3]) =
            (3_000_000_000, (ulong)System.Numerics.BitOperations.Log2(Page), (Page * Page / 64) - 1);
        gpr[22] = IpiFlags + ((ulong)id * 8);
        gpr[S0] = (ulong)id;
        gpr[S0 + 1] = SlotBase[1 + (id / 2)] + ((ulong)(id % 2) * AreaPages * Page);
        gpr[S0 + 2] = AreaPages - 1;
        gpr[S0 + 3] = ((ulong)(Seed + id) * 0x9e37_79b9_7f4a_7c15) | 1;
        gpr[S0 + 4] = Control;
        gpr[S0 + 7] = Control + ((ulong)id * BlockSize);
        gpr[S0 + 8] = DeviceBase;
        vcpu.SetRegisters(gpr, Code);
        vcpu.SetCsr(0x20, (ulong)id);
        vcpu.SetCsr(Ecfg, Interrupts);
        vcpu.SetCsr(Eentry, Handler);
        vcpu.SetCsr(Dmw0, 0x11);
        vcpu.SetCsr(0, id < 2 ? 0xcUL : 0x14UL); // direct addresses, or paging with a window; interrupts on
        vcpu.Counter = 0;
        vcpu.SetCsr(Tcfg, Millisecond | ((id & 1) == 0 ? 1UL : 3));
        vcpu.SetCsr(0x42, Millisecond);
        GuestBench.CoreOf(Process, vcpu).Steal.SetAddress(Steal + ((ulong)id * 64) + 1).Should().Be(Errno.None);
        return vcpu;
    }

    private void RunVcpu(int id)
    {
        Vcpu vcpu = Cpus[id];
        try
        {
            while (Failures.IsEmpty && Serve(id, vcpu))
            {
            }
        }
        finally
        {
            Interlocked.Increment(ref _finished);
        }
    }

    /// <summary>One run of the guest and what it asks for; false when it is done.</summary>
    private bool Serve(int id, Vcpu vcpu)
    {
        VcpuExit exit;
        try
        {
            exit = vcpu.Run();
        }
        catch (KvmException e) when (e.Error == (int)Errno.NoMem)
        {
            Reclaim();
            return true;
        }

        switch (exit.Kind)
        {
            case VcpuExitKind.Interrupted:
                Park(vcpu);
                return true;
            case VcpuExitKind.DirtyRingFull:
                RingFull();
                return true;
            case VcpuExitKind.Mmio when exit.Address >= Scratch && exit.Address < Scratch + (1UL << 30):
                vcpu.SetReadData(ScratchTag);
                return true;
            case VcpuExitKind.Mmio when exit.Address - DeviceBase < 0x1000:
                return ServeDevice(id, vcpu, exit);
            default:
                throw new InvalidOperationException($"vCPU {id}: {exit}, PC {vcpu.GetRegisters().Pc:x}");
        }
    }

    private bool ServeDevice(int id, Vcpu vcpu, VcpuExit exit)
    {
        switch (exit.Address - DeviceBase)
        {
            case ShallStop:
                vcpu.SetReadData(_stop ? 1UL : 0);
                return true;
            case AllQuiet:
                vcpu.SetReadData(_quiet.All(q => q) && _lineRaised.All(l => l == 0) ? 1UL : 0);
                return true;
            case Quiet:
                _quiet[id] = true;
                return true;
            case Acknowledge:
                vcpu.Interrupt(-(int)DeviceIrq);
                Volatile.Write(ref _lineRaised[id], 0);
                return true;
            case Done:
                return false;
            default:
                throw new InvalidOperationException(
                    $"vCPU {id} found {(Failed)((exit.Address - DeviceBase - Failure) / 8)}: data {exit.Data:x}, "
                    + $"registers "
                    + string.Join(' ', vcpu.GetRegisters().Gpr.Select(r => r.ToString("x"))));
        }
    }

    /// <summary>The exit request is taken back before the pause is looked at, so that none is lost.</summary>
    private void Park(Vcpu vcpu)
    {
        vcpu.AllowRun();
        if (_resume.IsSet)
        {
            return;
        }

        Interlocked.Increment(ref _parked);
        _resume.Wait();
        Interlocked.Decrement(ref _parked);
    }
}
