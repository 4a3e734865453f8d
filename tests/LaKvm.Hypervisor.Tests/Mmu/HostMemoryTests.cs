using LaKvm.Memory;

namespace LaKvm.Hypervisor.Tests;

/// <summary>The host's page allocator and address space on their own.</summary>
public sealed unsafe class HostMemoryTests : IDisposable
{
    private const ulong Page = HostPages.DefaultPageSize;

    private readonly PhysicalMemory _memory = new();
    private readonly HostPages _pages;
    private readonly HostAddressSpace _space;

    public HostMemoryTests()
    {
        _pages = new HostPages(_memory, _memory.Add(HostMachine.RamBase, 256UL << 20), GpaTableGeometry.Default);
        _space = new HostAddressSpace(_pages);
    }

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void Pages_are_zero_when_they_come_back()
    {
        ulong page = _pages.Allocate();
        *_pages.Pointer(page) = 1;
        _pages.Put(page);

        _pages.Allocate().Should().Be(page);
        (*_pages.Pointer(page)).Should().Be(0);
    }

    [Fact]
    public void Contiguous_memory_is_aligned_and_freed_in_any_order()
    {
        int before = _pages.FreePages;
        ulong first = _pages.AllocateContiguous(3 * Page, HostPages.DefaultHugeSize);
        ulong second = _pages.AllocateContiguous(Page, HostPages.DefaultHugeSize);
        (first % HostPages.DefaultHugeSize).Should().Be(0);
        (second % HostPages.DefaultHugeSize).Should().Be(0);

        _pages.Put(first + Page);
        _pages.Put(second);
        _pages.Put(first);
        _pages.Put(first + (2 * Page));

        _pages.FreePages.Should().Be(before);
        _pages.AllocateContiguous(200UL << 20, HostPages.DefaultHugeSize).Should()
            .NotBe(0, "the extents are one again");
        _pages.AllocateContiguous(200UL << 20, HostPages.DefaultHugeSize).Should().Be(0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Memory_holds_what_was_copied_across_pages(bool linear)
    {
        ulong start = _space.Map(8 * Page, linear);
        byte[] data = [.. Enumerable.Range(0, 40_000).Select(i => (byte)i)];

        _space.CopyTo(start + 100, data).Should().BeTrue();

        var read = new byte[data.Length];
        _space.CopyFrom(start + 100, read).Should().BeTrue();
        read.Should().Equal(data);
        _space.CopyTo(start + (8 * Page) - 1, data).Should().BeFalse();
    }

    [Fact]
    public void Page_written_after_a_copy_on_write_clone_is_private()
    {
        ulong start = Filled(1);
        ulong clone = _space.CloneCopyOnWrite(start);
        _pages.References(Physical(start)).Should().Be(2);
        Physical(clone).Should().Be(Physical(start));

        _space.CopyTo(clone, [2]);

        Value(start).Should().Be(1);
        Value(clone).Should().Be(2);
        Physical(clone).Should().NotBe(Physical(start));
    }

    [Fact]
    public void Swapped_page_comes_back_with_its_content()
    {
        ulong start = Filled(7);
        int free = _pages.FreePages;

        _space.SwapOut(start, Page).Should().Be(Errno.None);

        _pages.FreePages.Should().Be(free + 1);
        Value(start).Should().Be(7);
    }

    [Fact]
    public void Discarded_page_is_zero()
    {
        ulong start = Filled(7);

        _space.Discard(start, Page).Should().Be(Errno.None);

        Value(start).Should().Be(0);
        _space.Discard(start + 1, Page).Should().Be(Errno.Inval);
    }

    [Fact]
    public void Huge_page_of_which_a_page_changes_is_notified_whole()
    {
        ulong start = _space.Map(2 * _pages.HugeSize, linear: true);
        var ranges = new Ranges();
        _space.Register(ranges);
        ulong page = start + _pages.HugeSize + (5 * Page);

        _space.Discard(page, Page).Should().Be(Errno.None);
        _space.Discard(page + Page, Page).Should().Be(Errno.None);

        ranges.Started.Should().Equal(
            (start + _pages.HugeSize, start + (2 * _pages.HugeSize)), (page + Page, page + (2 * Page)));
    }

    [Fact]
    public void Equal_pages_are_merged_until_one_is_written()
    {
        ulong first = Filled(3);
        ulong second = Filled(3);
        ulong third = Filled(4);

        _space.Merge(first, third).Should().BeFalse();
        _space.Merge(first, second).Should().BeTrue();
        Physical(second).Should().Be(Physical(first));

        _space.CopyTo(first, [5]);
        Value(second).Should().Be(3);
        Value(first).Should().Be(5);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Page_that_is_pinned_is_not_merged(bool isFirst)
    {
        ulong first = Filled(3);
        ulong second = Filled(3);
        _space.Pin(isFirst ? first : second, write: true, out ulong page, out _).Should().Be(Errno.None);

        _space.Merge(first, second).Should().BeFalse();

        *_pages.Pointer(page) = 9; // the transfer that the pin was for
        _space.Unpin(page);
        ((int)Value(first), (int)Value(second)).Should().Be(isFirst ? (9, 3) : (3, 9));
        _space.CopyTo(first, [3]);
        _space.CopyTo(second, [3]);
        _space.Merge(first, second).Should().BeTrue("the pin is gone");
    }

    [Fact]
    public void Page_that_is_pinned_is_copied_at_once_for_a_clone()
    {
        ulong start = Filled(3);
        _space.Pin(start, write: true, out ulong page, out _).Should().Be(Errno.None);

        ulong clone = _space.CloneCopyOnWrite(start);

        *_pages.Pointer(page) = 9;
        _space.Unpin(page);
        ((int)Value(start), (int)Value(clone)).Should().Be((9, 3));
    }

    [Fact]
    public void Clone_that_there_is_no_memory_for_is_not_made()
    {
        ulong start = Filled(3);
        _space.Pin(start, write: true, out ulong page, out _).Should().Be(Errno.None);
        while (_pages.Allocate() != 0)
        {
        }

        _space.CloneCopyOnWrite(start).Should().Be(0);

        _space.Unpin(page);
        Value(start).Should().Be(3);
    }

    [Fact]
    public void Protected_memory_is_not_writable()
    {
        ulong start = Filled(1);
        _space.Protect(start, 2 * Page, HostRights.Read).Should().Be(Errno.None);

        _space.CopyTo(start, [2]).Should().BeFalse();
        _space.Pin(start, write: true, out _, out _).Should().Be(Errno.Fault);
        _space.Pin(start, write: false, out _, out bool writable).Should().Be(Errno.None);

        writable.Should().BeFalse();
        _space.Protect(start, 2 * Page, HostRights.ReadWrite);
        _space.CopyTo(start, [2]).Should().BeTrue();
    }

    [Fact]
    public void Unmapping_gives_all_pages_back()
    {
        int free = _pages.FreePages;
        ulong linear = _space.Map(100 * Page, linear: true);
        ulong start = Filled(1);
        ulong clone = _space.CloneCopyOnWrite(start);

        _space.Unmap(linear, 100 * Page).Should().Be(Errno.None);
        _space.Unmap(start, 2 * Page).Should().Be(Errno.None);
        _space.Unmap(clone, 2 * Page).Should().Be(Errno.None);

        _pages.FreePages.Should().Be(free);
        _space.IsMapped(start, 1).Should().BeFalse();
    }

    private ulong Filled(byte value)
    {
        ulong start = _space.Map(2 * Page, linear: true);
        _space.CopyTo(start, [value]).Should().BeTrue();
        return start;
    }

    private byte Value(ulong address)
    {
        var value = new byte[1];
        _space.CopyFrom(address, value).Should().BeTrue();
        return value[0];
    }

    private ulong Physical(ulong address)
    {
        _space.Pin(address, write: false, out ulong page, out _).Should().Be(Errno.None);
        _space.Unpin(page);
        return page;
    }

    /// <summary>Notes the ranges that are about to change.</summary>
    private sealed class Ranges : IMmuNotifier
    {
        internal List<(ulong Start, ulong End)> Started { get; } = [];

        public void InvalidateRangeStart(ulong start, ulong end) => Started.Add((start, end));

        public void InvalidateRangeEnd(ulong start, ulong end)
        {
        }

        public bool ClearYoung(ulong start, ulong end, bool flush) => false;

        public bool TestYoung(ulong address) => false;

        public void Release()
        {
        }
    }
}
