namespace LaKvm.Cpu.Tests.Privileged;

public sealed class CsrTests
{
    /// <summary>CSRs whose value other parts own; they have tests of their own.</summary>
    private static readonly int[] Special =
        [Csr.Pgd, Csr.Tval, Csr.Ticlr, Csr.Tcfg, Csr.Estat, Csr.Gstat, Csr.Llbctl, Csr.Tlbehi, Csr.Tlbrehi, Csr.Crmd];

    public static TheoryData<string> PlainRows()
    {
        var data = new TheoryData<string>();
        foreach (CsrDeclaration row in CsrTable.Rows.Where(r => !Special.Contains(r.Number)))
        {
            data.Add(row.Name);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(PlainRows))]
    public void Csrwr_changes_exactly_the_writable_bits(string name)
    {
        CsrDeclaration row = CsrTable.Rows.Single(r => r.Name == name);
        using var bench = new TestBench();
        ulong reset = bench.Core.ReadCsr(row.Number);

        bench[4] = ulong.MaxValue;
        bench.Step(Words.Csrwr(4, row.Number));
        bench[4].Should().Be(reset, "csrwr returns the old value");
        bench.Core.ReadCsr(row.Number).Should().Be((reset & ~row.Writable) | row.Writable);

        bench[4] = 0;
        bench.Step(Words.Csrwr(4, row.Number));
        bench.Core.ReadCsr(row.Number).Should().Be(reset & ~row.Writable);
    }

    [Theory]
    [InlineData(Csr.Crmd, 0x8)]
    [InlineData(Csr.Prcfg1, 0x72f8)]
    [InlineData(Csr.Prcfg2, 0x3ffff000)]
    [InlineData(Csr.Prcfg3, 0x8073f2)]
    [InlineData(Csr.Asid, 0xa0000)]
    [InlineData(Csr.Cpuid, 3)]
    [InlineData(Csr.Gstat, 0x80)]
    [InlineData(Csr.Gcfg, 0x871547)]
    [InlineData(Csr.Euen, 0)]
    [InlineData(Csr.Ecfg, 0)]
    [InlineData(Csr.Tcfg, 0)]
    [InlineData(Csr.Gtlbc, 0)]
    public void Reset_leaves_the_documented_value(int csr, ulong value)
    {
        using var bench = new TestBench();
        bench.Step(Words.Csrrd(5, csr));
        bench[5].Should().Be(value);
    }

    [Fact]
    public void Csrxchg_changes_only_the_bits_of_the_mask()
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Save0, 0x1111_2222_3333_4444);
        bench[4] = 0xffff_ffff_ffff_ffff;
        bench[5] = 0x0000_ffff_0000_00f0;
        bench.Step(Words.Csrxchg(4, 5, Csr.Save0));
        bench[4].Should().Be(0x1111_2222_3333_4444);
        bench.Core.ReadCsr(Csr.Save0).Should().Be(0x1111_ffff_3333_44f4);
    }

    [Fact]
    public void Csrwr_of_r0_clears_the_register_and_keeps_r0()
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Save0, 7);
        bench.Step(Words.Csrwr(0, Csr.Save0));
        bench[0].Should().Be(0);
        bench.Core.ReadCsr(Csr.Save0).Should().Be(0);
    }

    [Theory]
    [InlineData(0x9)]
    [InlineData(0x14)]
    [InlineData(0x208)]
    [InlineData(0x7ff)]
    [InlineData(0x800)]
    [InlineData(0x3fff)]
    public void Unimplemented_csr_reads_zero_and_ignores_writes(int csr)
    {
        using var bench = new TestBench();
        bench[4] = ulong.MaxValue;
        bench.Step(Words.Csrwr(4, csr)).Should().Be(Trap.None);
        bench[4].Should().Be(0);
        bench.Step(Words.Csrrd(4, csr)).Should().Be(Trap.None);
        bench[4].Should().Be(0);
    }

    [Fact]
    public void Tlbehi_sign_extends_its_page_number()
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Tlbehi, 0x0000_8000_0000_3fff);
        bench.Core.ReadCsr(Csr.Tlbehi).Should().Be(0xffff_8000_0000_2000);
        bench.Csrwr(Csr.Tlbrehi, 0x0000_8000_0000_200e);
        bench.Core.ReadCsr(Csr.Tlbrehi).Should().Be(0xffff_8000_0000_200e);
    }

    [Theory]
    [InlineData(0x0000_1234_5678_0000, 0x111000)]
    [InlineData(0xffff_8234_5678_0000, 0x222000)]
    public void Pgd_follows_the_top_bit_of_badv(ulong address, ulong expected)
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Pgdl, 0x111000);
        bench.Csrwr(Csr.Pgdh, 0x222000);
        bench.Csrwr(Csr.Badv, address);
        bench.Core.ReadCsr(Csr.Pgd).Should().Be(expected);
        bench.Csrwr(Csr.Pgd, 0x333000);
        bench.Core.ReadCsr(Csr.Pgd).Should().Be(expected);
    }

    [Fact]
    public void Pgd_uses_tlbrbadv_in_refill_context()
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Pgdl, 0x111000);
        bench.Csrwr(Csr.Pgdh, 0x222000);
        bench.Csrwr(Csr.Badv, 0);
        bench.Csrwr(Csr.Tlbrbadv, 0xffff_8000_0000_0000);
        bench.Csrwr(Csr.Tlbrera, 1);
        bench.Core.ReadCsr(Csr.Pgd).Should().Be(0x222000);
    }

    [Fact]
    public unsafe void Llbctl_shows_and_clears_the_bit_and_keeps_klo()
    {
        using var bench = new TestBench();
        bench.State->Llbit[0] = 1;
        bench.Core.ReadCsr(Csr.Llbctl).Should().Be(1);
        bench.Csrwr(Csr.Llbctl, 4);
        bench.Core.ReadCsr(Csr.Llbctl).Should().Be(5);
        bench.Csrwr(Csr.Llbctl, 2);
        bench.Core.ReadCsr(Csr.Llbctl).Should().Be(0);
    }

    [Fact]
    public unsafe void Gstat_vm_reads_the_mode_and_gid_width_survives_writes()
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Gstat, ulong.MaxValue);
        bench.Core.ReadCsr(Csr.Gstat).Should().Be(0xff0082);
    }

    [Fact]
    public void Privileged_instructions_raise_ipe_at_plv3()
    {
        uint[] words =
        [
            Words.Csrrd(4, 0), Words.Csrwr(4, 0x30), Words.Tlbwr, Words.Tlbfill, Words.Tlbsrch, Words.Tlbrd,
            Words.Tlbclr,
            Words.Ertn, Words.Idle, Words.Invtlb(0, 0, 0), Words.Lddir(4, 5, 1), Words.Ldpte(4, 0),
            Words.Gcsrrd(4, 0), 0x06480000 | 4, 0x06481000 | 4, 0x06000000,
        ];
        foreach (uint word in words)
        {
            using var bench = new TestBench();
            bench.Csrwr(Csr.Crmd, Crmd.Da | 3);
            bench.Step(word).Should().Be(Trap.Ipe);
            bench.Core.ReadCsr(Csr.Badi).Should().Be(word);
        }
    }

    [Theory]
    [InlineData(0, 0x0014c010)]
    [InlineData(1, 0x03f2f2fe)]
    [InlineData(4, 100_000_000)]
    [InlineData(5, 0x10001)]
    [InlineData(16, 0x2c3d)]
    [InlineData(20, 0x060e000f)]
    [InlineData(21, 0)]
    [InlineData(0x40000000, 0)]
    public void Cpucfg_returns_the_word(ulong index, ulong value)
    {
        using var bench = new TestBench();
        bench[6] = index;
        bench.Step(Words.Cpucfg(5, 6));
        bench[5].Should().Be(value);
    }

    [Fact]
    public void Cpucfg2_announces_lvz_and_only_the_supported_units()
    {
        ulong word = La464.Cpucfg(2);
        ((word >> 10) & 1).Should().Be(1);
        (word & 7).Should().Be(7);
        ((word >> 6) & 1).Should().Be((ulong)(La464.SupportedUnits >> 1) & 1);
        ((word >> 7) & 1).Should().Be((ulong)(La464.SupportedUnits >> 2) & 1);
        (word & (7 << 18)).Should().Be(0, "there is no binary translation unit");
    }

    [Fact]
    public void Cpucfg3_announces_what_qemu_gives_a_guest_with_an_LA464()
    {
        // QEMU's model says 0xcfd; Linux's KVM refuses a guest what the host has not, apart from SFB (bit 1).
        (~La464.Cpucfg(3) & 0xcfd).Should().Be(0);
    }

    [Theory]
    [InlineData(0x06480000u, "ior1 1020", 0xffff_ffff_ffff_ff81)]
    [InlineData(0x06480400u, "ior2 1020", 0x2281)]
    [InlineData(0x06480800u, "ior4 1020", 0x4433_2281)]
    [InlineData(0x06480c00u, "ior8 1020", 0x8877_6655_4433_2281)]
    public void Iocsrrd_reads_its_width_and_sign_extends(uint word, string access, ulong value)
    {
        using var bench = new TestBench();
        bench[6] = 0xffff_ffff_0000_1020;
        bench.Step(Words.Two(word, 5, 6));
        bench.Bus.Log.Should().Equal(access);
        bench[5].Should().Be(value);
    }

    [Theory]
    [InlineData(0x06481000u, "iow1 1040=")]
    [InlineData(0x06481400u, "iow2 1040=")]
    [InlineData(0x06481800u, "iow4 1040=")]
    [InlineData(0x06481c00u, "iow8 1040=")]
    public void Iocsrwr_writes_its_width(uint word, string access)
    {
        using var bench = new TestBench();
        bench[6] = 0x1040;
        bench[5] = 0x12;
        bench.Step(Words.Two(word, 5, 6));
        bench.Bus.Log.Should().Equal(access + "12");
    }
}
