namespace LaKvm.Cpu.Tests.Privileged;

public sealed class MmuTests
{
    private const ulong V = 1, D = 2, Plv3 = 3 << 2, G = 1 << 6, Nr = 1UL << 61, Nx = 1UL << 62, Rplv = 1UL << 63;
    private const ulong Va = 0x0000_1000_0040_0000;

    [Fact]
    public void Direct_address_mode_truncates_to_palen()
    {
        using var bench = new TestBench();
        bench.Poke(0x5000, 42);
        bench.Load(0x9000_0000_0000_5000, out ulong value).Should().Be(Trap.None);
        value.Should().Be(42);
    }

    [Theory]
    [InlineData(0x9000_0000_0000_0011, 0, 0x9000_0000_0000_5000, true)]
    [InlineData(0x9000_0000_0000_0011, 3, 0x9000_0000_0000_5000, false)]
    [InlineData(0x9000_0000_0000_0019, 3, 0x9000_0000_0000_5000, true)]
    [InlineData(0x8000_0000_0000_0001, 0, 0x9000_0000_0000_5000, false)]
    [InlineData(0x9000_0000_0000_0011, 0, 0x9abc_0000_0000_5000, true)]
    public void Direct_map_window_matches_segment_and_privilege(ulong window, ulong plv, ulong va, bool hit)
    {
        using var bench = new TestBench();
        bench.Poke(0x5000, 42);
        bench.Csrwr(Csr.Dmw0 + 2, window);
        bench.EnablePaging(plv);
        bench.Load(va, out ulong value).Should().Be(hit ? Trap.None : Trap.Adem);
        value.Should().Be(hit ? 42UL : 0);
    }

    [Theory]
    [InlineData(0x0000_8000_0000_0000)]
    [InlineData(0x4000_0000_0000_0000)]
    [InlineData(0xffff_0000_0000_0000)]
    public void Address_that_is_not_canonical_is_an_address_error(ulong va)
    {
        using var bench = new TestBench();
        bench.EnablePaging();
        bench.Load(va, out _).Should().Be(Trap.Adem);
        Address(bench).Should().Be(va);
        Fetch(bench, va).Should().Be(Trap.Adef);
    }

    [Fact]
    public void Misaligned_fetch_is_an_address_error()
    {
        using var bench = new TestBench();
        Fetch(bench, 0x1002).Should().Be(Trap.Adef);
        Address(bench).Should().Be(0x1002);
    }

    [Fact]
    public void Miss_is_a_refill_with_the_exact_address()
    {
        using var bench = new TestBench();
        bench.EnablePaging();
        bench.Load(Va + 0x1238, out _).Should().Be(Trap.Tlbr);
        Address(bench).Should().Be(Va + 0x1238);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(14)]
    [InlineData(16)]
    [InlineData(21)]
    [InlineData(22)]
    public void Pair_maps_even_and_odd_page_of_its_size(int shift)
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Stlbps, 14);
        ulong va = Va & ~((2UL << shift) - 1);
        ulong even = 1UL << Math.Max(shift, 20), odd = even ^ (3UL << shift);
        bench.Poke(even + 0x128, 11);
        bench.Poke(odd + 0x128, 22);
        bench.MapPair(shift == 14 ? 5 : Tlb.StlbEntries + 5, va, shift, even | V | D, odd | V | D);
        if (shift == 14)
        {
            bench.Csrwr(Csr.Tlbehi, va);
            bench.Csrwr(Csr.Tlbidx, 14UL << 24);
            bench.Step(Words.Tlbfill);
        }

        bench.EnablePaging();
        bench.Load(va + 0x128, out ulong value).Should().Be(Trap.None);
        value.Should().Be(11);
        bench.Load(va + (1UL << shift) + 0x128, out value).Should().Be(Trap.None);
        value.Should().Be(22);
        bench.Load(va + (2UL << shift), out _).Should().Be(Trap.Tlbr);
        bench.Load(va - 8, out _).Should().Be(Trap.Tlbr);
    }

    [Theory]
    [InlineData(0, 0, Trap.Pil, Trap.Pis, Trap.Pif)]
    [InlineData(V | D, 0, Trap.None, Trap.None, Trap.None)]
    [InlineData(V, 0, Trap.None, Trap.Pme, Trap.None)]
    [InlineData(V | D | Nr, 0, Trap.Pnr, Trap.None, Trap.None)]
    [InlineData(V | D | Nx, 0, Trap.None, Trap.None, Trap.Pnx)]
    [InlineData(V | D, 3, Trap.Ppi, Trap.Ppi, Trap.Ppi)]
    [InlineData(V | D | Plv3, 3, Trap.None, Trap.None, Trap.None)]
    [InlineData(V | D | Plv3, 0, Trap.None, Trap.None, Trap.None)]
    [InlineData(V | D | Plv3 | Rplv, 0, Trap.Ppi, Trap.Ppi, Trap.Ppi)]
    [InlineData(V | D | Plv3 | Rplv, 3, Trap.None, Trap.None, Trap.None)]
    [InlineData(V | Nx | Nr, 3, Trap.Pnr, Trap.Ppi, Trap.Pnx)]
    public void Page_rights_are_checked_in_order(ulong rights, ulong plv, Trap load, Trap store, Trap fetch)
    {
        using var bench = new TestBench();
        bench.MapPair(Tlb.StlbEntries, Va, 14, 0x20_0000 | rights, 0);
        bench.EnablePaging(plv);
        bench.Load(Va + 8, out _).Should().Be(load);
        bench.Store(Va + 8, 1).Should().Be(store);
        Fetch(bench, Va + 8).Should().Be(fetch);
        // The other order must give the same answer: a filled software TLB entry grants nothing more.
        bench.Store(Va + 8, 1).Should().Be(store);
        bench.Load(Va + 8, out _).Should().Be(load);
        Fetch(bench, Va + 8).Should().Be(fetch);
    }

    [Fact]
    public void Asid_separates_pages_that_are_not_global()
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Asid, 7);
        bench.MapPair(Tlb.StlbEntries, Va, 14, 0x20_0000 | V, 0);
        bench.MapPair(Tlb.StlbEntries + 1, Va + 0x8000, 14, 0x20_4000 | V | G, V | G);
        bench.MapPair(Tlb.StlbEntries + 2, Va + 0x1_0000, 14, 0x20_4000 | V | G, V);
        bench.EnablePaging();
        bench.Load(Va, out _).Should().Be(Trap.None);
        bench.Load(Va + 0x8000, out _).Should().Be(Trap.None);
        bench.Load(Va + 0x1_0000, out _).Should().Be(Trap.None);
        bench.Csrwr(Csr.Asid, 8);
        bench.Load(Va, out _).Should().Be(Trap.Tlbr);
        bench.Load(Va + 0x8000, out _).Should().Be(Trap.None);
        bench.Load(Va + 0x1_0000, out _).Should().Be(Trap.Tlbr, "both halves must be global");
        bench.Csrwr(Csr.Asid, 7);
        bench.Load(Va, out _).Should().Be(Trap.None);
    }

    [Theory]
    [InlineData(0, false, false, false)]
    [InlineData(1, false, false, false)]
    [InlineData(2, true, true, false)]
    [InlineData(3, false, false, true)]
    [InlineData(4, false, true, true)]
    [InlineData(5, false, true, true)]
    [InlineData(6, false, true, true)]
    public void Invtlb_drops_what_its_operation_names(int op, bool own, bool foreign, bool global)
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Asid, 7);
        bench.MapPair(Tlb.StlbEntries, Va, 14, 0x20_0000 | V, 0);
        bench.Csrwr(Csr.Asid, 8);
        bench.MapPair(Tlb.StlbEntries + 1, Va + 0x8000, 14, 0x20_0000 | V, 0);
        bench.MapPair(Tlb.StlbEntries + 2, Va + 0x1_0000, 14, 0x20_0000 | V | G, V | G);
        bench.EnablePaging();
        bench[4] = 7;
        bench[5] = Va + 0x123;
        bench.Load(Va + 0x1_0000, out _).Should().Be(Trap.None);
        bench.Csrwr(Csr.Asid, 7);
        bench.Load(Va, out _).Should().Be(Trap.None);

        bench.Step(Words.Invtlb(op, 4, 5)).Should().Be(Trap.Refetch);
        bench.Load(Va, out _).Should().Be(own ? Trap.None : Trap.Tlbr);
        bench.Load(Va + 0x1_0000, out _).Should().Be(global ? Trap.None : Trap.Tlbr);
        bench.Csrwr(Csr.Asid, 8);
        bench.Load(Va + 0x8000, out _).Should().Be(foreign ? Trap.None : Trap.Tlbr);
    }

    [Fact]
    public void Invtlb_by_address_drops_a_global_page_with_operation_6_only()
    {
        using var bench = new TestBench();
        bench.MapPair(Tlb.StlbEntries, Va, 14, 0x20_0000 | V | G, V | G);
        bench.EnablePaging();
        bench[5] = Va + 0x4000;
        bench.Load(Va, out _);
        bench.Step(Words.Invtlb(5, 4, 5));
        bench.Load(Va, out _).Should().Be(Trap.None);
        bench.Step(Words.Invtlb(6, 4, 5));
        bench.Load(Va, out _).Should().Be(Trap.Tlbr);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(0xf)]
    [InlineData(0x17)]
    [InlineData(0x1f)]
    public void Invtlb_with_an_operation_that_does_not_exist_raises_ine(int op)
    {
        using var bench = new TestBench();
        bench.Step(Words.Invtlb(op, 0, 0)).Should().Be(Trap.Ine);
    }

    [Fact]
    public void Page_upgrade_by_tlbwr_is_seen_at_once()
    {
        using var bench = new TestBench();
        bench.MapPair(Tlb.StlbEntries, Va, 14, 0x20_0000 | V, 0);
        bench.EnablePaging();
        bench.Store(Va, 1).Should().Be(Trap.Pme);
        bench.MapPair(Tlb.StlbEntries, Va, 14, 0x20_0000 | V | D, 0);
        bench.Store(Va, 1).Should().Be(Trap.None);
        bench.MapPair(Tlb.StlbEntries, Va, 14, 0x20_0000 | V, 0);
        bench.Store(Va, 1).Should().Be(Trap.Pme);
    }

    [Fact]
    public void Tlbsrch_and_tlbrd_find_and_read_the_entry()
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Stlbps, 14);
        bench.Csrwr(Csr.Asid, 9);
        bench.MapPair(Tlb.StlbEntries + 7, Va, 16, 0x20_0000 | V | Nx, 0x21_0000 | V | D | Rplv);
        bench.Csrwr(Csr.Tlbehi, Va + 0x1_0000);
        bench.Step(Words.Tlbsrch);
        bench.Core.ReadCsr(Csr.Tlbidx).Should().Be((16UL << 24) | (Tlb.StlbEntries + 7));

        bench.Csrwr(Csr.Asid, 1);
        bench.Csrwr(Csr.Tlbidx, Tlb.StlbEntries + 7);
        bench.Step(Words.Tlbrd);
        bench.Core.ReadCsr(Csr.Tlbidx).Should().Be((16UL << 24) | (Tlb.StlbEntries + 7));
        bench.Core.ReadCsr(Csr.Tlbehi).Should().Be(Va);
        bench.Core.ReadCsr(Csr.Tlbelo0).Should().Be(0x20_0000 | V | Nx);
        bench.Core.ReadCsr(Csr.Tlbelo1).Should().Be(0x21_0000 | V | D | Rplv);
        (bench.Core.ReadCsr(Csr.Asid) & 0x3ff).Should().Be(9);

        bench.Csrwr(Csr.Tlbehi, Va + 0x2_0000);
        bench.Step(Words.Tlbsrch);
        (bench.Core.ReadCsr(Csr.Tlbidx) >> 31).Should().Be(1);
        bench.Csrwr(Csr.Tlbidx, Tlb.StlbEntries + 8);
        bench.Step(Words.Tlbrd);
        bench.Core.ReadCsr(Csr.Tlbidx).Should().Be((1UL << 31) | (Tlb.StlbEntries + 8));
        bench.Core.ReadCsr(Csr.Tlbelo0).Should().Be(0);
    }

    [Fact]
    public void Tlbwr_with_ne_removes_the_entry()
    {
        using var bench = new TestBench();
        bench.MapPair(Tlb.StlbEntries, Va, 14, 0x20_0000 | V, 0);
        bench.Csrwr(Csr.Tlbidx, (1UL << 31) | (14UL << 24) | Tlb.StlbEntries);
        bench.Step(Words.Tlbwr);
        bench.EnablePaging();
        bench.Load(Va, out _).Should().Be(Trap.Tlbr);
    }

    [Theory]
    [InlineData(Words.Tlbclr)]
    [InlineData(Words.Tlbflush)]
    public void Tlbclr_and_tlbflush_drop_the_entries(uint word)
    {
        using var bench = new TestBench();
        bench.MapPair(Tlb.StlbEntries, Va, 14, 0x20_0000 | V, 0);
        bench.MapPair(3, Va + 0x8000, 14, 0x20_0000 | V | G, V | G);
        bench.EnablePaging();
        bench.Load(Va, out _).Should().Be(Trap.None);
        bench.Step(word).Should().Be(Trap.Refetch);
        bench.Load(Va, out _).Should().Be(Trap.Tlbr);
        bench.Load(Va + 0x8000, out _).Should().Be(Trap.Tlbr);
    }

    [Fact]
    public void Stlb_set_holds_eight_pairs_and_evicts_the_ninth()
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Stlbps, 14);
        bench.EnablePaging();
        for (ulong i = 0; i < 9; i++)
        {
            bench.Csrwr(Csr.Tlbehi, Va + (i << 23));
            bench.Csrwr(Csr.Tlbelo0, 0x20_0000 | V);
            bench.Csrwr(Csr.Tlbidx, 14UL << 24);
            bench.Step(Words.Tlbfill);
            bench.Load(Va + (i << 23), out _).Should().Be(Trap.None);
        }

        Enumerable.Range(0, 9).Count(i => bench.Load(Va + ((ulong)i << 23), out _) == Trap.None).Should().Be(8);
    }

    [Fact]
    public void Unaligned_access_crosses_pages_and_faults_on_the_second_before_storing()
    {
        using var bench = new TestBench();
        bench.MapPair(Tlb.StlbEntries, Va, 12, 0x20_0000 | V | D, 0x30_0000 | V | D);
        bench.MapPair(Tlb.StlbEntries + 1, Va + 0x2000, 12, 0x20_0000 | V, 0);
        bench.EnablePaging();
        bench.Store(Va + 0xffd, 0x8877665544332211).Should().Be(Trap.None);
        bench.Load(Va + 0xffd, out ulong value).Should().Be(Trap.None);
        value.Should().Be(0x8877665544332211);
        bench.Peek(0x30_0000).Should().Be(0x8877665544);

        bench.Store(Va + 0x1ffd, 0x1111111111111111).Should().Be(Trap.Pme);
        Address(bench).Should().Be(Va + 0x2000);
        bench.Peek(0x30_0ff8).Should().Be(0);
    }

    [Fact]
    public void Misc_alcl_makes_unaligned_accesses_raise_ale()
    {
        using var bench = new TestBench();
        bench.Csrwr(Csr.Misc, 1 << 12);
        bench.Load(0x2001, out _).Should().Be(Trap.Ale);
        Address(bench).Should().Be(0x2001);
        bench.Load(0x2008, out _).Should().Be(Trap.None);
        bench.Csrwr(Csr.Misc, 0);
        bench.Load(0x2001, out _).Should().Be(Trap.None);
    }

    [Fact]
    public void Access_outside_ram_goes_to_the_bus_in_aligned_pieces()
    {
        using var bench = new TestBench();
        bench.Load(0x1fe0_01e0, out ulong value).Should().Be(Trap.None);
        value.Should().Be(bench.Bus.ReadValue);
        bench.Store(0x1fe0_01e2, 0x8877665544332211).Should().Be(Trap.None);
        bench.Bus.Log.Should().Equal("r8 1fe001e0", "w2 1fe001e2=2211", "w4 1fe001e4=66554433", "w2 1fe001e8=8877");
    }

    [Fact]
    public void Store_to_a_page_with_decoded_code_reaches_the_engine()
    {
        using var bench = new TestBench();
        var pages = new List<ulong>();
        bench.Core.CodeCache = new PageRecorder(pages);
        bench.Store(0x5008, 1).Should().Be(Trap.None);
        bench.Core.CodePageAdded(0x5000);
        bench.Core.HandleAttention().Should().Be(Trap.Refetch);
        bench.Core.HandleAttention();
        pages.Clear();
        bench.Core.CodePageAdded(0x5000);
        bench.Core.HandleAttention();
        bench.Store(0x5010, 2).Should().Be(Trap.None);
        bench.Core.HandleAttention().Should().Be(Trap.Refetch);
        pages.Should().Equal(0x5000);
        bench.Peek(0x5010).Should().Be(2);
    }

    /// <summary>
    /// Or its translations would be dropped each time that another page takes its place in the software TLB.
    /// </summary>
    [Fact]
    public void Page_that_was_only_fetched_from_does_not_look_written()
    {
        using var bench = new TestBench();
        var pages = new List<ulong>();
        bench.Core.CodeCache = new PageRecorder(pages);
        Fetch(bench, 0x5000).Should().Be(Trap.None);
        bench.Core.CodePageAdded(0x5000);
        bench.Core.HandleAttention().Should().Be(Trap.Refetch);
        bench.Core.HandleAttention();
        pages.Should().BeEmpty();

        bench.Store(0x5008, 1).Should().Be(Trap.None);
        bench.Core.HandleAttention();
        pages.Should().Equal(0x5000);
    }

    private static unsafe ulong Address(TestBench bench) => bench.State->TrapAddress;

    private static unsafe Trap Fetch(TestBench bench, ulong va) => bench.Core.TranslateFetch(va, out _, out _);

    private sealed class PageRecorder(List<ulong> pages) : ICodeCache
    {
        public void InvalidatePage(ulong physicalPage) => pages.Add(physicalPage);

        public void CountBranches(bool counts)
        {
        }
    }
}
