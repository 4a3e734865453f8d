using static LaKvm.Cpu.Tests.Privileged.GuestBench;

namespace LaKvm.Cpu.Tests.Privileged;

public sealed class LvzTests
{
    [Fact]
    public void Ertn_with_pvm_enters_guest_mode_with_the_guest_registers()
    {
        using var bench = Guest();
        Vm(bench).Should().Be(1);
        bench.Pc.Should().Be(0x4000);
        bench.Gcsrwr(Csr.Save0, 77);
        bench.Step(Words.Csrrd(4, Csr.Save0));
        bench[4].Should().Be(77);
        bench.Core.ReadCsr(Csr.Save0).Should().Be(0);
        bench.Core.ReadCsr(Csr.Gstat).Should().Be(((ulong)Gid << 16) | 0x83);
    }

    [Theory]
    [InlineData(0x00006c00u)] // cpucfg
    [InlineData(0x04014000u)] // csrrd GSTAT
    [InlineData(0x04014020u)] // csrwr GSTAT
    [InlineData(0x04020000u)] // csrrd IMPCTL1
    [InlineData(0x04080000u)] // csrrd PMCFG0
    [InlineData(0x05000000u)] // gcsrrd
    [InlineData(0x06482801u)] // gtlbsrch
    [InlineData(0x06488000u)] // idle
    [InlineData(0x06480804u)] // iocsrrd.w
    [InlineData(0x06481804u)] // iocsrwr.w
    [InlineData(0x06000000u)] // cacop
    public void Trapped_resources_leave_with_gspr_and_the_instruction(uint word)
    {
        using var bench = Guest();
        bench.Gcsrwr(Csr.Era, 0x1234);
        bench.Gcsrwr(Csr.Estat, 1);
        Expect(bench, word, 0x16, 0x4000);
        bench.Core.ReadCsr(Csr.Badi).Should().Be(word);
        bench.Core.ReadGcsr(Csr.Era).Should().Be(0x1234, "an exit leaves the guest CSR file alone");
        bench.Core.ReadGcsr(Csr.Estat).Should().Be(1);
        bench.Bus.Log.Should().BeEmpty();
    }

    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(0, 1, true)]
    [InlineData(0, 2, true)]
    [InlineData(0, 3, true)]
    [InlineData(1, 0, true)]
    [InlineData(1, 1, true)]
    [InlineData(1, 2, false)]
    [InlineData(1, 3, true)]
    [InlineData(2, 0, true)]
    [InlineData(2, 1, false)]
    [InlineData(2, 2, false)]
    [InlineData(2, 3, true)]
    public void Cacop_leaves_by_its_class_and_gcfg_gci(uint gci, uint operation, bool leaves)
    {
        using var bench = Guest();
        bench.Csrwr(Csr.Gcfg, gci << 20);
        bench.Step(0x06000000 | (operation << 3)).Should().Be(leaves ? Trap.Gspr : Trap.None);
        using var root = new TestBench();
        root.Step(0x06000000 | (operation << 3)).Should().Be(Trap.None);
    }

    [Fact]
    public void Every_trap_that_gcfg_announces_can_be_enabled_and_no_other()
    {
        using var bench = new TestBench();
        ulong announced = bench.Core.ReadCsr(Csr.Gcfg) & 0x5540;
        bench.Csrwr(Csr.Gcfg, ulong.MaxValue);
        (bench.Core.ReadCsr(Csr.Gcfg) & 0xaa80).Should().Be(announced << 1);
        (bench.Core.ReadCsr(Csr.Gcfg) & 0x5540).Should().Be(announced, "capabilities cannot be written");
        announced.Should().Be(0x1540, "SIT, TIT, TOE, TOP");
    }

    [Fact]
    public void Hypercall_leaves_with_hvc_at_every_privilege()
    {
        using var bench = Guest();
        Expect(bench, Words.Hvcl(0x100), 0x17, 0x4000);
        using var user = Guest();
        user.Gcsrwr(Csr.Crmd, Crmd.Da | 3);
        user.Core.Ertn(); // any mode change rereads PLV
        using var host = new TestBench();
        host.Step(Words.Hvcl(0)).Should().Be(Trap.Ine);
    }

    [Theory]
    [InlineData(Trap.Sys)]
    [InlineData(Trap.Ale)]
    [InlineData(Trap.Pis)]
    [InlineData(Trap.Fpd)]
    public void Exceptions_of_the_guest_stay_in_the_guest(Trap trap)
    {
        using var bench = Guest();
        bench.Gcsrwr(Csr.Eentry, 0xa000);
        bench.Core.RaiseException(trap, 5).Should().Be(Trap.Refetch);
        Vm(bench).Should().Be(1);
        bench.Pc.Should().Be(0xa000);
        bench.Core.ReadGcsr(Csr.Era).Should().Be(0x4000);
        (bench.Core.ReadGcsr(Csr.Estat) >> 16).Should().Be((ulong)trap);
        bench.Core.ReadCsr(Csr.Estat).Should().Be(0);
        bench.Step(Words.Ertn);
        Vm(bench).Should().Be(1);
        bench.Pc.Should().Be(0x4000);
    }

    [Theory]
    [InlineData(Trap.Fpd, 1, 0xf)]
    [InlineData(Trap.Sxd, 2, 0x10)]
    [InlineData(Trap.Asxd, 4, 0x11)]
    public void Unit_that_only_root_mode_disables_leaves(Trap trap, ulong euen, ulong ecode)
    {
        using var bench = Guest();
        bench.Gcsrwr(Csr.Euen, euen);
        bench.Core.RaiseException(trap, 5).Should().Be(Trap.Leave);
        (bench.Core.ReadCsr(Csr.Estat) >> 16).Should().Be(ecode);
    }

    [Fact]
    public void Units_are_those_that_guest_and_root_mode_both_enable()
    {
        using var bench = Guest();
        bench.Gcsrwr(Csr.Euen, 7);
        Units(bench).Should().Be(0);
        bench.Csrwr(Csr.Euen, 1);
        Units(bench).Should().Be(1);
    }

    [Fact]
    public void Physical_interrupt_leaves_and_stays_pending()
    {
        using var bench = Guest();
        bench.Csrwr(Csr.Ecfg, 1 << 12);
        bench.Core.SetInterruptLine(12, true);
        bench.Core.HandleAttention().Should().Be(Trap.Leave);
        bench.Core.PendingExit.Should().Be(RunExit.GuestExit);
        bench.Core.ReadCsr(Csr.Estat).Should().Be(1 << 12);
        bench.Core.ReadCsr(Csr.Era).Should().Be(0x4000);
        bench.Pc.Should().Be(Exit);
        Vm(bench).Should().Be(0);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(10, true)]
    [InlineData(11, true)]
    [InlineData(12, true)]
    [InlineData(3, false)]
    public void Root_mode_injects_interrupts_through_gcsr_estat(int bit, bool accepted)
    {
        using var bench = Guest();
        bench.Gcsrwr(Csr.Eentry, 0xa000);
        bench.Gcsrwr(Csr.Ecfg, (7 << 16) | 0x1fff);
        bench.Gcsrwr(Csr.Crmd, Crmd.Da | Crmd.Ie);
        bench.Gcsrwr(Csr.Estat, 1UL << bit);
        bench.Core.ReadGcsr(Csr.Estat).Should().Be(accepted ? 1UL << bit : 0);
        bench.Core.HandleAttention().Should().Be(accepted ? Trap.Refetch : Trap.None);
        bench.Pc.Should().Be(accepted ? 0xa000 + ((ulong)(64 + bit) * 512) : 0x4000);
        Vm(bench).Should().Be(1, "a guest's interrupt does not leave");
    }

    [Fact]
    public void Gintc_holds_the_guests_hardware_interrupts_until_root_mode_drops_them()
    {
        using var bench = Guest();
        bench.Gcsrwr(Csr.Ecfg, (7 << 16) | 0x1fff);
        bench.Gcsrwr(Csr.Crmd, Crmd.Da | Crmd.Ie);
        bench.Csrwr(Csr.Gintc, 2);
        bench.Core.ReadGcsr(Csr.Estat).Should().Be(1 << 3);
        bench.Core.HandleAttention().Should().Be(Trap.Refetch);
        bench.Step(Words.Csrwr(0, Csr.Estat));
        bench.Core.ReadGcsr(Csr.Estat).Should().Be(1 << 3);
        bench.Csrwr(Csr.Gintc, 0);
        bench.Core.ReadGcsr(Csr.Estat).Should().Be(0);
    }

    [Fact]
    public unsafe void Llbits_of_root_and_guest_are_separate()
    {
        using var bench = Guest();
        bench.State->Llbit[1] = 1;
        bench.Core.RaiseException(Trap.Hvc, 0);
        bench.Core.ReadCsr(Csr.Llbctl).Should().Be(0);
        bench.Core.ReadGcsr(Csr.Llbctl).Should().Be(1, "an exit does not clear the guest's bit");
        bench.Gcsrwr(Csr.Llbctl, 2);
        bench.Core.ReadGcsr(Csr.Llbctl).Should().Be(0);
    }

    [Fact]
    public void Guest_counter_adds_all_offsets_and_has_its_own_number()
    {
        using var bench = Guest();
        bench.Csrwr(Csr.Cntc, 10);
        bench.Csrwr(Csr.Gcntc, 100);
        bench.Gcsrwr(Csr.Cntc, 1000);
        bench.Gcsrwr(Csr.Tid, 9);
        bench.Step(Words.RdtimeD(4, 5));
        bench[4].Should().Be(bench.Clock.Ticks + 1110);
        bench[5].Should().Be(9);
    }

    [Fact]
    public void Guest_timer_runs_in_root_mode_and_counts_on_after_one_shot()
    {
        using var bench = Guest();
        bench.Gcsrwr(Csr.Tcfg, 400 | 1);
        bench.Core.RaiseException(Trap.Hvc, 0);
        bench.Clock.Ticks += 500;
        bench.Core.PollTimers();
        bench.Core.ReadGcsr(Csr.Estat).Should().Be(Estat.TiBit);
        bench.Core.ReadGcsr(Csr.Tval).Should().Be(((1UL << 48) - 1) - 100);
        bench.Gcsrwr(Csr.Ticlr, 1);
        bench.Core.ReadGcsr(Csr.Estat).Should().Be(0);
        bench.Gcsrwr(Csr.Tval, 0);
        bench.Core.ReadGcsr(Csr.Estat).Should().Be(Estat.TiBit, "TVAL 0 fires at once");
        bench.Core.ReadCsr(Csr.Estat).Should().Be(0x17 << 16);
    }

    [Fact]
    public void Root_mode_may_write_what_is_read_only_to_the_guest()
    {
        using var bench = Guest();
        bench[4] = 0x44;
        bench.Step(Words.Csrwr(4, Csr.Cpuid));
        bench.Core.ReadGcsr(Csr.Cpuid).Should().Be(0);
        bench.Gcsrwr(Csr.Cpuid, 2);
        bench.Gcsrwr(Csr.Badi, 0x1234_5678);
        bench.Gcsrwr(Csr.Tval, 0x77);
        bench.Core.ReadGcsr(Csr.Cpuid).Should().Be(2);
        bench.Core.ReadGcsr(Csr.Badi).Should().Be(0x1234_5678);
        bench.Core.ReadGcsr(Csr.Tval).Should().Be(0x77);
    }

    [Fact]
    public void Gtlb_instructions_work_on_the_guests_entries()
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Gstat, (ulong)Gid << 16);
        bench.Gcsrwr(Csr.Tlbehi, 0x40_0000);
        bench.Gcsrwr(Csr.Tlbelo0, 0x9000 | V);
        bench.Gcsrwr(Csr.Tlbidx, (14UL << 24) | (Tlb.StlbEntries + 2));
        bench.Step(Words.Gtlbwr).Should().Be(Trap.None);
        bench.Gcsrwr(Csr.Tlbidx, 0);
        bench.Step(Words.Gtlbsrch);
        (bench.Core.ReadGcsr(Csr.Tlbidx) & 0xfff).Should().Be(Tlb.StlbEntries + 2);
        bench.Gcsrwr(Csr.Tlbelo0, 0);
        bench.Step(Words.Gtlbrd);
        bench.Core.ReadGcsr(Csr.Tlbelo0).Should().Be(0x9000 | V);
        bench.Step(Words.Gtlbclr);
        bench.Step(Words.Gtlbsrch);
        (bench.Core.ReadGcsr(Csr.Tlbidx) >> 31).Should().Be(1);

        bench.Gcsrwr(Csr.Tlbidx, 14UL << 24);
        bench.Step(Words.Gtlbfill);
        bench.Step(Words.Gtlbsrch);
        (bench.Core.ReadGcsr(Csr.Tlbidx) >> 31).Should().Be(0);
        bench.Step(Words.Gtlbflush);
        bench.Step(Words.Gtlbsrch);
        (bench.Core.ReadGcsr(Csr.Tlbidx) >> 31).Should().Be(1);
    }

    [Fact]
    public void Without_an_owner_an_exit_continues_at_the_exception_entry()
    {
        using var bench = Guest(withRootMode: false);
        bench.Core.RaiseException(Trap.Hvc, 0).Should().Be(Trap.Refetch);
        bench.Pc.Should().Be(Exit);
        bench.Core.ReadCsr(Csr.Gstat).Should().Be(((ulong)Gid << 16) | 0x82);
        bench.Core.ReadCsr(Csr.Crmd).Should().Be(Crmd.Pg);
        bench.Core.ReadCsr(Csr.Prmd).Should().Be(4);
    }
}
