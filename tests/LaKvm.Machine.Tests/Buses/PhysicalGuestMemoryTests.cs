using LaKvm.Devices;
using LaKvm.Memory;

namespace LaKvm.Machine.Tests;

public sealed class PhysicalGuestMemoryTests : IDisposable
{
    private readonly PhysicalMemory _ram = new();
    private readonly PhysicalGuestMemory _memory;

    public PhysicalGuestMemoryTests()
    {
        _ram.Add(0x1000, 0x2000);
        _ram.Add(0x8000, 0x1000);
        _memory = new PhysicalGuestMemory(_ram);
    }

    public void Dispose() => _ram.Dispose();

    [Theory]
    [InlineData(0x1000UL, 0x2000UL, true)]
    [InlineData(0x2fffUL, 1UL, true)]
    [InlineData(0x2fffUL, 2UL, false)]
    [InlineData(0xfffUL, 2UL, false)]
    [InlineData(0x3000UL, 1UL, false)]
    [InlineData(0x8000UL, ulong.MaxValue, false)]
    [InlineData(0x8800UL, 0x800UL, true)]
    [InlineData(0x5000UL, 0UL, true)]
    public void Range_is_in_ram_only_as_a_whole(ulong address, ulong length, bool contained) =>
        _memory.Contains(address, length).Should().Be(contained);

    [Theory]
    [InlineData(0x1000, 1)]
    [InlineData(0x1ffe, 2)]
    [InlineData(0x1fff, 2)]
    [InlineData(0x1ffc, 4)]
    [InlineData(0x1ffe, 4)]
    [InlineData(0x1ff8, 8)]
    [InlineData(0x1ffb, 8)]
    [InlineData(0x1003, 100)]
    public void What_is_written_is_read_back_and_nothing_around_it(ulong address, int length)
    {
        byte[] data = [.. Enumerable.Range(1, length).Select(i => (byte)i)];
        _memory.Write(address, data).Should().BeTrue();
        byte[] copy = new byte[length];
        _memory.Read(address, copy).Should().BeTrue();
        copy.Should().Equal(data);
        byte[] all = new byte[0x2000];
        _memory.Read(0x1000, all);
        all.Count(b => b != 0).Should().Be(length);
    }

    [Fact]
    public void Access_that_leaves_ram_does_nothing()
    {
        byte[] two = [0xaa, 0xbb];
        _memory.Write(0x2fff, two).Should().BeFalse();
        _memory.Read(0x2fff, two).Should().BeFalse();
        _memory.Read(0x2fff, two.AsSpan(0, 1)).Should().BeTrue();
        two[0].Should().Be(0);
    }

    [Fact]
    public void Write_tells_of_every_page_with_code_it_touches()
    {
        var pages = new List<ulong>();
        _ram.CodeModified += pages.Add;
        _ram.MarkCode(0x1000);
        _ram.MarkCode(0x2000);
        _memory.Read(0x1000, new byte[16]);
        _memory.Write(0x8000, new byte[16]);
        pages.Should().BeEmpty();
        _memory.Write(0x1ffc, new byte[8]);
        pages.Should().Equal(0x1000UL, 0x2000UL);
    }

    /// <summary>A core whose store finds no mark relies on all cores having been told before.</summary>
    [Fact]
    public void Mark_of_code_goes_after_everybody_was_told()
    {
        var seen = new List<PageFlags>();
        Thread? other = null;
        _ram.CodeAdded += page => seen.Add(_ram.Flags(page));
        _ram.CodeModified += page =>
        {
            seen.Add(_ram.Flags(page));
            other ??= new Thread(() => _ram.MarkCode(page));
            other.Start();
            other.Join(50).Should().BeFalse("who marks the page again must wait until the old mark is gone");
        };
        _ram.MarkCode(0x1000);
        _memory.Write(0x1000, new byte[8]);
        other!.Join();

        seen.Should().Equal(PageFlags.HasCode, PageFlags.HasCode, PageFlags.HasCode);
        _ram.Flags(0x1000).Should().Be(PageFlags.HasCode);
    }
}
