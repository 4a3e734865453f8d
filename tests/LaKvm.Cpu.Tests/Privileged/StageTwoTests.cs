using static LaKvm.Cpu.Tests.Privileged.GuestBench;

namespace LaKvm.Cpu.Tests.Privileged;

public sealed class StageTwoTests
{
    [Fact]
    public void Second_stage_miss_enters_root_refill_and_returns_to_the_guest()
    {
        using var bench = Guest(withRootMode: false);
        bench.Csrwr(Csr.Tlbrentry, 0x9_0000);
        bench.Csrwr(Csr.Tlbrehi, 14);
        Raise(bench, Load(bench, 0x1_2345_6788));
        bench.Pc.Should().Be(0x9_0000);
        Vm(bench).Should().Be(0);
        bench.Core.ReadCsr(Csr.Tlbrbadv).Should().Be(0x1_2345_6788);
        bench.Core.ReadCsr(Csr.Tlbrprmd).Should().Be(0xc, "IE of root mode and the previous guest mode");
        bench.Core.ReadCsr(Csr.Gstat).Should().Be(((ulong)Gid << 16) | 0x82, "PVM is not touched");
        bench.Core.ReadGcsr(Csr.Tlbrera).Should().Be(0);

        bench.Csrwr(Csr.Tlbrelo0, 0);
        bench.Csrwr(Csr.Tlbrelo1, 0x20_0000 | V);
        bench.Csrwr(Csr.Stlbps, 14);
        bench.Step(Words.Tlbfill);
        bench.Step(Words.Ertn);
        Vm(bench).Should().Be(1);
        bench.Pc.Should().Be(0x4000);
        bench.Poke(0x20_0788, 99);
        Load(bench, 0x1_2345_4788).Should().Be(Trap.None);
    }

    [Theory]
    [InlineData(0, false, 1)]
    [InlineData(0, true, 2)]
    [InlineData(V, true, 4)]
    public void Second_stage_faults_leave_with_the_gpa(ulong elo, bool store, ulong ecode)
    {
        using var bench = Guest();
        FillStageTwo(bench, 0x1_2345_0000, elo | 0x20_0000);
        Trap trap = store ? Store(bench, 0x1_2345_0788) : Load(bench, 0x1_2345_0788);
        bench.Core.RaiseException(trap, 0x28c00084).Should().Be(Trap.Leave);
        bench.Core.ReadCsr(Csr.Estat).Should().Be(ecode << 16);
        bench.Core.ReadCsr(Csr.Badv).Should().Be(0x1_2345_0788);
        bench.Core.ReadCsr(Csr.Badi).Should().Be(0x28c00084);
        bench.Core.ReadGcsr(Csr.Badv).Should().Be(0);
    }

    [Fact]
    public void Second_stage_ignores_privilege_and_asid()
    {
        using var bench = Guest();
        FillStageTwo(bench, 0x10_0000, 0x20_0000 | V | D);
        bench.Csrwr(Csr.Asid, 44);
        bench.Gcsrwr(Csr.Crmd, Crmd.Da | 3);
        Load(bench, 0x10_0008).Should().Be(Trap.None);
    }

    [Fact]
    public void Gpa_beyond_47_bits_is_an_invalid_page_without_refill()
    {
        using var bench = Guest();
        Trap trap = Load(bench, 0x8000_0000_0000);
        bench.Core.RaiseException(trap, 0).Should().Be(Trap.Leave);
        bench.Core.ReadCsr(Csr.Estat).Should().Be(1 << 16);
    }

    [Fact]
    public void Guest_page_rights_come_before_the_second_stage()
    {
        using var bench = Guest();
        const ulong va = 0x40_0000;
        bench.Gcsrwr(Csr.Tlbehi, va);
        bench.Gcsrwr(Csr.Tlbelo0, 0x1_0000_0000 | V);
        bench.Gcsrwr(Csr.Tlbidx, (14UL << 24) | Tlb.StlbEntries);
        bench.Step(Words.Tlbwr);
        bench.Gcsrwr(Csr.Crmd, Crmd.Pg);
        Store(bench, va).Should().Be(Trap.Pme);
        Load(bench, va).Should().Be(Trap.Tlbr | ExceptionUnit.ToRoot);
        FillStageTwo(bench, 0x1_0000_0000, 0x20_0000 | V);
        bench.Poke(0x20_0010, 3);
        bench.Load(va + 0x10, out ulong value).Should().Be(Trap.None);
        value.Should().Be(3);
    }

    [Theory]
    [InlineData(0x11, 0, false)]
    [InlineData(0x12, 0, false)]
    [InlineData(0x14, Gid, false)]
    [InlineData(0x15, Gid, false)]
    [InlineData(0x16, Gid, false)]
    [InlineData(0x10, 0, true)]
    [InlineData(0x13, Gid, true)]
    [InlineData(0x14, Gid + 1, true)]
    [InlineData(0x16, Gid + 1, true)]
    [InlineData(0x9, Gid, true)]
    public void Invtlb_of_the_second_stage_honours_gid_and_address(int op, int gid, bool survives)
    {
        using var bench = Guest();
        FillStageTwo(bench, 0x10_0000, 0x20_0000 | V | D);
        Load(bench, 0x10_0008).Should().Be(Trap.None);
        InRoot(bench, () => bench.Core.InvalidateTlb(op, (ulong)gid << 16, 0x10_4000).Should().BeTrue());
        Load(bench, 0x10_0008).Should().Be(survives ? Trap.None : Trap.Tlbr | ExceptionUnit.ToRoot);
    }

    [Fact]
    public void Guests_do_not_share_translations()
    {
        using var bench = Guest();
        FillStageTwo(bench, 0x10_0000, 0x20_0000 | V | D);
        Load(bench, 0x10_0008).Should().Be(Trap.None);
        InRoot(bench, () => bench.Core.ExchangeCsr(Csr.Gstat, 6UL << 16, LvzFields.GstatGidMask));
        Load(bench, 0x10_0008).Should().Be(Trap.Tlbr | ExceptionUnit.ToRoot);
        InRoot(bench, () => bench.Core.ExchangeCsr(Csr.Gstat, (ulong)Gid << 16, LvzFields.GstatGidMask));
        Load(bench, 0x10_0008).Should().Be(Trap.None);
    }

    [Fact]
    public void Guest_invtlb_leaves_root_mode_entries_alone()
    {
        using var bench = Guest();
        FillStageTwo(bench, 0x10_0000, 0x20_0000 | V | D);
        bench.Step(Words.Invtlb(0, 0, 0)).Should().Be(Trap.Refetch);
        Load(bench, 0x10_0008).Should().Be(Trap.None);
        bench.Step(Words.Invtlb(0x12, 0, 0)).Should().Be(Trap.Ine);
    }

    [Fact]
    public void Guest_page_table_walk_goes_through_the_second_stage()
    {
        using var bench = Guest();
        bench.Gcsrwr(Csr.Pwcl, 14 | (11 << 5));
        bench.Gcsrwr(Csr.Tlbrera, 1);
        bench.Gcsrwr(Csr.Tlbrbadv, 0);
        bench[4] = 0x1_0000_0000;
        bench.Step(Words.Ldpte(4, 0)).Should().Be(Trap.Tlbr | ExceptionUnit.ToRoot);
        bench.Core.ReadCsr(Csr.Tlbrbadv).Should().Be(0x1_0000_0000);
        InRootAfterExit(bench);
        FillStageTwo(bench, 0x1_0000_0000, 0x20_0000 | V);
        bench.Poke(0x20_0000, 0x55_4001);
        bench.Step(Words.Ldpte(4, 0)).Should().Be(Trap.None);
        bench.Core.ReadGcsr(Csr.Tlbrelo0).Should().Be(0x55_4001);
    }
}
