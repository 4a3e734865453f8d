namespace LaKvm.Cpu.Tests.Privileged;

public sealed class PageWalkTests
{
    private const ulong V = 1, D = 2, G = 1 << 6, Nx = 1UL << 62;

    [Fact]
    public void Walk_of_three_levels_fills_the_pair_for_the_faulting_address()
    {
        using var bench = new TestBench();
        Program16K(bench);
        ulong va = (3UL << 36) | (5UL << 25) | (9UL << 14) | 0x123;
        bench.Poke(0x10_0000 + (3 * 8), 0x9000_0000_0011_0000);
        bench.Poke(0x11_0000 + (5 * 8), 0x9000_0000_0012_0000);
        bench.Poke(0x12_0000 + (8 * 8), 0x20_0000 | V);
        bench.Poke(0x12_0000 + (9 * 8), 0x24_0000 | V | D | 0x380);
        bench.Csrwr(Csr.Tlbrbadv, va);
        bench[4] = 0x9000_0000_0010_0000;
        bench.Step(Words.Lddir(4, 4, 3)).Should().Be(Trap.None);
        bench[4].Should().Be(0x9000_0000_0011_0000);
        bench.Step(Words.Lddir(4, 4, 1));
        bench[4].Should().Be(0x9000_0000_0012_0000);
        bench.Step(Words.Ldpte(4, 0));
        bench.Step(Words.Ldpte(4, 1));
        bench.Core.ReadCsr(Csr.Tlbrelo0).Should().Be(0x20_0000 | V);
        bench.Core.ReadCsr(Csr.Tlbrelo1).Should().Be(0x24_0000 | V | D, "software's bits are not part of the entry");
        (bench.Core.ReadCsr(Csr.Tlbrehi) & 0x3f).Should().Be(14);
    }

    [Fact]
    public void Huge_entry_of_the_last_directory_becomes_a_pair_of_half_its_size()
    {
        using var bench = new TestBench();
        Program16K(bench);
        bench.Csrwr(Csr.Tlbrbadv, 5UL << 25);
        bench[4] = 0x200_0000 | V | D | (1 << 6) | (1 << 12) | Nx;
        bench.Step(Words.Ldpte(4, 0));
        bench.Step(Words.Ldpte(4, 1));
        bench.Core.ReadCsr(Csr.Tlbrelo0).Should().Be(0x200_0000 | V | D | G | Nx);
        bench.Core.ReadCsr(Csr.Tlbrelo1).Should().Be(0x300_0000 | V | D | G | Nx);
        (bench.Core.ReadCsr(Csr.Tlbrehi) & 0x3f).Should().Be(24);
    }

    [Fact]
    public void Huge_entry_of_a_higher_directory_remembers_its_level()
    {
        using var bench = new TestBench();
        Program16K(bench);
        bench.Csrwr(Csr.Tlbrbadv, 3UL << 36);
        bench[4] = 0x10_0000_0000 | V | (1 << 6);
        bench.Step(Words.Lddir(5, 4, 1));
        bench[5].Should().Be(0x10_0000_0000 | V | (1 << 6) | (1 << 13));
        bench.Step(Words.Ldpte(5, 1));
        (bench.Core.ReadCsr(Csr.Tlbrehi) & 0x3f).Should().Be(35);
        bench.Core.ReadCsr(Csr.Tlbrelo1).Should().Be(0x18_0000_0000 | V);
    }

    private static void Program16K(TestBench bench)
    {
        bench.Csrwr(Csr.Pwcl, 14 | (11 << 5) | (25 << 10) | (11 << 15));
        bench.Csrwr(Csr.Pwch, 36 | (11 << 6));
        bench.Csrwr(Csr.Tlbrera, 1);
    }
}
