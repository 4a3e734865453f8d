using LaKvm.Memory;

namespace LaKvm.Hypervisor.Tests;

/// <summary>An address space as a program uses it: mmap, munmap, mprotect, mremap, fork.</summary>
public sealed class HostMappingTests : IDisposable
{
    private const ulong Page = HostPages.DefaultPageSize, Start = 0x1000_0000, Top = 0x7000_0000;

    private readonly PhysicalMemory _memory = new();
    private readonly HostPages _pages;
    private readonly HostAddressSpace _space;
    private readonly int _free;

    public HostMappingTests()
    {
        _pages = new HostPages(_memory, _memory.Add(HostMachine.RamBase, 64UL << 20), GpaTableGeometry.Default);
        _space = new HostAddressSpace(_pages);
        _free = _pages.FreePages;
    }

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void Middle_of_a_mapping_can_be_unmapped_and_its_pages_come_back()
    {
        Map(Start, 4);
        Fill(Start, 4);

        _space.Unmap(Start + Page, 2 * Page).Should().Be(Errno.None);

        Value(Start).Should().Be(1);
        _space.IsMapped(Start + Page, 1).Should().BeFalse();
        Value(Start + (3 * Page)).Should().Be(4);
        _pages.FreePages.Should().Be(_free - 2);
    }

    [Fact]
    public void Fixed_mapping_replaces_what_was_there()
    {
        Map(Start, 4);
        Fill(Start, 4);

        _space.MapAt(Start + Page, Page, new HostMapRequest(HostRights.Read)).Should().Be(Errno.None);

        Value(Start + Page).Should().Be(0);
        _space.CopyTo(Start + Page, [9]).Should().BeFalse();
        Value(Start + (2 * Page)).Should().Be(3);
        _space.MapAt(Start, Page, new HostMapRequest(HostRights.Read), replace: false).Should().Be(Errno.Exist);
    }

    [Fact]
    public void Rights_of_a_part_can_be_changed_and_mappings_that_are_alike_become_one()
    {
        Map(Start, 4);

        _space.Protect(Start + Page, Page, HostRights.None).Should().Be(Errno.None);
        _space.Mappings.Should().HaveCount(3);
        _space.CopyFrom(Start + Page, new byte[1]).Should().BeFalse();
        _space.Protect(Start + Page, Page, HostRights.ReadWrite).Should().Be(Errno.None);

        _space.Mappings.Should().HaveCount(1);
        _space.Protect(Start + Page, 4 * Page, HostRights.Read).Should().Be(Errno.NoMem, "not all of it is mapped");
    }

    [Fact]
    public void Mapping_grows_in_place_or_moves_with_its_content()
    {
        Map(Start, 2);
        Fill(Start, 2);
        _space.Remap(Start, 2 * Page, 3 * Page, mayMove: false, null, Top, out ulong grown).Should().Be(Errno.None);
        grown.Should().Be(Start);
        Map(Start + (3 * Page), 1);
        _space.Remap(Start, 3 * Page, 4 * Page, mayMove: false, null, Top, out _).Should().Be(Errno.NoMem);

        _space.Remap(Start, 3 * Page, 4 * Page, mayMove: true, null, Top, out ulong moved).Should().Be(Errno.None);

        moved.Should().NotBe(Start);
        (Value(moved), Value(moved + Page), Value(moved + (3 * Page))).Should().Be(((byte)1, (byte)2, (byte)0));
        _space.IsMapped(Start, 1).Should().BeFalse();
    }

    [Fact]
    public void Child_shares_pages_until_either_side_writes()
    {
        Map(Start, 3);
        Fill(Start, 2);
        _space.SetInherited(Start + (2 * Page), Page, inherited: false).Should().Be(Errno.None);

        HostAddressSpace child = _space.Fork()!;

        _pages.FreePages.Should().Be(_free - 2, "nothing is copied yet");
        child.IsMapped(Start + (2 * Page), 1).Should().BeFalse();
        _space.CopyTo(Start, [11]).Should().BeTrue();
        child.CopyTo(Start + Page, [22]).Should().BeTrue();
        (Value(Start), Value(Start + Page), Value(Start, child), Value(Start + Page, child))
            .Should().Be(((byte)11, (byte)2, (byte)1, (byte)22));
        child.Dispose();
        _space.Dispose();
        _pages.FreePages.Should().Be(_free);
    }

    [Fact]
    public void Object_that_is_shared_is_seen_by_all_and_told_when_nobody_shows_it()
    {
        var shared = new SharedObject(_pages);
        _space.MapAt(Start, 2 * Page, new HostMapRequest(HostRights.ReadWrite, shared, 0, IsShared: true));
        HostAddressSpace child = _space.Fork()!;

        child.CopyTo(Start + Page, [7]).Should().BeTrue();

        Value(Start + Page).Should().Be(7);
        _space.CopyTo(Start + (2 * Page), [1]).Should().BeFalse();
        shared.Spaces.Should().Be(2);
        _space.Unmap(Start, Page);
        shared.Spaces.Should().Be(2, "a part is still shown");
        _space.Unmap(Start, 2 * Page);
        child.Dispose();
        shared.Spaces.Should().Be(0);
        _pages.FreePages.Should().Be(_free - 1, "the object still has the page");
    }

    [Fact]
    public void Reserved_addresses_cost_nothing()
    {
        _space.MapAt(1UL << 40, 1UL << 36, new HostMapRequest(HostRights.ReadWrite)).Should().Be(Errno.None);

        _space.CopyTo((1UL << 40) + (1UL << 35), [5]).Should().BeTrue();

        _pages.FreePages.Should().Be(_free - 1);
        _space.Unmap(1UL << 40, 1UL << 36).Should().Be(Errno.None);
        _pages.FreePages.Should().Be(_free);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_changes_leave_what_a_model_says(int seed)
    {
        const int places = 24;
        var random = new Random(seed);
        var model = new (bool Mapped, HostRights Rights, byte Value)[places];
        for (int step = 0; step < 4000; step++)
        {
            int first = random.Next(places), count = random.Next(1, places - first + 1);
            ulong address = Start + ((ulong)first * Page), bytes = (ulong)count * Page;
            Span<(bool Mapped, HostRights Rights, byte Value)> part = model.AsSpan(first, count);
            var rights = (HostRights)random.Next(4);
            switch (random.Next(6))
            {
                case 0:
                    _space.MapAt(address, bytes, new HostMapRequest(rights)).Should().Be(Errno.None);
                    part.Fill((true, rights, 0));
                    break;
                case 1:
                    _space.Unmap(address, bytes).Should().Be(Errno.None);
                    part.Clear();
                    break;
                case 2:
                    bool all = !part.ToArray().Any(p => !p.Mapped);
                    _space.Protect(address, bytes, rights).Should().Be(all ? Errno.None : Errno.NoMem);
                    for (int i = 0; all && i < count; i++)
                    {
                        part[i].Rights = rights;
                    }

                    break;
                case 3:
                    _space.Discard(address, bytes);
                    for (int i = 0; i < count; i++)
                    {
                        part[i].Value = 0;
                    }

                    break;
                case 4:
                    HostAddressSpace child = _space.Fork()!;
                    Write(child, model.ToArray(), first, (byte)step);
                    child.Dispose();
                    break;
                default:
                    Write(_space, model, first, (byte)step);
                    break;
            }

            Check(model, random.Next(places));
        }

        _space.Dispose();
        _pages.FreePages.Should().Be(_free);
    }

    private static void Write(HostAddressSpace space, (bool Mapped, HostRights Rights, byte Value)[] model, int place,
        byte value)
    {
        bool allowed = model[place].Mapped && (model[place].Rights & HostRights.Write) != 0;
        space.CopyTo(Start + ((ulong)place * Page), [value]).Should().Be(allowed);
        model[place].Value = allowed ? value : model[place].Value;
    }

    private void Check((bool Mapped, HostRights Rights, byte Value)[] model, int place)
    {
        byte[] found = new byte[1];
        bool readable = model[place].Mapped && model[place].Rights != HostRights.None;
        _space.CopyFrom(Start + ((ulong)place * Page), found).Should().Be(readable);
        found[0].Should().Be(readable ? model[place].Value : (byte)0);
    }

    private void Map(ulong start, int pages) =>
        _space.MapAt(start, (ulong)pages * Page, new HostMapRequest(HostRights.ReadWrite)).Should().Be(Errno.None);

    /// <summary>Writes 1, 2, 3... to the beginnings of pages.</summary>
    private void Fill(ulong start, int pages)
    {
        for (int i = 0; i < pages; i++)
        {
            _space.CopyTo(start + ((ulong)i * Page), [(byte)(i + 1)]).Should().BeTrue();
        }
    }

    private byte Value(ulong address, HostAddressSpace? space = null)
    {
        byte[] value = new byte[1];
        (space ?? _space).CopyFrom(address, value).Should().BeTrue();
        return value[0];
    }

    private sealed class SharedObject(HostPages pages) : HostMemoryObject
    {
        private readonly ulong[] _physical = new ulong[2];

        internal int Spaces { get; private set; }

        public override Errno GetPage(ulong offset, out ulong page)
        {
            ref ulong found = ref _physical[offset / Page];
            found = found == 0 ? pages.Allocate() : found;
            page = found;
            pages.Get(page);
            return Errno.None;
        }

        public override void Attach(HostAddressSpace space) => Spaces++;

        public override void Detach(HostAddressSpace space) => Spaces--;
    }
}
