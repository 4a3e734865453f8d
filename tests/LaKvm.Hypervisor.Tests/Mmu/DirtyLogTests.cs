using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

public sealed unsafe class DirtyLogTests : IDisposable
{
    private const ulong Page = HostPages.DefaultPageSize;
    private const uint LogDirty = 1;
    private const ulong Base = 0x1000_0000;
    private const ulong Pages = 100;

    private readonly GuestBench _bench = new();
    private readonly UserMemory _memory;

    public DirtyLogTests() => _memory = UserMemory.Map(_bench.Process, Pages * Page);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Pages_written_by_the_guest_are_reported_once_until_written_again()
    {
        _bench.Vm.SetMemoryRegion(1, Base, _memory, LogDirty);
        Vcpu vcpu = StartWriter(0, 3, 70);

        RunRound(vcpu);
        Log().Should().Equal(0, 3, 70);
        Log().Should().BeEmpty();
        RunRound(vcpu);
        Log().Should().Equal(0, 3, 70);
    }

    [Fact]
    public void Logging_switched_on_later_sees_pages_that_were_mapped_before()
    {
        _bench.Vm.SetMemoryRegion(1, Base, _memory);
        Vcpu vcpu = StartWriter(1, 2, 3);
        RunRound(vcpu);

        _bench.Vm.SetMemoryRegion(1, Base, _memory, LogDirty);
        Log().Should().BeEmpty();
        RunRound(vcpu);
        Log().Should().Equal(1, 2, 3);

        _bench.Vm.SetMemoryRegion(1, Base, _memory);
        Action read = () => Log();
        read.Should().Throw<KvmException>().Which.Error.Should().Be((int)Errno.NoEnt);
    }

    [Fact]
    public void Page_of_the_stolen_time_is_logged_when_the_hypervisor_writes_it()
    {
        _bench.Vm.SetMemoryRegion(1, Base, _memory, LogDirty);
        Vcpu vcpu = StartWriter(3);
        KvmVcpu core = GuestBench.CoreOf(_bench.Process, vcpu);
        core.Steal.SetAddress((Base + (7 * Page) + 0x40) | 1).Should().Be(Errno.None);
        RunRound(vcpu);
        Log().Should().Equal(3, 7);

        core.Steal.SetAddress((Base + (7 * Page) + 0x40) | 1);
        RunRound(vcpu);
        Log().Should().Equal([3, 7], "and again behind each look at the log");

        core.Steal.SetAddress(0);
        RunRound(vcpu);
        Log().Should().Equal(3);
    }

    [Fact]
    public void Huge_pages_are_split_by_logged_writes()
    {
        using UserMemory large = UserMemory.Map(_bench.Process, 2 * HostPages.DefaultHugeSize);
        _bench.Vm.SetMemoryRegion(1, 0x4000_0000, large);
        Vcpu vcpu = StartWriterAt(0x4000_0000, 0, 5, 2047);
        RunRound(vcpu);
        ulong huge = _bench.Core.Statistics["hugepages"];

        _bench.Vm.SetMemoryRegion(1, 0x4000_0000, large, LogDirty);
        RunRound(vcpu);

        _bench.Core.Statistics["hugepages"].Should().Be(huge - 1);
        Bits(_bench.Vm.GetDirtyLog(1, 4096)).Should().Equal(0, 5, 2047);
    }

    [Fact]
    public void Manual_protection_reports_until_cleared()
    {
        _bench.Vm.EnableCapability(KvmCap.ManualDirtyLogProtect2, 1);
        _bench.Vm.SetMemoryRegion(1, Base, _memory, LogDirty);
        Vcpu vcpu = StartWriter(0, 1, 65);
        RunRound(vcpu);

        Log().Should().Equal(0, 1, 65);
        Log().Should().Equal(0, 1, 65);
        _bench.Vm.ClearDirtyLog(1, 0, 64, [2]);
        Log().Should().Equal(0, 65);
        RunRound(vcpu);
        Log().Should().Equal(0, 1, 65);
        _bench.Vm.ClearDirtyLog(1, 64, 36, [2]);
        Log().Should().Equal(0, 1);

        Action partial = () => _bench.Vm.ClearDirtyLog(1, 0, 65, [0, 0]);
        partial.Should().Throw<KvmException>();
        Action odd = () => _bench.Vm.ClearDirtyLog(1, 1, 64, [0]);
        odd.Should().Throw<KvmException>();
    }

    [Fact]
    public void Log_that_is_initially_set_begins_with_all_pages()
    {
        _bench.Vm.EnableCapability(KvmCap.ManualDirtyLogProtect2, 3);
        _bench.Vm.SetMemoryRegion(1, Base, _memory, LogDirty);

        Log().Should().Equal(Enumerable.Range(0, (int)Pages));
    }

    [Fact]
    public void Ring_collects_written_pages_and_fills_up()
    {
        _bench.Vm.EnableCapability(KvmCap.DirtyLogRingAcqRel, 0x4000);
        _bench.Vm.SetMemoryRegion(1, Base, _memory, LogDirty);
        Vcpu vcpu = StartWriter(7, 8, 90);
        RunRound(vcpu);
        var ring = (DirtyGfn*)_bench.Process.Map(vcpu.Fd, 64, 0x4000);

        Harvest(ring, 0, 3).Should().Equal(7, 8, 90);
        _bench.Vm.ResetDirtyRings().Should().Be(3);
        _bench.Vm.ResetDirtyRings().Should().Be(0);
        RunRound(vcpu);
        Harvest(ring, 3, 3).Should().Equal(7, 8, 90);
    }

    [Fact]
    public void Ring_that_is_nearly_full_ends_the_run_until_it_is_emptied()
    {
        const int size = 0x4000 / 16;
        using UserMemory large = UserMemory.Map(_bench.Process, 2048 * Page);
        _bench.Vm.EnableCapability(KvmCap.DirtyLogRingAcqRel, 0x4000);
        _bench.Vm.SetMemoryRegion(1, 0x4000_0000, large, LogDirty);
        Vcpu vcpu = _bench.Start("""
            1:
            st.d    $zero, $a0, 0
            add.d   $a0, $a0, $a1
            addi.d  $a2, $a2, -1
            bnez    $a2, 1b
            li.d    $s8, 0x1fe00ff8
            st.d    $zero, $s8, 0
            """);
        var gpr = new ulong[32];
        (gpr[4], gpr[5], gpr[6]) = (0x4000_0000, Page, 1500);
        vcpu.SetRegisters(gpr, GuestBench.CodeBase);
        var ring = (DirtyGfn*)_bench.Process.Map(vcpu.Fd, 64, 0x4000);

        vcpu.Run().Kind.Should().Be(VcpuExitKind.DirtyRingFull);
        vcpu.Run().Kind.Should().Be(VcpuExitKind.DirtyRingFull);
        Harvest(ring, 0, size - 64).Should().Equal(Enumerable.Range(0, size - 64).Select(i => (ulong)i));
        _bench.Vm.ResetDirtyRings().Should().Be(size - 64);
        vcpu.Run().Address.Should().Be(0x1fe0_0ff8);
    }

    private Vcpu StartWriter(params ulong[] pages) => StartWriterAt(Base, pages);

    /// <summary>A guest that writes to a set of pages, exits, and does so again.</summary>
    private Vcpu StartWriterAt(ulong start, params ulong[] pages) => _bench.Start(
        "9:\n" + string.Concat(pages.Select(p => $"li.d $t0, {start + (p * Page)}\nst.d $t0, $t0, 8\n"))
        + "li.d $s8, 0x1fe00ff8\nst.d $zero, $s8, 0\nb 9b\n");

    private static void RunRound(Vcpu vcpu) => vcpu.Run().Address.Should().Be(0x1fe0_0ff8);

    private IEnumerable<int> Log() => Bits(_bench.Vm.GetDirtyLog(1, Pages));

    private static List<int> Bits(ulong[] bitmap) => [.. Enumerable.Range(0, bitmap.Length * 64)
        .Where(i => (bitmap[i / 64] >> (i % 64) & 1) != 0)];

    private static List<ulong> Harvest(DirtyGfn* ring, int first, int count)
    {
        var offsets = new List<ulong>();
        for (int i = first; i < first + count; i++)
        {
            ring[i].Flags.Should().Be(DirtyGfn.Dirty);
            ring[i].Slot.Should().Be(1);
            offsets.Add(ring[i].Offset);
            ring[i].Flags = DirtyGfn.Reset;
        }

        return offsets;
    }
}
