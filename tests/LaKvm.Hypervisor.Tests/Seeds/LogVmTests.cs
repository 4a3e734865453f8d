using LaKvm.Cpu;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Rows of the LoongArch log about the module, VMs and memory.</summary>
public sealed class LogVmTests : SeedTest
{
    [Fact]
    [Seed("log: Fix build due to API changes")]
    public void Fault_is_retried_only_for_frames_that_are_being_invalidated()
    {
        KvmVm vm = Bench.Core;
        IMmuNotifier notifier = vm.Mmu;
        ulong sequence = vm.Mmu.InvalidateSequence;
        ulong start = Bench.Ram.Address + (5 * Page);

        notifier.InvalidateRangeStart(start, start + (2 * Page));
        bool[] during = [.. Enumerable.Range(4, 4).Select(gfn => vm.Mmu.MustRetry(sequence, (ulong)gfn))];
        notifier.InvalidateRangeEnd(start, start + (2 * Page));

        during.Should().Equal(false, true, true, false);
        vm.Mmu.MustRetry(sequence, 4).Should().BeTrue("an invalidation is over since the sequence was read");
        vm.Mmu.MustRetry(vm.Mmu.InvalidateSequence, 5).Should().BeFalse();
    }

    [Theory]
    [InlineData(0ul, 0ul, 1ul, HugePageFit.Everywhere)]
    [InlineData(0ul, 1ul, 2ul, HugePageFit.Nowhere)] // addresses lie differently
    [InlineData(1ul, 1ul, 3ul, HugePageFit.Interior)]
    [Seed("log: Optimization for memslot hugepage checking")]
    public void Slot_knows_from_its_making_whether_huge_pages_fit(
        ulong gpaPages, ulong hvaPages, ulong huge, object fit)
    {
        ulong hugeSize = HostPages.DefaultHugeSize;
        using UserMemory memory = UserMemory.Map(Bench.Process, 4 * hugeSize, linear: false);
        Bench.Core.Memory.Set(1, 0, 0x8000_0000 + (gpaPages * Page), huge * hugeSize,
            memory.Address + (hvaPages * Page))
            .Should().Be(Errno.None);

        Bench.Core.Slots.Find((0x8000_0000 + (gpaPages * Page)) / Page)!.HugePages.Should().Be((HugePageFit)fit);
    }

    [Fact]
    [Seed("log: remove CONFIG_HAVE_KVM_EVENTFD")]
    public void Event_descriptors_are_always_there()
    {
        Bench.Vm.CheckExtension(KvmCap.IrqFd).Should().Be(1);
        Bench.Vm.CheckExtension(KvmCap.IoEventFd).Should().Be(1);
        int fd = Bench.Process.CreateEventFd();
        Bench.Vm.SetIoEventFd(fd, DeviceAddress, 8);
        RunToEnd("li.d $t0, 0x1fe00000\nst.d $t0, $t0, 0");
        ((EventDescriptor)Bench.Process.Find(fd)!).Take().Should().Be(1);
    }

    [Fact]
    [Seed("log: Implement kvm mmu operations")]
    [Seed("riscv: stage2 page table programming")]
    public void Faults_build_tables_of_present_accessed_entries_and_flushing_empties_them()
    {
        using UserMemory memory = UserMemory.Map(Bench.Process, 4 * Page, linear: false);
        Bench.Vm.SetMemoryRegion(1, Slot1, memory);
        RunToEnd($"li.d $t0, {Slot1}\nst.d $t0, $t0, 0\nld.d $t1, $t0, 0");

        GpaPte entry = Entry(Slot1, out int level);
        level.Should().Be(0);
        (entry & ~GpaPte.FrameMask).Should().Be(GpaPte.Accessed | GpaPte.DirtyMask | GpaPte.Present | GpaPte.Writeable
            | GpaPte.CoherentCached);
        Entry(Slot1 + Page, out _).Should().Be(GpaPte.None);

        Bench.Vm.DeleteMemoryRegion(1);
        Entry(Slot1, out _).Should().Be(GpaPte.None);
    }

    [Fact]
    [Seed("log: Implement virtual machine tlb operations")]
    [Seed("series: update VM id function")]
    public void Flush_of_a_vm_gives_each_vcpu_a_new_tag_and_tags_are_used_up_in_cycles()
    {
        Vcpu vcpu = Bench.Start("1:\n" + Stop + "b 1b\n");
        List<TraceRecord> events = Record();
        for (int i = 0; i < 600; i++)
        {
            Finish(vcpu);
            Bench.Core.FlushRemoteTlbs();
        }

        ulong[] tags = [.. events.Where(e => e.Event == TraceEvent.VpidChange).Select(e => e.A)];
        tags.Should().HaveCountGreaterThan(590).And.OnlyHaveUniqueItems();
        tags.Should().NotContain(t => (t & Bench.Core.Module.VpidMask) == 0, "tag 0 is the host's");
        tags.Select(t => t & ~Bench.Core.Module.VpidMask).Distinct().Should().HaveCountGreaterThan(2, "versions");
    }

    [Fact]
    [Seed("log: Implement VM related functions")]
    public void Vm_has_its_page_directory_limits_and_statistics()
    {
        Bench.Core.Mmu.Table.Root.Should().NotBe(0);
        Bench.Vm.CheckExtension(KvmCap.MaxVcpus).Should().Be(256);
        Bench.Vm.CheckExtension(KvmCap.NrMemslots).Should().Be(32767);
        Bench.Vm.ReadStatistics().Select(s => s.Name).Should()
            .Equal("remote_tlb_flush", "remote_tlb_flush_requests", "pages", "hugepages");
        int free = Bench.Machine.Pages.FreePages;
        LaKvm.Ioctl.Vm second = Bench.Kvm.CreateVm();
        Bench.Machine.Pages.FreePages.Should().BeLessThan(free);
        second.Dispose();
        Bench.Machine.Pages.FreePages.Should().Be(free);
    }

    [Fact]
    [Seed("log: Implement kvm hardware enable, disable interface")]
    [Seed("v13: guest configuration is read at enable")]
    public void Hardware_is_on_while_there_are_vms()
    {
        Core core = Bench.Machine.Cpus[1].Core;
        const ulong config = (2 << 20) | (1 << 4);
        ulong caps = core.ReadCsr(Csr.Gcfg) & ~config;
        (core.ReadCsr(Csr.Gcfg) & config).Should().Be(config, "GCI and MATC as the capabilities allow");
        (caps & 0x7_1547).Should().Be(0x7_1547, "capabilities survive being written");
        (core.ReadCsr(Csr.Gtlbc) & LvzFields.GtlbcUseTgid).Should().NotBe(0);

        LaKvm.Ioctl.Vm second = Bench.Kvm.CreateVm();
        Bench.Vm.Dispose();
        core.ReadCsr(Csr.Gcfg).Should().Be(caps | config);
        second.Dispose();

        core.ReadCsr(Csr.Gcfg).Should().Be(caps);
        (core.ReadCsr(Csr.Gtlbc) & LvzFields.GtlbcUseTgid).Should().Be(0);
        Bench.Kvm.CreateVm();
        core.ReadCsr(Csr.Gcfg).Should().Be(caps | config);
    }

    [Fact]
    [Seed("log: Implement kvm module related interface")]
    public void Module_takes_the_width_of_tags_from_the_core_and_starts_each_core_with_none_used()
    {
        using var machine = new HostMachine(
            2, 16UL << 20, Bench.Machine.Clock, c => new LaKvm.Interpreter.InterpreterEngine(c));
        KvmModule.Load(machine, out KvmModule? module).Should().Be(Errno.None);

        module!.VpidMask.Should().Be(0xff);
        machine.Cpus.Select(c => c.VpidCache).Should().Equal(0x100UL, 0x100UL);
    }
}
