namespace LaKvm.Cpu.Tests.Privileged;

/// <summary>What is kept of translations, and what must not be: seen through the memory that accesses reach.</summary>
public sealed class SoftTlbTests
{
    private const ulong V = 1, D = 2, Plv3 = 3 << 2, G = 1 << 6;
    private const ulong Va = 0x0000_1000_0040_0000;

    /// <summary>Addresses at this distance have one place in the software TLB.</summary>
    private const ulong Distance = CpuState.SoftTlbEntries * 4096UL;

    /// <summary>More than are kept.</summary>
    private const int Spaces = 20;

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Address_spaces_have_their_own_pages(int plv)
    {
        using TestBench bench = MakeSpaces(plv);
        for (int turn = 0; turn < 3; turn++)
        {
            for (int asid = 1; asid <= Spaces; asid++)
            {
                Select(bench, asid);
                bench.Load(Va, out ulong value).Should().Be(Trap.None);
                value.Should().Be((ulong)asid);
                bench.Load(Va + 0x1000, out value).Should().Be(Trap.None);
                value.Should().Be(99);
            }
        }
    }

    /// <summary>invtlb 4 and 5 name an address space, which need not be the one in use.</summary>
    [Theory]
    [InlineData(0, 4)]
    [InlineData(0, 5)]
    [InlineData(3, 4)]
    [InlineData(3, 5)]
    public void Page_of_another_address_space_is_invalidated(int plv, int op)
    {
        using TestBench bench = MakeSpaces(plv);
        foreach (int asid in new[] { 1, 2, 3 })
        {
            Select(bench, asid);
            bench.Load(Va, out _).Should().Be(Trap.None);
        }

        bench.Core.InvalidateTlb(op, 2, Va).Should().BeTrue();
        Trap[] found = [.. new[] { 1, 2, 3 }.Select(asid =>
        {
            Select(bench, asid);
            return bench.Load(Va, out _);
        })];
        found.Should().Equal(Trap.None, Trap.Tlbr, Trap.None);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Global_page_is_invalidated_in_all_address_spaces(int plv)
    {
        using TestBench bench = MakeSpaces(plv);
        foreach (int asid in new[] { 1, 2, 1 })
        {
            Select(bench, asid);
            bench.Load(Va + Distance, out _).Should().Be(Trap.None);
        }

        bench.Core.InvalidateTlb(6, 1, Va + Distance).Should().BeTrue();
        bench.Load(Va + Distance, out _).Should().Be(Trap.Tlbr);
        Select(bench, 2);
        bench.Load(Va + Distance, out _).Should().Be(Trap.Tlbr);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Pages_with_one_place_are_told_apart(int dropped)
    {
        using var bench = new TestBench();
        bench.EnablePaging();
        for (int n = 0; n < 3; n++)
        {
            bench.MapPair(Tlb.StlbEntries + n, Va + ((ulong)n * Distance), 12,
                (0x20_0000 + ((ulong)n << 12)) | V | D, 0);
        }

        for (ulong turn = 0; turn < 10; turn++)
        {
            foreach (ulong n in new ulong[] { 0, 1, 0, 2, 2, 1 })
            {
                bench.Load(Va + (n * Distance) + 8, out ulong value).Should().Be(Trap.None);
                value.Should().Be(turn);
                bench.Store(Va + (n * Distance), turn).Should().Be(Trap.None);
                bench.Peek(0x20_0000 + (n << 12)).Should().Be(turn);
            }

            for (ulong n = 0; n < 3; n++)
            {
                bench.Store(Va + (n * Distance) + 8, turn + 1).Should().Be(Trap.None);
            }
        }

        bench.Core.InvalidateTlb(6, 0, Va + ((ulong)dropped * Distance)).Should().BeTrue();
        Trap[] found = [.. Enumerable.Range(0, 3).Select(n => bench.Load(Va + ((ulong)n * Distance), out _))];
        found.Should().BeEquivalentTo(Enumerable.Range(0, 3).Select(n => n == dropped ? Trap.Tlbr : Trap.None));
    }

    /// <summary>
    /// Also where the page that was stored to is in the second way, or in a table that is not in use.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Store_to_a_page_that_has_code_now_is_seen(bool changesSpace)
    {
        using TestBench bench = MakeSpaces(plv: 3);
        var pages = new List<ulong>();
        bench.Core.CodeCache = new PageRecorder(pages);
        Select(bench, 1);
        bench.Store(Va, 1).Should().Be(Trap.None);
        if (changesSpace)
        {
            Select(bench, 2);
        }
        else
        {
            bench.Store(Va + Distance, 1).Should().Be(Trap.None);
        }

        bench.Core.CodePageAdded(0x20_1000);
        bench.Core.HandleAttention();
        bench.Core.HandleAttention();
        pages.Should().Equal(0x20_1000);
        bench.Core.CodePageAdded(0x20_1000);
        bench.Core.HandleAttention();
        pages.Clear();
        Select(bench, 1);
        bench.Store(Va, 2).Should().Be(Trap.None);
        bench.Core.HandleAttention();
        pages.Should().Equal(0x20_1000);
    }

    /// <summary>
    /// Spaces 1 and on: each has a page of its own at <see cref="Va"/>, which holds its number; behind it all have one
    /// that holds 99, and there is a global page that shares the place of the first.
    /// </summary>
    private static TestBench MakeSpaces(int plv)
    {
        var bench = new TestBench();
        bench.Poke(0x30_0000, 99);
        for (int asid = 1; asid <= Spaces; asid++)
        {
            ulong own = 0x20_0000 + ((ulong)asid << 12);
            bench.Poke(own, (ulong)asid);
            Select(bench, asid);
            bench.MapPair(Tlb.StlbEntries + (2 * asid), Va, 12, own | V | D | Plv3, 0x30_0000 | V | D | Plv3);
        }

        bench.MapPair(Tlb.StlbEntries + 1, Va + Distance, 12, 0x31_0000 | V | D | Plv3 | G,
            0x31_1000 | V | D | Plv3 | G);
        bench.EnablePaging((ulong)plv);
        return bench;
    }

    private static void Select(TestBench bench, int asid) => bench.Csrwr(Csr.Asid, (ulong)asid);

    private sealed class PageRecorder(List<ulong> pages) : ICodeCache
    {
        public void InvalidatePage(ulong physicalPage) => pages.Add(physicalPage);

        public void CountBranches(bool counts)
        {
        }
    }
}
