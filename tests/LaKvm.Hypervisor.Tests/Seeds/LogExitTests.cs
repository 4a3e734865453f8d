using LaKvm.Cpu;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Rows of the LoongArch log about exits and what is emulated.</summary>
public sealed class LogExitTests : SeedTest
{
    [Fact]
    [Seed("log: Add LASX (256bit SIMD) support")]
    public void Lasx_guest_that_uses_it_gets_all_256_bits_after_one_exit()
    {
        Vcpu vcpu = Bench.Start("ori $t0, $zero, 7\ncsrwr $t0, 2\nxvreplgr2vr.d $xr1, $a0\nxvadd.d $xr2, $xr1, $xr1\n"
            + "li.d $t0, 0x800000\nxvst $xr2, $t0, 0" + Stop);
        SetGpr(vcpu, A0, 21);
        List<TraceRecord> events = Record();

        Finish(vcpu);

        Enumerable.Range(0, 4).Select(i => Bench.ReadRam(0x80_0000 + ((ulong)i * 8))).Should().AllBeEquivalentTo(42UL);
        events.Count(e => e.Event == TraceEvent.Exit && e.A == 0x11).Should().Be(1, "the unit stays on");
    }

    [Fact]
    [Seed("log: Add LSX (128bit SIMD) support")]
    public void Lsx_guest_without_it_in_its_cpucfg_gets_ine_and_with_it_its_registers()
    {
        const string program = "ori $t0, $zero, 7\ncsrwr $t0, 2\nvreplgr2vr.w $vr1, $a0\nvpickve2gr.w $t2, $vr1, 3\n";
        Vcpu vcpu = StartWithHandler(program + Stop);
        vcpu.SetCpucfg(2, HostProcess.Cpucfg(2) & vcpu.GetCpucfgMask(2) & ~(CpucfgBits.Lsx | CpucfgBits.Lasx));
        Finish(vcpu);
        Ecode(vcpu).Should().Be(0xd);

        vcpu.SetCpucfg(2, HostProcess.Cpucfg(2) & vcpu.GetCpucfgMask(2));
        SetPc(vcpu, GuestBench.CodeBase);
        SetGpr(vcpu, A0, 9);
        Finish(vcpu);
        Gpr(vcpu, T2).Should().Be(9);
    }

    [Fact]
    [Seed("log: Implement kvm exception vectors")]
    public void Exception_codes_each_have_a_handler()
    {
        Vcpu vcpu = StartWithHandler("""
            cpucfg  $t0, $zero
            hvcl    0x1ff
            li.d    $t0, 0x1fe00000
            st.w    $t0, $t0, 0
            ori     $t0, $zero, 1
            csrwr   $t0, 2
            fadd.s  $f0, $f0, $f0
            """ + Stop);
        List<TraceRecord> events = Record();

        vcpu.Run().Address.Should().Be(DeviceAddress);
        Finish(vcpu);

        events.Where(e => e.Event == TraceEvent.Exit).Select(e => e.A).Distinct().Should()
            .BeEquivalentTo([(ulong)Trap.Pif, (ulong)Trap.Gspr, (ulong)Trap.Hvc, (ulong)Trap.Pis, (ulong)Trap.Fpd]);
    }

    [Fact]
    [Seed("log: Implement handle fpu exception")]
    public void Fpu_disabled_by_the_host_exits_once_and_disabled_by_the_guest_never()
    {
        Vcpu vcpu = StartWithHandler("movgr2fr.d $f0, $a0\n" + Stop);
        List<TraceRecord> events = Record();
        Finish(vcpu);
        Ecode(vcpu).Should().Be(0xf, "the guest's own EUEN comes first");
        events.Should().NotContain(e => e.Event == TraceEvent.Exit && e.A == 0xf);

        vcpu.SetCsr(Csr.Euen, 1);
        SetPc(vcpu, GuestBench.CodeBase);
        Finish(vcpu);
        events.Count(e => e.Event == TraceEvent.Exit && e.A == 0xf).Should().Be(1);
    }

    [Fact]
    [Seed("log: Implement handle mmio exception")]
    [Seed("riscv: Handle MMIO exits")]
    public void Mmio_access_goes_to_user_space_with_address_width_and_data()
    {
        Vcpu vcpu = Bench.Start("li.d $t0, 0x1fe00000\nli.d $t1, 0xabcd\nst.h $t1, $t0, 6\nld.h $t2, $t0, 4" + Stop);

        vcpu.Run().Should().BeEquivalentTo(new VcpuExit(VcpuExitKind.Mmio, DeviceAddress + 6, 2, true, 0xabcd));
        vcpu.Run().Should().BeEquivalentTo(new VcpuExit(VcpuExitKind.Mmio, DeviceAddress + 4, 2, false, 0));
        vcpu.SetReadData(0xf00d);
        Finish(vcpu);
        Gpr(vcpu, T2).Should().Be(0xffff_ffff_ffff_f00d);
    }

    [Fact]
    [Seed("log: Implement handle gspr exception")]
    public void Gspr_instruction_is_emulated_by_its_word_and_an_unknown_one_raises_ine()
    {
        Vcpu vcpu = StartWithHandler("cpucfg $t2, $t0\ncacop 0, $t0, 0\ngtlbsrch\n" + Stop);
        SetGpr(vcpu, T0, 1);
        vcpu.SetCpucfg(1, 0x3f2f2fe);

        Finish(vcpu);

        Gpr(vcpu, T2).Should().Be(0x3f2f2fe);
        Ecode(vcpu).Should().Be(0xd);
        vcpu.GetCsr(Csr.Era).Should().Be(GuestBench.CodeBase + 8, "the first two are emulated");
    }

    [Fact]
    [Seed("log: Implement handle iocsr exception")]
    public void Iocsr_of_each_width_reaches_user_space_both_ways()
    {
        string[] widths = ["b", "h", "w", "d"];
        Vcpu vcpu = Bench.Start("ori $t0, $zero, 0x420\n" + string.Concat(widths.Select(
            w => $"iocsrwr.{w} $a0, $t0\niocsrrd.{w} $t2, $t0\n")) + Stop);
        SetGpr(vcpu, A0, 0x8182_8384_8586_8788);

        for (int size = 1; size <= 8; size *= 2)
        {
            ulong data = 0x8182_8384_8586_8788 & (ulong.MaxValue >> (64 - (8 * size)));
            vcpu.Run().Should().BeEquivalentTo(new VcpuExit(VcpuExitKind.Iocsr, 0x420, size, true, data));
            vcpu.Run().Should().BeEquivalentTo(new VcpuExit(VcpuExitKind.Iocsr, 0x420, size, false, 0));
            vcpu.SetReadData(1);
        }

        Finish(vcpu);
        Gpr(vcpu, T2).Should().Be(1);
    }

    [Theory]
    [InlineData(0x80)]
    [InlineData(0x95)]
    [InlineData(0x98)]
    [InlineData(0x302 + 0xe)]
    [InlineData(0x502)]
    [Seed("log: Implement handle csr exception")]
    public void Csr_that_software_keeps_is_read_swapped_and_exchanged(int csr)
    {
        Vcpu vcpu = RunToEnd($"li.d $t0, 0xff00\ncsrwr $t0, {csr}\nli.d $t1, 0xfff\nori $t2, $zero, 0xff0\n"
            + $"csrxchg $t1, $t2, {csr}\ncsrrd $t2, {csr}");

        Gpr(vcpu, T1).Should().Be(0xff00);
        Gpr(vcpu, T2).Should().Be(0xfff0);
        vcpu.GetCsr(csr).Should().Be(0xfff0);
    }

    [Fact]
    [Seed("log: Implement handle idle exception")]
    public async Task Idle_blocks_until_an_interrupt_is_queued()
    {
        Vcpu vcpu = Bench.Start("ori $t0, $zero, 4\ncsrwr $t0, 4\nidle 0\ncsrrd $t1, 5" + Stop);
        Task interrupt = After(vcpu, "idle_exits", 1, () => vcpu.Interrupt(2));

        Finish(vcpu);

        await interrupt;
        Gpr(vcpu, T1).Should().Be(4);
        CoreOf(vcpu).Statistics["idle_exits"].Should().Be(1);
        CoreOf(vcpu).Statistics["halt_wakeup"].Should().Be(1);
    }

    [Fact]
    [Seed("mips: BadInstr")]
    public void Instruction_is_decoded_from_badi_even_if_memory_has_changed_since()
    {
        // The page that holds the load goes from the host while the guest waits in user space for its data.
        Vcpu vcpu = Bench.Start("li.d $t0, 0x1fe00000\nld.bu $t2, $t0, 1" + Stop);
        vcpu.Run().Size.Should().Be(1);
        byte[] code = new byte[64];
        Bench.Ram.Read(GuestBench.CodeBase, code);
        Bench.Process.AddressSpace.Discard(Bench.Ram.Address + GuestBench.CodeBase, Page);
        Bench.Ram.Write(GuestBench.CodeBase + 8, code.AsSpan(8));

        vcpu.SetReadData(0x1f7);
        Finish(vcpu);

        Gpr(vcpu, T2).Should().Be(0xf7);
    }
}
