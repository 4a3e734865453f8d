using LaKvm.Memory;

namespace LaKvm.Hypervisor.Tests;

public sealed unsafe class GpaPageTableTests : IDisposable
{
    private const GpaPte Page = GpaPte.Present | GpaPte.Accessed | GpaPte.Writeable;

    private readonly PhysicalMemory _memory = new();
    private readonly HostPages _pages;
    private readonly VmStatistics _statistics = new();

    public GpaPageTableTests() =>
        _pages = new HostPages(_memory, _memory.Add(HostMachine.RamBase, 64UL << 20), GpaTableGeometry.Default);

    public static TheoryData<int, int> Geometries => new() { { 12, 3 }, { 12, 4 }, { 14, 3 } };

    public void Dispose() => _memory.Dispose();

    [Theory]
    [MemberData(nameof(Geometries))]
    public void Walk_through_a_hole_ends_in_an_invalid_page_entry(int pageShift, int levels)
    {
        var geometry = new GpaTableGeometry(pageShift, levels);
        using var table = new GpaPageTable(_pages, geometry);

        ulong next = table.Root;
        for (int level = geometry.RootLevel; level >= 0; level--)
        {
            next = ((ulong*)_pages.Pointer(next))[geometry.Index(0x1234_5678_9000, level)];
        }

        next.Should().Be(0);
    }

    [Theory]
    [MemberData(nameof(Geometries))]
    public void Entry_is_found_where_it_was_made(int pageShift, int levels)
    {
        using var table = new GpaPageTable(_pages, new GpaTableGeometry(pageShift, levels));
        var cache = new MmuMemoryCache(_pages, KvmLimits.MmuCacheObjects);
        cache.TopUp(4);
        ulong gpa = (5UL << pageShift) + (1UL << 36);

        ((nint)table.Find(gpa, 0, null, out _)).Should().Be(0);
        GpaPte* entry = table.Find(gpa, 0, cache, out int level);
        GpaPageTable.Write(entry, Page | (GpaPte)HostMachine.RamBase);

        level.Should().Be(0);
        ((nint)table.Find(gpa, 0, null, out _)).Should().Be((nint)entry);
        cache.Drain();
    }

    [Fact]
    public void Huge_entry_is_found_for_small_pages_and_split_into_them()
    {
        using var table = new GpaPageTable(_pages, GpaTableGeometry.Default);
        var cache = new MmuMemoryCache(_pages, KvmLimits.MmuCacheObjects);
        cache.TopUp(4);
        GpaPte* huge = table.Find(HostPages.DefaultHugeSize, 1, cache, out _);
        GpaPageTable.Write(huge, Page | GpaPte.Huge | (GpaPte)HostMachine.RamBase);

        ((nint)table.Find(HostPages.DefaultHugeSize + 0x8000, 0, null, out int level)).Should().Be((nint)huge);
        level.Should().Be(1);
        table.SplitHuge(huge, cache);

        GpaPte* small = table.Find(HostPages.DefaultHugeSize + 0x8000, 0, null, out level);
        level.Should().Be(0);
        GpaPageTable.Read(small).Should().Be(Page | (GpaPte)(HostMachine.RamBase + 0x8000));
        cache.Drain();
    }

    [Fact]
    public void Unmapping_a_whole_table_frees_it_and_parts_keep_it()
    {
        using var table = new GpaPageTable(_pages, GpaTableGeometry.Default);
        Map(table, 0, HostPages.DefaultHugeSize);
        var freed = new List<ulong>();
        var flush = new FlushOperation(_statistics, freed);

        table.Walk(HostPages.DefaultPageSize, HostPages.DefaultHugeSize, ref flush).Should().BeTrue();
        freed.Should().BeEmpty();
        table.Walk(0, HostPages.DefaultHugeSize, ref flush).Should().BeTrue();

        freed.Should().HaveCount(1);
        ((nint)table.Find(0, 0, null, out _)).Should().Be(0);
        freed.ForEach(_pages.Put);
    }

    [Fact]
    public void Cleaning_by_mask_protects_only_the_pages_named()
    {
        using var table = new GpaPageTable(_pages, GpaTableGeometry.Default);
        Map(table, 0, 64 * HostPages.DefaultPageSize, GpaPte.DirtyMask);
        var clean = new CleanOperation(0, 0b1010, HostPages.DefaultPageShift);

        table.Walk(0, 64 * HostPages.DefaultPageSize, ref clean).Should().BeTrue();

        for (ulong page = 0; page < 64; page++)
        {
            GpaPte entry = GpaPageTable.Read(table.Find(page * HostPages.DefaultPageSize, 0, null, out _));
            ((entry & GpaPte.Dirty) == 0).Should().Be(page is 1 or 3);
        }
    }

    [Fact]
    public void Disposing_gives_every_page_back()
    {
        int before = _pages.FreePages;
        var table = new GpaPageTable(_pages, GpaTableGeometry.Default);
        Map(table, 0, 8 * HostPages.DefaultPageSize);
        Map(table, 1UL << 40, 8 * HostPages.DefaultPageSize);

        table.Dispose();

        _pages.FreePages.Should().Be(before);
    }

    [Fact]
    public void Walker_registers_describe_the_default_tables()
    {
        GpaTableGeometry.Default.WalkerLow.Should().Be(14 | (11 << 5) | (25 << 10) | (11 << 15));
        GpaTableGeometry.Default.WalkerHigh.Should().Be(36 | (11 << 6));
        new GpaTableGeometry(12, 4).WalkerLow.Should()
            .Be(12 | (9 << 5) | (21 << 10) | (9 << 15) | (30 << 20) | (9 << 25));
        new GpaTableGeometry(12, 4).WalkerHigh.Should().Be(39 | (9 << 6));
    }

    private void Map(GpaPageTable table, ulong start, ulong bytes, GpaPte bits = GpaPte.None)
    {
        var cache = new MmuMemoryCache(_pages, KvmLimits.MmuCacheObjects);
        for (ulong gpa = start; gpa < start + bytes; gpa += HostPages.DefaultPageSize)
        {
            cache.TopUp(2);
            GpaPageTable.Write(table.Find(gpa, 0, cache, out _), Page | bits | (GpaPte)HostMachine.RamBase);
        }

        cache.Drain();
    }
}
