using LaKvm.Cpu;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>What the series of LoongArch's KVM changed from version to version.</summary>
public sealed unsafe class SeriesTests : SeedTest
{
    [Fact]
    [Seed("v13: ENABLE_CAP of a vcpu returns EINVAL")]
    public void Capability_of_a_vcpu_is_refused_whatever_it_is()
    {
        Vcpu vcpu = Bench.CreateVcpu();
        foreach (uint number in (uint[])[0, 40, 168, 182, 223])
        {
            var cap = new KvmEnableCap { Cap = (KvmCap)number };
            Raw(vcpu.Fd, KvmIoctl.EnableCap, (nint)(&cap)).Should().Be(-(int)Errno.Inval);
        }
    }

    [Fact]
    [Seed("v10: PGD is not saved")]
    public void Pgd_follows_from_badv_and_the_two_directories()
    {
        Vcpu vcpu = Bench.Start("csrrd $t1, 0x1b\nli.d $t0, 0x800000000000\ncsrwr $t0, 7\ncsrrd $t2, 0x1b" + Stop);
        vcpu.SetCsr(Csr.Pgdl, 0x11000);
        vcpu.SetCsr(Csr.Pgdh, 0x22000);
        vcpu.SetCsr(Csr.Pgd, 0x33000);

        Finish(vcpu);

        (Gpr(vcpu, T1), Gpr(vcpu, T2)).Should().Be((0x11000, 0x22000));
        GuestCsrs.Switched.Should().NotContain(Csr.Pgd);
    }

    [Fact]
    [Seed("v5: mp_state")]
    public void Mp_state_is_runnable_and_can_be_set_to_nothing_else()
    {
        Vcpu vcpu = Bench.CreateVcpu();
        uint state = 99;
        Raw(vcpu.Fd, KvmIoctl.GetMpState, (nint)(&state)).Should().Be(0);
        state.Should().Be(0);
        Raw(vcpu.Fd, KvmIoctl.SetMpState, (nint)(&state)).Should().Be(0);
        for (state = 1; state < 12; state++)
        {
            Raw(vcpu.Fd, KvmIoctl.SetMpState, (nint)(&state)).Should().Be(-(int)Errno.Inval);
        }
    }

    [Fact]
    [Seed("v4: csr_need_update")]
    public void Csr_set_by_user_space_reaches_the_guest_and_unchanged_ones_stay_in_the_core()
    {
        Vcpu vcpu = Bench.Start("1:\ncsrrd $t1, 0x31\nli.d $s8, 0x1fe00ff8\nst.d $zero, $s8, 0\nb 1b\n");
        Finish(vcpu);
        Core core = Bench.Machine.Cpus.Single(c => c.Resident == CoreOf(vcpu).Residency).Core;
        core.ExchangeGcsr(Csr.Save0 + 1, 0x77, ulong.MaxValue);
        Finish(vcpu);
        Gpr(vcpu, T1).Should().Be(0x77, "nobody has loaded the registers anew");

        vcpu.SetCsr(Csr.Save0 + 1, 0x88);
        Finish(vcpu);
        Gpr(vcpu, T1).Should().Be(0x88);
    }

    [Theory]
    [InlineData(Csr.Eentry, true)]
    [InlineData(Csr.Impctl1, true)]
    [InlineData(0x7ff, true)] // neither, but as in later kernels a place to keep something
    [InlineData(0x800, false)]
    [InlineData(0xfff, false)]
    [Seed("v4: HW, SW and INVALID csrs")]
    public void Csr_that_user_space_names_is_kept_and_one_that_cannot_be_is_refused(int csr, bool exists)
    {
        Vcpu vcpu = Bench.CreateVcpu();
        ulong value = 0x1000;
        var reg = new KvmOneReg { Id = 0x9030_0000_0001_0000 + ((ulong)csr * 8), Address = (nint)(&value) };
        foreach (uint request in (uint[])[KvmIoctl.SetOneReg, KvmIoctl.GetOneReg])
        {
            Raw(vcpu.Fd, request, (nint)(&reg)).Should().Be(exists ? 0 : -(int)Errno.Inval);
        }

        value.Should().Be(0x1000);
    }

    [Fact]
    [Seed("v4: set_hw_gcsr")]
    public void Every_hardware_csr_that_is_switched_arrives_in_the_guest_csr_file()
    {
        Vcpu vcpu = Bench.Start(Stop);
        int[] csrs = [.. GuestCsrs.Switched.Where(
            c => c is not (Csr.Crmd or Csr.Cpuid or Csr.Llbctl or Csr.Ecfg or Csr.Stlbps))];
        foreach (int csr in csrs)
        {
            vcpu.SetCsr(csr, ulong.MaxValue);
        }

        Finish(vcpu);

        Core core = Bench.Machine.Cpus.Single(c => c.Resident == CoreOf(vcpu).Residency).Core;
        foreach (int csr in csrs)
        {
            core.ReadGcsr(csr).Should().Be(CsrTable.Find(csr)!.RootWritable | core.ReadGcsr(csr), "CSR 0x{0:x}", csr);
        }

        core.ReadGcsr(Csr.Save0 + 3).Should().Be(ulong.MaxValue);
    }

    [Fact]
    [Seed("v4: flush and clean of page tables")]
    public void Clean_takes_the_right_to_write_and_flush_the_mapping()
    {
        using UserMemory memory = UserMemory.Map(Bench.Process, 4 * Page, linear: false);
        Bench.Vm.SetMemoryRegion(1, Slot1, memory);
        RunToEnd($"li.d $t0, {Slot1}\nst.d $t0, $t0, 0\nli.d $t0, {Slot1 + Page}\nst.d $t0, $t0, 0");

        Bench.Vm.SetMemoryRegion(1, Slot1, memory, flags: 1);
        GpaPte clean = Entry(Slot1, out _);
        (clean & (GpaPte.Present | GpaPte.Accessed | GpaPte.Writeable | GpaPte.DirtyMask)).Should()
            .Be(GpaPte.Present | GpaPte.Accessed | GpaPte.Writeable);

        Bench.Process.AddressSpace.Discard(memory.Address, Page);
        Entry(Slot1, out _).Should().Be(GpaPte.None);
        Entry(Slot1 + Page, out _).Should().NotBe(GpaPte.None, "only the range is flushed");
    }

    [Fact]
    [Seed("v3: no vpid array")]
    public void Vcpu_that_comes_back_to_a_core_gets_a_tag_it_never_had()
    {
        // Other vCPUs keep the preferred core, so that this one changes cores and comes back.
        Vcpu vcpu = Bench.Start("1:\n" + Stop + "b 1b\n");
        Vcpu blocker = Bench.CreateVcpu(1);
        Finish(vcpu); // maps its memory, which takes tags too
        List<TraceRecord> events = Record();
        for (int i = 0; i < 6; i++)
        {
            _ = vcpu.GetCsr(Csr.Era); // its registers leave the core
            HostCpu own = Bench.Machine.Cpus[i % 2];
            own.TryAcquire(CoreOf(blocker).Residency).Should().BeTrue();
            Finish(vcpu);
            own.Release();
        }

        ulong[] tags = [.. events.Where(e => e.Event == TraceEvent.VpidChange).Select(e => e.A)];
        tags.Should().HaveCount(6);
        tags.Where((_, i) => i % 2 == 0).Should().OnlyHaveUniqueItems();
        tags.Where((_, i) => i % 2 == 1).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    [Seed("v3: new tracepoints")]
    public void Tracepoints_for_idle_cache_and_gspr_exits_fire()
    {
        Vcpu vcpu = Bench.Start("ori $t0, $zero, 4\ncsrwr $t0, 4\ncacop 8, $t0, 0\nidle 0\ncsrrd $t0, 0x80" + Stop);
        vcpu.Interrupt(2);
        List<TraceRecord> events = Record();

        Finish(vcpu);

        TraceEvent[] seen = [.. events.Select(e => e.Event)];
        seen.Should().Contain([TraceEvent.ExitIdle, TraceEvent.ExitGspr, TraceEvent.ExitCsr]);
        events.First(e => e.Event == TraceEvent.ExitGspr).A.Should().NotBe(0, "the instruction's word");
    }

    [Fact]
    [Seed("v3: kvm_pre_enter_guest")]
    public void Work_before_an_entry_is_the_same_for_the_first_and_for_later_ones()
    {
        // A request, an interrupt and a signal arrive before the first entry, and again while the guest runs.
        Vcpu vcpu = StartWithHandler(
            "ori $t0, $zero, 4\ncsrwr $t0, 4\n1:\nori $t0, $zero, 4\ncsrxchg $t0, $t0, 0\n2: b 2b\n");
        vcpu.RequestExit();
        vcpu.Run().Kind.Should().Be(VcpuExitKind.Interrupted);
        vcpu.AllowRun();
        vcpu.Interrupt(2);
        Bench.Core.FlushRemoteTlbs();
        Finish(vcpu);
        vcpu.Interrupt(-2);

        SetPc(vcpu, GuestBench.CodeBase);
        using var irq = new Timer(_ => vcpu.Interrupt(2), null, 30, Timeout.Infinite);
        using var flush = new Timer(_ => Bench.Core.FlushRemoteTlbs(), null, 10, Timeout.Infinite);
        Finish(vcpu);
        (Gpr(vcpu, T1) & 4).Should().Be(4);
    }

    [Fact]
    [Seed("v3: RESUME values")]
    public void Exit_that_the_hypervisor_settles_resumes_the_guest_and_others_the_host()
    {
        List<TraceRecord> events = Record();
        RunToEnd("cpucfg $t0, $zero\nhvcl 0x1ff");

        events.Count(e => e.Event == TraceEvent.Enter).Should().Be(1);
        events.Count(e => e.Event == TraceEvent.Out).Should().Be(1, "only the last exit is for user space");
        events.Count(e => e.Event == TraceEvent.Reenter).Should().BeGreaterOrEqualTo(3);
    }

    [Fact]
    [Seed("v2: ONE_REG instead of CSRS ioctls")]
    public void Ioctl_for_a_list_of_csrs_does_not_exist()
    {
        Vcpu vcpu = Bench.CreateVcpu();
        foreach (uint number in (uint[])[0xc008_aebc, 0x4008_aebd, 0xc004_aeb7])
        {
            Raw(vcpu.Fd, number).Should().Be(-(int)Errno.NoTty);
        }

        vcpu.SetCsr(Csr.Save0, 3);
        vcpu.GetCsr(Csr.Save0).Should().Be(3);
    }
}
