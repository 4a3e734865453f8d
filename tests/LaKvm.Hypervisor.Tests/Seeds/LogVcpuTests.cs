using System.Diagnostics;
using LaKvm.Cpu;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// Rows of the LoongArch log about vCPUs: life cycle, registers, switching, interrupts and the timer.
/// </summary>
public sealed class LogVcpuTests : SeedTest
{
    private const ulong OneShot = 1, Periodic = 3, Millisecond = 100_000;

    [Fact]
    [Seed("log: Fix timer emulation with oneshot mode")]
    public async Task One_shot_that_has_fired_and_was_acknowledged_is_not_fired_again_by_a_switch()
    {
        Vcpu vcpu = StartOnOneCore($"""
            li.d    $t0, {1000 | OneShot}
            csrwr   $t0, 0x41
            1:
            csrrd   $t1, 5
            srli.d  $t1, $t1, 11
            beqz    $t1, 1b
            ori     $t0, $zero, 1
            csrwr   $t0, 0x44
            csrrd   $s0, 0x42
            st.d    $zero, $a0, 0
            csrrd   $s1, 5
            csrrd   $s2, 0x42
            """, out GuestBench bench);
        using (bench)
        {
            SetGpr(vcpu, A0, DeviceAddress);
            vcpu.Run().Address.Should().Be(DeviceAddress);
            await UseCoreOf(bench);

            Finish(vcpu);

            ulong[] gpr = vcpu.GetRegisters().Gpr;
            gpr[23].Should().BeGreaterThan(1000, "TVAL is beyond what was set");
            (gpr[24] >> 11 & 1).Should().Be(0, "the guest had acknowledged");
            gpr[25].Should().BeGreaterThan(1000);
        }
    }

    [Fact]
    [Seed("log: Remove kvm_acquire_timer() before entering guest")]
    public void Timer_is_not_touched_by_exits_that_keep_the_core()
    {
        Vcpu vcpu = Bench.Start($"li.d $t0, {(1UL << 40) | OneShot}\ncsrwr $t0, 0x41\ncsrrd $s0, 0x42\n"
            + string.Concat(Enumerable.Repeat("cpucfg $t0, $zero\nst.d $zero, $a0, 0\n", 10)) + "csrrd $s1, 0x42"
            + Stop);
        SetGpr(vcpu, A0, DeviceAddress);
        ulong begin = (ulong)Stopwatch.GetTimestamp();
        for (int i = 0; i < 10; i++)
        {
            vcpu.Run().Address.Should().Be(DeviceAddress);
        }

        Finish(vcpu);

        ulong nanoseconds = ((ulong)Stopwatch.GetTimestamp() - begin) * 1_000_000_000 / (ulong)Stopwatch.Frequency;
        ulong[] gpr = vcpu.GetRegisters().Gpr;
        (gpr[23] - gpr[24]).Should().BeInRange(1, (nanoseconds / 10) + 1, "it ran all the time and at its own speed");
    }

    [Fact]
    [Seed("log: Allow to access HW timer CSR registers always")]
    public void Timer_registers_can_be_read_and_written_between_runs()
    {
        Vcpu vcpu = Bench.Start(
            $"li.d $t0, {(50 * Millisecond) | Periodic}\ncsrwr $t0, 0x41\nst.d $zero, $a0, 0\ncsrrd $t1, 0x41"
            + Stop);
        SetGpr(vcpu, A0, DeviceAddress);
        vcpu.Run().Address.Should().Be(DeviceAddress);

        vcpu.GetCsr(Csr.Tcfg).Should().Be((50 * Millisecond) | Periodic);
        vcpu.GetCsr(Csr.Tval).Should().BeInRange(1, 50 * Millisecond);
        vcpu.SetCsr(Csr.Tcfg, 70 * Millisecond);

        Finish(vcpu);
        Gpr(vcpu, T1).Should().Be(70 * Millisecond);
    }

    [Fact]
    [Seed("log: Remove SW timer switch when vcpu is halt polling")]
    public void Timer_that_fires_during_halt_polling_ends_it()
    {
        Vcpu vcpu = Bench.Start($"""
            ori     $t0, $zero, 0x800
            csrxchg $t0, $t0, 4
            ori     $s0, $zero, 200
            1:
            li.d    $t0, {2000 | OneShot}
            csrwr   $t0, 0x41
            idle    0
            ori     $t0, $zero, 1
            csrwr   $t0, 0x44
            addi.d  $s0, $s0, -1
            bnez    $s0, 1b
            """ + Stop);

        Finish(vcpu);

        VcpuStatistics statistics = CoreOf(vcpu).Statistics;
        statistics["halt_attempted_poll"].Should().BePositive();
        (statistics["halt_successful_poll"] + statistics["halt_wakeup"]).Should().BePositive();
    }

    [Fact]
    [Seed("log: Implement vcpu world switch")]
    public void World_switch_keeps_all_general_registers_apart()
    {
        Vcpu vcpu = Bench.Start(string.Concat(Enumerable.Range(1, 30).Select(i => $"addi.d $r{i}, $r{i}, 1\n"))
            + "li.d $r31, 0x1fe00ff8\nst.d $zero, $r31, 0\n");
        Vcpu other = Bench.CreateVcpu(1);
        ulong[] gpr = [.. Enumerable.Range(0, 32).Select(i => (ulong)i << 32)];
        vcpu.SetRegisters(gpr, GuestBench.CodeBase);
        other.SetRegisters([.. gpr.Select(g => g * 2)], GuestBench.CodeBase);

        Finish(vcpu);
        Finish(other);

        vcpu.GetRegisters().Gpr[..31].Should().Equal(gpr[..31].Select((g, i) => i == 0 ? 0 : g + 1));
        other.GetRegisters().Gpr[1..31].Should().Equal(gpr[1..31].Select(g => (g * 2) + 1));
        Bench.Machine.Cpus.Select(c => c.Core.ReadCsr(Csr.Gstat) & (LvzFields.GstatVm | LvzFields.GstatPvm))
            .Should().AllBeEquivalentTo(0UL, "the host is back in root mode");
    }

    [Fact]
    [Seed("log: Implement misc vcpu related interfaces")]
    [Seed("series: vcpu status description")]
    public async Task Vcpu_counts_its_exits_and_can_be_kicked_while_it_runs()
    {
        Vcpu vcpu = Bench.Start("cpucfg $t0, $zero\ncpucfg $t0, $zero\n1: b 1b\n");
        Task exit = After(vcpu, "cpucfg_exits", 2, vcpu.RequestExit);

        vcpu.Run().Kind.Should().Be(VcpuExitKind.Interrupted);

        await exit;

        VcpuStatistics statistics = CoreOf(vcpu).Statistics;
        statistics["cpucfg_exits"].Should().Be(2);
        statistics["signal_exits"].Should().Be(1);
        statistics["int_exits"].Should().BePositive();
    }

    [Fact]
    [Seed("log: Implement vcpu load and vcpu put operations")]
    public async Task Load_and_put_move_every_guest_csr_between_core_and_memory()
    {
        Vcpu vcpu = StartOnOneCore(
            "csrrd $t1, 0x30\ncsrrd $t2, 0x180\nst.d $zero, $a0, 0\ncsrrd $t1, 0x30", out GuestBench bench);
        using (bench)
        {
            SetGpr(vcpu, A0, DeviceAddress);
            int[] csrs = [Csr.Era, Csr.Badv, Csr.Eentry, Csr.Pgdl, Csr.Pgdh, Csr.Save0, Csr.Save0 + 7, Csr.Tlbrentry,
                Csr.Tlbrera];
            foreach (int csr in csrs)
            {
                vcpu.SetCsr(csr, 0x1000 + ((ulong)csr << 12));
            }

            ulong[] before = [.. csrs.Select(vcpu.GetCsr)];
            vcpu.Run().Address.Should().Be(DeviceAddress);
            await UseCoreOf(bench);
            Finish(vcpu);

            csrs.Select(vcpu.GetCsr).Should().Equal(before);
            Gpr(vcpu, T1).Should().Be(0x1000 + ((ulong)Csr.Save0 << 12));
        }
    }

    [Fact]
    [Seed("log: Implement vcpu interrupt operations")]
    [Seed("v9: INT_* numbers")]
    public void Interrupt_number_is_its_bit_in_estat()
    {
        Vcpu vcpu = Bench.CreateVcpu();
        foreach (int irq in Enumerable.Range(1, 13))
        {
            vcpu.Interrupt(irq);
            vcpu.GetCsr(Csr.Estat).Should().Be(irq == 13 ? vcpu.GetCsr(Csr.Estat) : 1UL << irq);
            vcpu.Interrupt(-irq);
        }

        vcpu.GetCsr(Csr.Estat).Should().Be(0);
        (Estat.Swi0, Estat.Hwi0, Estat.Ti, Estat.Ipi).Should().Be((0, 2, 11, 12));
    }

    [Fact]
    [Seed("log: Implement fpu operations for vcpu")]
    [Seed("v3: fcsr with the fpu")]
    public unsafe void Fpu_registers_flags_and_fcsr_are_got_and_set_together()
    {
        Vcpu vcpu = Bench.Start(
            "ori $t0, $zero, 1\ncsrwr $t0, 2\nfadd.d $f2, $f1, $f1\nmovfcsr2gr $t1, $fcsr0\nmovcf2gr $t2, $fcc5"
            + Stop);
        var fpu = new KvmFpu { Fcsr = 0x300, Fcc = 1UL << 40 };
        fpu.Registers[4] = BitConverter.DoubleToUInt64Bits(1.5);
        Raw(vcpu.Fd, KvmIoctl.SetFpu, (nint)(&fpu)).Should().Be(0);

        Finish(vcpu);
        Raw(vcpu.Fd, KvmIoctl.GetFpu, (nint)(&fpu)).Should().Be(0);

        BitConverter.UInt64BitsToDouble(fpu.Registers[8]).Should().Be(3);
        (Gpr(vcpu, T1), Gpr(vcpu, T2), fpu.Fcsr, fpu.Fcc).Should().Be((0x300, 1, 0x300, 1UL << 40));
    }

    [Fact]
    [Seed("log: Implement basic vcpu ioctl interfaces")]
    public void Registers_are_got_and_set_by_ioctl()
    {
        Vcpu vcpu = Bench.CreateVcpu();
        vcpu.SetRegisters([.. Enumerable.Range(100, 32).Select(i => (ulong)i)], 0x1234_5678);

        (ulong[] gpr, ulong pc) = vcpu.GetRegisters();

        gpr.Should().Equal(Enumerable.Range(100, 32).Select(i => i == 100 ? 0 : (ulong)i));
        pc.Should().Be(0x1234_5678);
        vcpu.GetRegister(0x9030_0000_0001_0000 + (Csr.Crmd * 8)).Should().Be(Crmd.Da);
    }

    [Fact]
    [Seed("log: Implement basic vcpu interfaces")]
    public void Vcpu_is_made_in_direct_address_mode_runs_and_is_destroyed_with_its_vm()
    {
        Vcpu vcpu = RunToEnd("csrrd $t1, 0\ncsrrd $t2, 0x40");
        KvmVm vm = Bench.Core;

        Gpr(vcpu, T1).Should().Be(Crmd.Da);
        Gpr(vcpu, T2).Should().Be(0);
        vcpu.Dispose();
        Bench.Vm.Dispose();
        vm.Dead.Should().BeTrue();
    }

    [Fact]
    [Seed("log: Add vcpu related header files")]
    public void Every_csr_of_a_guest_is_hardwares_or_softwares_and_it_has_no_other()
    {
        int[] all = [.. Enumerable.Range(0, 0x800)];
        all.Count(GuestCsrs.IsHardware).Should().Be(52);
        all.Count(GuestCsrs.IsSoftware).Should().Be(88);
        all.Should().NotContain(csr => GuestCsrs.IsHardware(csr) && GuestCsrs.IsSoftware(csr));
        RunToEnd("csrrd $t1, 0x16\ncsrrd $t2, 0x7ff");
        Bench.Log.Should().ContainSingle("the guest has neither, which is told once").Which.Should()
            .Contain("CSR 0x16");
    }

    [Fact]
    [Seed("log: Implement vcpu timer operations")]
    public async Task Periodic_timer_ticks_on_while_the_vcpu_is_put()
    {
        Vcpu vcpu = StartOnOneCore(
            $"li.d $t0, {Millisecond | Periodic}\ncsrwr $t0, 0x41\nst.d $zero, $a0, 0\ncsrrd $t1, 5\n"
            + "csrrd $t2, 0x42", out GuestBench bench);
        using (bench)
        {
            SetGpr(vcpu, A0, DeviceAddress);
            vcpu.Run().Address.Should().Be(DeviceAddress);
            await UseCoreOf(bench);
            await Task.Delay(5);

            Finish(vcpu);

            (Gpr(vcpu, T1) & Estat.TiBit).Should().Be(Estat.TiBit);
            Gpr(vcpu, T2).Should().BeInRange(0, Millisecond);
        }
    }

    /// <summary>A machine with one core, so that another vCPU's run takes everything out of it.</summary>
    private static Vcpu StartOnOneCore(string program, out GuestBench bench)
    {
        bench = new GuestBench(cpus: 1);
        return bench.Start(program + Stop);
    }

    private static Task UseCoreOf(GuestBench bench) => Task.Run(() =>
    {
        bench.Load(Stop, 0x31_0000);
        Vcpu other = bench.CreateVcpu(1, 0x31_0000);
        Finish(other);
    });
}
