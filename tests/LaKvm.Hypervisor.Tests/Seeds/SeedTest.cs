using LaKvm.Cpu;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// What the tests of the rows share: a guest that ends with a store that names it, and a look at its state.
/// </summary>
public abstract class SeedTest : IDisposable
{
    protected const ulong Page = HostPages.DefaultPageSize;
    protected const ulong DeviceAddress = 0x1fe0_0000, End = DeviceAddress + 0xff8, HandlerAddress = 0x30_0000,
        Slot1 = 0x1000_0000;
    protected const int T0 = 12, T1 = 13, T2 = 14, A0 = 4;
    protected const string Stop = "\nli.d $s8, 0x1fe00ff8\nst.d $zero, $s8, 0\n";

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private protected readonly GuestBench Bench;

    private protected SeedTest(GuestBench? bench = null) => Bench = bench ?? new GuestBench();

    public void Dispose() => Bench.Dispose();

    /// <summary>Runs a program up to its end.</summary>
    private protected Vcpu RunToEnd(string program)
    {
        Vcpu vcpu = Bench.Start(program + Stop);
        Finish(vcpu);
        return vcpu;
    }

    /// <summary>
    /// Runs to the store that ends a program; one that never comes to it is interrupted, and fails the test.
    /// </summary>
    private protected static void Finish(Vcpu vcpu)
    {
        using var limit = new Timer(_ => vcpu.RequestExit(), null, Longest, Timeout.InfiniteTimeSpan);
        VcpuExit exit = vcpu.Run();
        (exit.Kind, exit.Address).Should().Be((VcpuExitKind.Mmio, End));
    }

    /// <summary>A vCPU whose exceptions and interrupts end the program.</summary>
    private protected Vcpu StartWithHandler(string program, string handler = "csrrd $t1, 5")
    {
        Bench.Load(handler + Stop, HandlerAddress);
        Bench.Load(program);
        Vcpu vcpu = Bench.CreateVcpu();
        vcpu.SetCsr(Csr.Eentry, HandlerAddress);
        return vcpu;
    }

    private protected static ulong Gpr(Vcpu vcpu, int register) => vcpu.GetRegisters().Gpr[register];

    private protected static ulong Ecode(Vcpu vcpu) => (vcpu.GetCsr(Csr.Estat) >> 16) & 0x3f;

    private protected KvmVcpu CoreOf(Vcpu vcpu) => GuestBench.CoreOf(Bench.Process, vcpu);

    private protected static void SetGpr(Vcpu vcpu, int register, ulong value)
    {
        (ulong[] gpr, ulong pc) = vcpu.GetRegisters();
        gpr[register] = value;
        vcpu.SetRegisters(gpr, pc);
    }

    private protected static void SetPc(Vcpu vcpu, ulong pc) => vcpu.SetRegisters(vcpu.GetRegisters().Gpr, pc);

    private protected ulong VmStat(string name) => Bench.Core.Statistics[name];

    private protected int Raw(int fd, uint request, nint argument = 0) => Bench.Process.Ioctl(fd, request, argument);

    /// <summary>Does something from another thread once a vCPU that runs has had a number of exits of a kind.</summary>
    private protected Task After(Vcpu vcpu, string statistic, ulong count, Action action)
    {
        VcpuStatistics statistics = CoreOf(vcpu).Statistics;
        return Task.Factory.StartNew(() =>
        {
            SpinWait.SpinUntil(() => statistics[statistic] >= count, TimeSpan.FromSeconds(30)).Should().BeTrue();
            Thread.Sleep(5);
            action();
        }, TaskCreationOptions.LongRunning);
    }

    /// <summary>Records the tracepoints from now on.</summary>
    private protected List<TraceRecord> Record()
    {
        var events = new List<TraceRecord>();
        Bench.Core.Tracer.Attach(KvmTracer.AllEvents, (in TraceRecord r) => events.Add(r));
        return events;
    }

    private protected static ulong Word(UserMemory memory, ulong offset)
    {
        Span<byte> bytes = stackalloc byte[8];
        memory.Read(offset, bytes).Should().BeTrue();
        return BitConverter.ToUInt64(bytes);
    }

    /// <summary>The entry of the second-stage tables that maps an address.</summary>
    private protected unsafe GpaPte Entry(ulong gpa, out int level)
    {
        GpaPte* entry = Bench.Core.Mmu.Table.Find(gpa, 0, null, out level);
        return entry == null ? GpaPte.None : GpaPageTable.Read(entry);
    }
}
