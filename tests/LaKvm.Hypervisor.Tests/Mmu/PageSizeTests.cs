using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Hosts with 16 KiB and with 4 KiB pages: what depends on the page size follows it.</summary>
public sealed unsafe class PageSizeTests
{
    private const ulong Base = 0x4000_0000;

    public static TheoryData<int> Shifts() => [12, 14];

    [Theory]
    [MemberData(nameof(Shifts))]
    public void Sizes_of_the_interface_follow_the_page_size(int shift)
    {
        using GuestBench bench = Create(shift);
        ulong page = 1UL << shift;
        Vcpu vcpu = bench.CreateVcpu();

        bench.Kvm.VcpuMmapSize.Should().Be((int)(2 * page));
        byte* run = bench.Process.Map(vcpu.Fd, 0, 2 * page);
        (run != null).Should().BeTrue();
        bench.Vm.SetCoalescedMmio(GuestBench.DeviceBase, 0x100);
        bench.Load("li.d $t0, 0x1fe00000\n1:\nst.d $t0, $t0, 8\nb 1b\n");
        vcpu.Run().Kind.Should().Be(VcpuExitKind.Mmio);

        var ring = (CoalescedMmioRing*)(run + page);
        ring->Last.Should().Be((uint)((page - 8) / 24) - 1, "the ring lies one page behind the run page");
        ((KvmRun*)run)->ExitReason.Should().Be(KvmExitReason.Mmio);
    }

    [Theory]
    [MemberData(nameof(Shifts))]
    public void Ring_holds_at_least_a_page(int shift)
    {
        using GuestBench bench = Create(shift);
        Action small = () => bench.Vm.EnableCapability(KvmCap.DirtyLogRingAcqRel, 1UL << (shift - 1));
        small.Should().Throw<KvmException>().Which.Error.Should().Be((int)Errno.Inval);

        bench.Vm.EnableCapability(KvmCap.DirtyLogRingAcqRel, 1UL << shift);
        Vcpu vcpu = bench.CreateVcpu();
        (bench.Process.Map(vcpu.Fd, 64, 1UL << shift) != null).Should().BeTrue();
        (bench.Process.Map(vcpu.Fd, 65, 1UL << shift) == null).Should().BeTrue();
    }

    [Theory]
    [MemberData(nameof(Shifts))]
    public void Huge_page_is_mapped_then_split_by_a_logged_write_to_one_page(int shift)
    {
        using GuestBench bench = Create(shift);
        ulong page = 1UL << shift;
        ulong huge = bench.Machine.Pages.HugeSize;
        using UserMemory memory = UserMemory.Map(bench.Process, 2 * huge);
        bench.Vm.SetMemoryRegion(1, Base, memory);
        Vcpu vcpu = Writer(bench, Base, Base + (5 * page), Base + huge);
        vcpu.Run().Kind.Should().Be(VcpuExitKind.Mmio);
        bench.Core.Statistics["hugepages"].Should().Be(3, "two of the memory, one of the code");

        bench.Vm.SetMemoryRegion(1, Base, memory, flags: 1);
        vcpu.Run().Kind.Should().Be(VcpuExitKind.Mmio);

        ulong pages = 2 * huge / page;
        bench.Core.Statistics["hugepages"].Should().Be(1);
        bench.Core.Statistics["pages"].Should().Be(pages);
        ulong[] log = bench.Vm.GetDirtyLog(1, pages);
        Enumerable.Range(0, (int)pages).Where(i => (log[i / 64] >> (i % 64) & 1) != 0)
            .Should().Equal(0, 5, (int)(huge / page));
    }

    [Theory]
    [MemberData(nameof(Shifts))]
    public void Neighbouring_pages_can_be_swapped_discarded_and_protected_on_their_own(int shift)
    {
        using GuestBench bench = Create(shift);
        ulong page = 1UL << shift;
        using UserMemory memory = UserMemory.Map(bench.Process, 4 * page, linear: false);
        bench.Vm.SetMemoryRegion(1, Base, memory);
        Vcpu vcpu = Writer(bench, Base, Base + page, Base + (2 * page), Base + (3 * page));
        vcpu.Run().Kind.Should().Be(VcpuExitKind.Mmio);

        bench.Process.AddressSpace.SwapOut(memory.Address + page, page).Should().Be(Errno.None);
        bench.Process.AddressSpace.Discard(memory.Address + (2 * page), page).Should().Be(Errno.None);

        ulong[] words = [.. Enumerable.Range(0, 4).Select(i => Word(memory, (ulong)i * page))];
        words.Should().Equal(Base, Base + page, 0, Base + (3 * page));
        vcpu.Run().Kind.Should().Be(VcpuExitKind.Mmio);
        Word(memory, 2 * page).Should().Be(Base + (2 * page));
    }

    [Theory]
    [InlineData(12, 0x1000ul, Errno.None)]
    [InlineData(14, 0x1000ul, Errno.Inval)]
    [InlineData(14, 0x4000ul, Errno.None)]
    [InlineData(12, 0x800ul, Errno.Inval)]
    public void Region_is_aligned_to_pages(int shift, ulong gpa, Errno expected)
    {
        using GuestBench bench = Create(shift, withRam: false);
        bench.Core.Memory.Set(0, 0, gpa, 0x4000, bench.Ram.Address).Should().Be(expected);
    }

    [Theory]
    [MemberData(nameof(Shifts))]
    public void Last_page_of_the_guests_address_space_can_be_used(int shift)
    {
        using GuestBench bench = Create(shift);
        ulong page = 1UL << shift;
        using UserMemory memory = UserMemory.Map(bench.Process, page);
        ulong top = (1UL << 47) - page;
        bench.Vm.SetMemoryRegion(1, top, memory);

        Writer(bench, top, top + page - 8).Run().Kind.Should().Be(VcpuExitKind.Mmio);

        Word(memory, page - 8).Should().Be(top + page - 8);
    }

    private static GuestBench Create(int shift, bool withRam = true) =>
        new(geometry: shift == 12 ? GpaTableGeometry.Small : GpaTableGeometry.Default, withRam: withRam);

    /// <summary>A guest that writes addresses to themselves, exits, and does so again.</summary>
    private static Vcpu Writer(GuestBench bench, params ulong[] addresses) => bench.Start(
        "9:\n" + string.Concat(addresses.Select(a => $"li.d $t0, {a}\nst.d $t0, $t0, 0\n"))
        + "li.d $s8, 0x1fe00ff8\nst.d $zero, $s8, 0\nb 9b\n");

    private static ulong Word(UserMemory memory, ulong offset)
    {
        Span<byte> bytes = stackalloc byte[8];
        memory.Read(offset, bytes).Should().BeTrue();
        return BitConverter.ToUInt64(bytes);
    }
}
