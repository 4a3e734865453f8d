namespace LaKvm.Cpu.Tests.Privileged;

/// <summary>
/// TLB instructions and walks with page sizes that do not exist: they end, and so does what comes after them.
/// </summary>
public sealed class PageSizeTests
{
    private const ulong V = 1, D = 2, Va = 0x0000_1000_0040_0000;
    private const ulong NotExisting = 1UL << 31;

    public static TheoryData<uint, bool> Writers() => new()
    {
        { Words.Tlbwr, false }, { Words.Tlbwr, true }, { Words.Tlbfill, false }, { Words.Tlbfill, true },
        { Words.Gtlbwr, false }, { Words.Gtlbwr, true }, { Words.Gtlbfill, false }, { Words.Gtlbfill, true },
    };

    [Theory]
    [MemberData(nameof(Writers))]
    public void Instruction_ends_with_every_page_size(uint word, bool refill)
    {
        using var bench = new TestBench();
        foreach (ulong high in (ulong[])[0, NotExisting])
        {
            for (ulong size = 0; size < 64; size++)
            {
                for (ulong smallest = 0; smallest < 64; smallest += 7)
                {
                    Describe(bench, size, high, refill);
                    bench.Csrwr(Csr.Stlbps, smallest);
                    bench.Step(word).Should().BeOneOf(Trap.None, Trap.Refetch);
                    bench.Step(Words.Invtlb(5, 0, 0)).Should().Be(Trap.Refetch);
                }
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    [InlineData(30)]
    [InlineData(47)]
    [InlineData(63)]
    public void Filled_entry_of_a_size_that_does_not_exist_is_an_invalid_page(ulong size)
    {
        using var bench = new TestBench();
        Describe(bench, size, 0, refill: true);
        bench.Step(Words.Tlbfill);
        bench.Csrwr(Csr.Tlbrera, 0);
        bench.EnablePaging();
        bench.Load(Va, out _).Should().Be(Trap.Pil, "a refill would come again for ever");
        bench.Store(Va, 1).Should().Be(Trap.Pis);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(29)]
    public void Smallest_and_largest_page_translate(int size)
    {
        using var bench = new TestBench();
        bench.MapPair(2048, Va & ~((2UL << size) - 1), size, V | D, V | D);
        bench.EnablePaging();
        bench.Load(Va & ~((2UL << size) - 1), out _).Should().Be(Trap.None);
    }

    [Fact]
    public void Entry_that_does_not_exist_takes_the_place_of_one_that_does()
    {
        using var bench = new TestBench();
        bench.MapPair(2050, Va, 14, V | D, V | D);
        bench.Csrwr(Csr.Tlbidx, NotExisting | 2050);
        bench.Step(Words.Tlbwr).Should().Be(Trap.Refetch);
        bench.EnablePaging();
        bench.Load(Va, out _).Should().Be(Trap.Tlbr);
    }

    [Theory]
    [InlineData(0x1f, 0)]
    [InlineData(0, 0)]
    [InlineData(63, 63)]
    [InlineData(0, 1)]
    public void Walk_with_impossible_widths_ends_with_an_invalid_page(uint start, uint width)
    {
        using var bench = new TestBench();
        ulong low = (start & 0x1f) | ((width & 0x1f) << 5);
        bench.Csrwr(Csr.Pwcl, low | (low << 10) | (low << 20));
        ulong high = start | (width << 6);
        bench.Csrwr(Csr.Pwch, high | (high << 12));
        foreach (ulong huge in (ulong[])[0, ulong.MaxValue, 1 << 6])
        {
            bench.Csrwr(Csr.Tlbrera, 1);
            bench.Csrwr(Csr.Tlbrbadv, Va);
            bench.Csrwr(Csr.Tlbrehi, Va | 12);
            for (int level = 0; level < 32; level++)
            {
                bench[4] = huge;
                bench.Step(Words.Lddir(4, 4, level)).Should().Be(Trap.None);
                bench.Step(Words.Ldpte(4, 0)).Should().Be(Trap.None);
                bench.Step(Words.Ldpte(4, 1)).Should().Be(Trap.None);
                (bench.Core.ReadCsr(Csr.Tlbrehi) & ~0x3fUL).Should().Be(Va, "only the page size is loaded");
            }

            bench.Step(Words.Tlbfill);
            bench.Csrwr(Csr.Tlbrera, 0);
            bench.EnablePaging();
            bench.Load(Va, out _).Should().BeOneOf(Trap.Pil, Trap.Ppi, Trap.Pnr);
            bench.Csrwr(Csr.Crmd, Crmd.Da);
            bench.Step(Words.Invtlb(0, 0, 0));
        }
    }

    /// <summary>An entry for <see cref="Va"/> with both pages valid.</summary>
    private static void Describe(TestBench bench, ulong size, ulong high, bool refill)
    {
        bench.Csrwr(Csr.Tlbrera, refill ? 1UL : 0);
        bench.Csrwr(Csr.Tlbehi, Va);
        bench.Csrwr(Csr.Tlbelo0, V | D);
        bench.Csrwr(Csr.Tlbelo1, V | D);
        bench.Csrwr(Csr.Tlbidx, high | (size << 24) | (size * 33));
        bench.Csrwr(Csr.Tlbrehi, Va | size);
        bench.Csrwr(Csr.Tlbrelo0, V | D);
        bench.Csrwr(Csr.Tlbrelo1, V | D);
        foreach (int csr in (int[])[
            Csr.Tlbrera, Csr.Tlbehi, Csr.Tlbelo0, Csr.Tlbelo1, Csr.Tlbidx, Csr.Tlbrehi, Csr.Tlbrelo0])
        {
            bench.Gcsrwr(csr, bench.Core.ReadCsr(csr));
        }
    }
}
