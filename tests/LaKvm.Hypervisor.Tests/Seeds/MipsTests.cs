using LaKvm.Cpu;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>What the KVM changes of Linux 4.11 for MIPS mean here.</summary>
public sealed class MipsTests : SeedTest
{
    [Fact]
    [Seed("mips: fast-path TLB refill handler")]
    public void Second_stage_refill_does_not_reach_the_hypervisor()
    {
        Vcpu vcpu = Bench.Start("1:\nld.d $t1, $zero, 0" + Stop + "b 1b\n");
        Finish(vcpu);
        List<TraceRecord> events = Record();
        foreach (HostCpu cpu in Bench.Machine.Cpus)
        {
            cpu.Core.InvalidateTlb(0x12, 0, 0);
        }

        Finish(vcpu);

        events.Where(e => e.Event == TraceEvent.Exit).Select(e => e.A).Should().Equal((ulong)Trap.Pis);
        events.Count(e => e.Event == TraceEvent.PageFault && e.A < GuestBench.RamSize).Should().Be(0);
    }

    [Fact]
    [Seed("mips: uaccess for guest memory")]
    public void Steal_time_is_written_to_a_page_that_was_swapped_out()
    {
        using UserMemory memory = UserMemory.Map(Bench.Process, Page, linear: false);
        Bench.Vm.SetMemoryRegion(1, Slot1, memory);
        Vcpu vcpu = Bench.Start(Stop);
        memory.Write(8, BitConverter.GetBytes(6UL));
        CoreOf(vcpu).Steal.SetAddress(Slot1 | 1).Should().Be(Errno.None);
        Bench.Process.AddressSpace.SwapOut(memory.Address, Page).Should().Be(Errno.None);

        Finish(vcpu);

        (Word(memory, 8) & uint.MaxValue).Should().Be(8, "the version went from 6 over 7 to 8");
    }

    [Fact]
    [Seed("mips: GPA page tables for sparse regions")]
    public void Regions_far_apart_need_tables_for_what_is_touched_only()
    {
        ulong[] places = [1UL << 30, 1UL << 36, 1UL << 40, (1UL << 47) - Page];
        UserMemory[] memories = [.. places.Select(_ => UserMemory.Map(Bench.Process, Page, linear: false))];
        for (int i = 0; i < places.Length; i++)
        {
            Bench.Vm.SetMemoryRegion((uint)i + 1, places[i], memories[i]);
        }

        int free = Bench.Machine.Pages.FreePages;
        RunToEnd(string.Concat(places.Select(p => $"li.d $t0, {p}\nst.d $t0, $t0, 0\n")));

        memories.Select(m => Word(m, 0)).Should().Equal(places);
        (free - Bench.Machine.Pages.FreePages).Should().BeLessThan(60, "cache, tables and four pages");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Seed("mips: dirty page logging")]
    public void Every_written_page_is_logged_and_no_other(bool linear)
    {
        using UserMemory memory = UserMemory.Map(Bench.Process, 256 * Page, linear);
        Bench.Vm.SetMemoryRegion(1, Slot1, memory, flags: 1);
        int[] written = [0, 1, 63, 64, 200, 255];
        string reads = string.Concat(
            Enumerable.Range(0, 256).Select(i => $"li.d $t0, {Slot1 + ((ulong)i * Page)}\nld.d $t1, $t0, 0\n"));
        RunToEnd(reads + string.Concat(
            written.Select(i => $"li.d $t0, {Slot1 + ((ulong)i * Page)}\nst.b $t0, $t0, 1\n")));

        ulong[] log = Bench.Vm.GetDirtyLog(1, 256);

        Enumerable.Range(0, 256).Where(i => (log[i / 64] >> (i % 64) & 1) != 0).Should().Equal(written);
    }

    [Fact]
    [Seed("mips: SYNC_MMU")]
    public void Changes_of_the_host_are_effective_while_the_guest_runs()
    {
        Bench.Vm.CheckExtension(KvmCap.SyncMmu).Should().Be(1);
        using UserMemory memory = UserMemory.Map(Bench.Process, 2 * Page, linear: false);
        memory.Write(0, BitConverter.GetBytes(3UL));
        memory.Write(Page, BitConverter.GetBytes(3UL));
        Bench.Vm.SetMemoryRegion(1, Slot1, memory);
        Vcpu vcpu = Bench.Start($"li.d $t0, {Slot1}\n1:\nld.d $t1, $t0, 0\nbnez $t1, 1b\n" + Stop);
        var thread = new Thread(() => Finish(vcpu));
        thread.Start();
        HostAddressSpace space = Bench.Process.AddressSpace;
        SpinWait.SpinUntil(() => space.TestYoung(memory.Address), TimeSpan.FromSeconds(10)).Should().BeTrue("it reads");

        space.Merge(memory.Address, memory.Address + Page).Should().BeTrue("the pages are equal (KSM)");
        space.ClearYoung(memory.Address, Page, flush: true);
        SpinWait.SpinUntil(() => space.TestYoung(memory.Address), TimeSpan.FromSeconds(10)).Should()
            .BeTrue("idle tracking");
        space.Discard(memory.Address, Page).Should().Be(Errno.None); // ballooning

        thread.Join(TimeSpan.FromSeconds(10)).Should().BeTrue("the guest sees the zero page");
        Word(memory, Page).Should().Be(3);
    }

    [Fact]
    [Seed("mips: READONLY_MEM")]
    public void Write_to_read_only_memory_is_mmio_and_a_read_is_none()
    {
        Bench.Vm.CheckExtension(KvmCap.ReadOnlyMem).Should().Be(1);
        using UserMemory rom = UserMemory.Map(Bench.Process, Page);
        rom.Write(0, BitConverter.GetBytes(0x77UL));
        Bench.Vm.SetMemoryRegion(1, Slot1, rom, flags: 3);
        Vcpu vcpu = Bench.Start($"li.d $t0, {Slot1}\nld.d $t1, $t0, 0\nst.w $t1, $t0, 4" + Stop);

        vcpu.Run().Should().BeEquivalentTo(new VcpuExit(VcpuExitKind.Mmio, Slot1 + 4, 4, true, 0x77));
        Finish(vcpu);
        Word(rom, 0).Should().Be(0x77);
        Bench.Vm.GetDirtyLog(1, 1)[0].Should().Be(0, "what cannot be written is never dirty");
    }

    [Fact]
    [Seed("mips: more registers for userland")]
    public void Every_csr_of_the_guest_can_be_moved_to_another_vm()
    {
        Vcpu vcpu =
            RunToEnd(
            "li.d $t0, 0x1234000\ncsrwr $t0, 0xc\ncsrwr $t0, 0x88\nli.d $t0, 0x55\ncsrwr $t0, 0x37\ncsrwr $t0, 0x90");
        int[] csrs = [.. Enumerable.Range(0, 0x800)
            .Where(c => (GuestCsrs.IsHardware(c) || GuestCsrs.IsSoftware(c)) && c is not (Csr.Tval or Csr.Pgd))];
        ulong[] values = [.. csrs.Select(vcpu.GetCsr)];
        values.Should().Contain([0x1234000UL, 0x55UL]);

        using var other = new GuestBench();
        Vcpu moved = other.Vm.CreateVcpu(0);
        for (int i = 0; i < csrs.Length; i++)
        {
            moved.SetCsr(csrs[i], values[i]);
        }

        csrs.Select(moved.GetCsr).Should().Equal(values);
    }

    [Fact]
    [Seed("mips: NR_VCPUS and MAX_VCPUS")]
    public void Recommended_number_of_vcpus_is_that_of_the_cores_and_the_maximum_is_256()
    {
        Bench.Vm.CheckExtension(KvmCap.NrVcpus).Should().Be(2);
        Bench.Vm.CheckExtension(KvmCap.MaxVcpus).Should().Be(256);
        Bench.Vm.CheckExtension(KvmCap.MaxVcpuId).Should().Be(256);
        using var four = new GuestBench(cpus: 4);
        four.Kvm.CheckExtension(KvmCap.NrVcpus).Should().Be(4);
    }

    [Fact]
    [Seed("mips: multiple VCPUs")]
    public async Task Vcpus_of_a_vm_run_at_the_same_time_on_the_same_memory()
    {
        // Each waits for the other's flag, which only both running can end.
        Bench.Load("""
            li.d    $t0, 0x800000
            slli.d  $t1, $a0, 3
            add.d   $t1, $t1, $t0
            ori     $t2, $zero, 1
            st.d    $t2, $t1, 0
            xori    $a0, $a0, 1
            slli.d  $t1, $a0, 3
            add.d   $t1, $t1, $t0
            1:
            ld.d    $t2, $t1, 0
            beqz    $t2, 1b
            """ + Stop);
        Vcpu[] vcpus = [Bench.CreateVcpu(0), Bench.CreateVcpu(1)];
        SetGpr(vcpus[1], A0, 1);

        await Task.WhenAll(vcpus.Select(v => Task.Factory.StartNew(() => Finish(v), TaskCreationOptions.LongRunning)))
            .WaitAsync(TimeSpan.FromSeconds(20));

        Bench.ReadRam(0x80_0000).Should().Be(1);
        Bench.ReadRam(0x80_0008).Should().Be(1);
    }
}
