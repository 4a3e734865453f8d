using LaKvm.Cpu;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>What the history of RISC-V's mmu.c means for this MMU code.</summary>
public sealed unsafe class RiscvMmuTests : SeedTest
{
    [Fact]
    [Seed("riscv: READ_ONCE accessors")]
    public void Entry_that_changes_while_cores_walk_is_seen_whole()
    {
        // A guest that reads a page without pause, while its entry turns old and young and the page moves.
        using UserMemory memory = UserMemory.Map(Bench.Process, 2 * Page, linear: false);
        memory.Write(0, BitConverter.GetBytes(0x1122_3344_5566_7788UL));
        Bench.Vm.SetMemoryRegion(1, Slot1, memory);
        Vcpu vcpu = Bench.Start($"""
            li.d    $t0, {Slot1}
            li.d    $t1, 0x1122334455667788
            li.d    $t3, {Page - 8}
            1:
            ld.d    $t2, $t0, 0
            ldx.d   $s0, $t0, $t3
            bne     $t2, $t1, 2f
            beqz    $s0, 1b
            2:
            """ + Stop);
        var thread = new Thread(() => Finish(vcpu));
        thread.Start();
        for (int i = 0; i < 300; i++)
        {
            Bench.Process.AddressSpace.ClearYoung(memory.Address, Page, flush: true);
            Bench.Process.AddressSpace.SwapOut(memory.Address, Page);
        }

        memory.Write(Page - 8, BitConverter.GetBytes(1UL));
        thread.Join(TimeSpan.FromSeconds(20)).Should().BeTrue();
        Gpr(vcpu, T2).Should().Be(0x1122_3344_5566_7788);
    }

    [Fact]
    [Seed("riscv: flush_remote_tlbs_memslot in common code")]
    [Seed("riscv: Remote HFENCE based on VCPU requests")]
    public void Flush_reaches_vcpus_that_run_sleep_or_are_in_user_space()
    {
        using UserMemory memory = UserMemory.Map(Bench.Process, Page);
        Bench.Vm.SetMemoryRegion(1, Slot1, memory, flags: 1);
        string writer = $"li.d $t0, {Slot1}\n1:\nst.d $t0, $t0, 0\nli.d $s8, 0x1fe00ff8\nst.d $zero, $s8, 0\nb 1b\n";
        Vcpu inUserSpace = Bench.Start(writer);
        Finish(inUserSpace);
        Bench.Load("idle 0\n" + writer, 0x28_0000);
        Vcpu asleep = Bench.CreateVcpu(1, 0x28_0000);
        var thread = new Thread(() => Finish(asleep));
        thread.Start();
        Bench.Vm.GetDirtyLog(1, 1)[0].Should().Be(1);
        Bench.Vm.GetDirtyLog(1, 1)[0].Should().Be(0);

        Finish(inUserSpace);
        Bench.Vm.GetDirtyLog(1, 1)[0].Should().Be(1, "its old translation was gone");
        VcpuStatistics statistics = CoreOf(asleep).Statistics;
        SpinWait.SpinUntil(() => statistics["idle_exits"] == 1, TimeSpan.FromSeconds(30)).Should().BeTrue();
        Thread.Sleep(5);
        asleep.Interrupt(2);
        thread.Join(TimeSpan.FromSeconds(10)).Should().BeTrue();
        Bench.Vm.GetDirtyLog(1, 1)[0].Should().Be(1);
    }

    [Fact]
    [Seed("riscv: Retry fault if vma_lookup() results become invalid")]
    public void Fault_whose_own_page_lookup_changes_the_mapping_ends_with_the_new_page()
    {
        using UserMemory memory = UserMemory.Map(Bench.Process, Page, linear: false);
        memory.Write(0, BitConverter.GetBytes(5UL));
        Bench.Vm.SetMemoryRegion(1, Slot1, memory);
        ulong copy = Bench.Process.AddressSpace.CloneCopyOnWrite(memory.Address);
        ulong sequence = Bench.Core.Mmu.InvalidateSequence;

        // The store's fault breaks the share: the page that is mapped in the end is the copy.
        RunToEnd($"li.d $t0, {Slot1}\nst.d $t0, $t0, 8");

        Bench.Core.Mmu.InvalidateSequence.Should().BeGreaterThan(sequence);
        (Word(memory, 0), Word(memory, 8)).Should().Be((5, Slot1));
        var shared = new byte[16];
        Bench.Process.AddressSpace.CopyFrom(copy, shared);
        BitConverter.ToUInt64(shared, 8).Should().Be(0);
        Bench.Process.AddressSpace.Pin(memory.Address, false, out ulong page, out _).Should().Be(Errno.None);
        ((ulong)(Entry(Slot1, out _) & GpaPte.FrameMask)).Should().Be(page);
        Bench.Process.AddressSpace.Unpin(page);
    }

    [Fact]
    [Seed("riscv: PGDIR_SIZE to check page sizes")]
    public void Huge_page_is_one_level_above_small_ones_however_large_the_memory_is()
    {
        using var bench = new GuestBench(geometry: GpaTableGeometry.Small);
        ulong huge = bench.Machine.Pages.HugeSize;
        using UserMemory memory = UserMemory.Map(bench.Process, 64 * huge);
        bench.Vm.SetMemoryRegion(1, 0x4000_0000, memory);
        Vcpu vcpu = bench.Start(string.Concat(Enumerable.Range(0, 64).Select(
            i => $"li.d $t0, {0x4000_0000 + ((ulong)i * huge)}\nld.d $t1, $t0, 0\n")) + Stop);

        Finish(vcpu);

        bench.Core.Statistics["hugepages"].Should().Be(65, "64 of data and one of code");
    }

    [Fact]
    [Seed("riscv: Simplify kvm_arch_prepare_memory_region()")]
    public void Region_that_is_refused_leaves_slots_and_mappings_as_they_are()
    {
        using UserMemory memory = UserMemory.Map(Bench.Process, Page);
        Bench.Vm.SetMemoryRegion(1, Slot1, memory);
        RunToEnd($"li.d $t0, {Slot1}\nst.d $t0, $t0, 0");
        ulong generation = Bench.Core.Slots.Generation;
        GpaPte entry = Entry(Slot1, out _);

        Bench.Core.Memory.Set(2, 0, Slot1, Page, memory.Address).Should().Be(Errno.Exist);
        Bench.Core.Memory.Set(1, 0, 1UL << 47, Page, memory.Address).Should().Be(Errno.NoMem, "a move too far");
        Bench.Core.Memory.Set(1, MemorySlotFlags.ReadOnly, Slot1, Page, memory.Address).Should().Be(Errno.Inval);

        Bench.Core.Slots.Generation.Should().Be(generation);
        Entry(Slot1, out _).Should().Be(entry);
    }

    [Fact]
    [Seed("riscv: PAGE_KERNEL_IO in ioremap")]
    [Seed("riscv: ioremap() and iounmap()")]
    public void Memory_of_a_device_is_mapped_strongly_ordered_and_unmapped_with_its_slot()
    {
        ulong device = Bench.Process.AddressSpace.MapDevice(0x1000_0000, Page);
        Bench.Core.Memory.Set(1, 0, Slot1, Page, device).Should().Be(Errno.None);
        // The machine has no device there, so that what is mapped ends in an address error.
        Vcpu vcpu = StartWithHandler($"li.d $t0, {Slot1}\nld.d $t1, $t0, 0");
        Finish(vcpu);
        Ecode(vcpu).Should().Be(8, "the access left the mapping for the bus");

        GpaPte entry = Entry(Slot1, out _);
        (entry & GpaPte.CoherentCached).Should().Be(GpaPte.None);
        ((ulong)(entry & GpaPte.FrameMask)).Should().Be(0x1000_0000);
        (Entry(GuestBench.CodeBase, out _) & GpaPte.CoherentCached).Should().NotBe(GpaPte.None, "RAM is cached");

        Bench.Vm.DeleteMemoryRegion(1);
        Entry(Slot1, out _).Should().Be(GpaPte.None);
    }

    [Fact]
    [Seed("riscv: Different capacities in memory caches")]
    [Seed("riscv: Common MMU memory caches")]
    public void Memory_cache_fills_to_its_capacity_hands_out_and_gives_back()
    {
        HostPages pages = Bench.Machine.Pages;
        int free = pages.FreePages;
        var cache = new MmuMemoryCache(pages, 7);

        cache.TopUp(2).Should().BeTrue();
        pages.FreePages.Should().Be(free - cache.Capacity);
        cache.TopUp(cache.Capacity).Should().BeTrue();
        pages.FreePages.Should().Be(free - 7, "it was full");
        cache.TopUp(8).Should().BeFalse("it never holds that many");
        ulong page = cache.Take();
        pages.References(page).Should().Be(1);
        cache.Drain();
        pages.Put(page);
        pages.FreePages.Should().Be(free);
    }

    [Fact]
    [Seed("riscv: Missing PAGE_PFN_MASK")]
    public void Bits_outside_the_frame_do_not_become_part_of_an_address()
    {
        using var table = new GpaPageTable(Bench.Machine.Pages, GpaTableGeometry.Default);
        var cache = new MmuMemoryCache(Bench.Machine.Pages, KvmLimits.MmuCacheObjects);
        cache.TopUp(4).Should().BeTrue();
        GpaPte* entry = table.Find(Slot1, 0, cache, out _);
        GpaPte* parent = table.Find(Slot1, 1, null, out _);
        GpaPageTable.Write(parent, GpaPageTable.Read(parent) | (GpaPte)(7UL << 61) | (GpaPte)(0xffUL << 48));

        (table.Find(Slot1, 0, null, out int level) == entry).Should().BeTrue();
        level.Should().Be(0);
        cache.Drain();
    }

    [Fact]
    [Seed("riscv: No cpumask for hartid bitmap")]
    public void Ipi_names_physical_numbers_which_need_not_be_those_of_vcpus_or_cores()
    {
        Vcpu near = Bench.Vm.CreateVcpu(3), far = Bench.Vm.CreateVcpu(1);
        near.SetCsr(Csr.Cpuid, 70);
        far.SetCsr(Csr.Cpuid, 200);
        Vcpu sender = Bench.Start("ori $a0, $zero, 1\nhvcl 0x100" + Stop);
        var gpr = new ulong[32];
        (gpr[5], gpr[6], gpr[7]) = (1, 1UL << 50, 86);
        sender.SetRegisters(gpr, GuestBench.CodeBase);

        Finish(sender);

        Gpr(sender, A0).Should().Be(0);
        far.GetCsr(Csr.Estat).Should().Be(1, "86 + 64 + 50 is its number");
        near.GetCsr(Csr.Estat).Should().Be(0);
        sender.GetCsr(Csr.Estat).Should().Be(0);
    }

    [Fact]
    [Seed("riscv: VM capability for GPA bits")]
    public void Width_of_guest_addresses_is_fixed_so_that_its_capability_is_0()
    {
        Raw(Bench.Vm.Fd, KvmIoctl.CheckExtension, 207).Should().Be(0);
        Bench.Core.Memory.Set(1, 0, (1UL << 47) - Page, Page, Bench.Ram.Address).Should().Be(Errno.None);
        Bench.Core.Memory.Set(2, 0, (1UL << 47) - Page, 2 * Page, Bench.Ram.Address).Should().Be(Errno.Exist);
        Bench.Core.Memory.Set(2, 0, 1UL << 47, Page, Bench.Ram.Address).Should().Be(Errno.NoMem);
    }

    [Fact]
    [Seed("riscv: Use new memslot")]
    public void Deleting_looks_at_nothing_but_the_slot()
    {
        using UserMemory memory = UserMemory.Map(Bench.Process, Page);
        Bench.Vm.SetMemoryRegion(1, Slot1, memory);

        Bench.Core.Memory.Set(1, MemorySlotFlags.ReadOnly, 77 * Page, 0, 33 * Page).Should().Be(Errno.None);

        Bench.Core.Slots.Find(Slot1 / Page).Should().BeNull();
        Bench.Core.Memory.Set(1, 0, Slot1, 0, 0).Should().Be(Errno.Inval);
    }

    [Fact]
    [Seed("riscv: Arch specific memslot data")]
    public void Change_of_flags_keeps_what_is_known_about_huge_pages()
    {
        using UserMemory memory = UserMemory.Map(Bench.Process, HostPages.DefaultHugeSize);
        Bench.Vm.SetMemoryRegion(1, 0x8000_0000, memory);
        Bench.Core.Slots.Find(0x8000_0000 / Page)!.HugePages.Should().Be(HugePageFit.Everywhere);

        Bench.Vm.SetMemoryRegion(1, 0x8000_0000, memory, flags: 1);

        MemorySlot slot = Bench.Core.Slots.Find(0x8000_0000 / Page)!;
        slot.HugePages.Should().Be(HugePageFit.Everywhere);
        slot.DirtyBitmap.Should().NotBeNull();
    }

    [Fact]
    [Seed("riscv: Unmap stage2 when deleting/moving a memslot")]
    public void Moved_or_deleted_slot_leaves_no_mapping_table_or_page_behind()
    {
        using UserMemory memory = UserMemory.Map(Bench.Process, Page);
        Bench.Vm.SetMemoryRegion(1, Slot1, memory);
        Vcpu vcpu = RunToEnd($"li.d $t0, {Slot1}\nst.d $t0, $t0, 0");
        ulong pages = VmStat("pages");

        Bench.Vm.SetMemoryRegion(1, Slot1 + (1UL << 30), memory);
        Entry(Slot1, out _).Should().Be(GpaPte.None);
        VmStat("pages").Should().Be(pages - 1);
        SetPc(vcpu, GuestBench.CodeBase);
        vcpu.Run().Address.Should().Be(Slot1, "no memory is there any more");

        Bench.Vm.DeleteMemoryRegion(1);
        VmStat("pages").Should().Be(pages - 1);
    }

    [Fact]
    [Seed("riscv: MMU notifiers")]
    public void Page_that_the_host_moves_is_found_at_its_new_place()
    {
        using UserMemory memory = UserMemory.Map(Bench.Process, Page, linear: false);
        Bench.Vm.SetMemoryRegion(1, Slot1, memory);
        Vcpu vcpu = Bench.Start(
            $"li.d $t0, {Slot1}\n1:\nld.d $t1, $t0, 0\naddi.d $t1, $t1, 1\nst.d $t1, $t0, 0" + Stop + "b 1b\n");
        for (ulong i = 1; i <= 5; i++)
        {
            Finish(vcpu);
            GpaPte before = Entry(Slot1, out _);
            Bench.Process.AddressSpace.SwapOut(memory.Address, Page).Should().Be(Errno.None);
            Entry(Slot1, out _).Should().Be(GpaPte.None);
            before.Should().NotBe(GpaPte.None);
            Word(memory, 0).Should().Be(i);
        }
    }

    [Fact]
    [Seed("riscv: Initial skeleton")]
    public void Interface_begins_with_version_12_and_makes_vms_vcpus_and_their_mapping()
    {
        Raw(Bench.Kvm.Fd, KvmIoctl.GetApiVersion).Should().Be(12);
        int vm = Raw(Bench.Kvm.Fd, KvmIoctl.CreateVm, 5);
        int vcpu = Raw(vm, KvmIoctl.CreateVcpu, 0);
        byte* run = Bench.Process.Map(vcpu, 0, (ulong)Raw(Bench.Kvm.Fd, KvmIoctl.GetVcpuMmapSize));
        ((KvmRun*)run)->ExitReason.Should().Be(KvmExitReason.Unknown);
        Bench.Process.Close(vm).Should().Be(0);
        ulong count = 0;
        var reg = new KvmOneReg { Id = 0x9030_0000_0002_0001, Address = (nint)(&count) };
        Raw(vcpu, KvmIoctl.GetOneReg, (nint)(&reg)).Should().Be(0, "the VM lives as long as its vCPU");
    }
}
