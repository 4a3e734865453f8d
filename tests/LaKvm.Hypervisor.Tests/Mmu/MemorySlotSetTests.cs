using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>The set of slots against a plain list, and as full as it can be.</summary>
public sealed class MemorySlotSetTests
{
    private const int Places = 2000, PlacePages = 8;
    private const ulong Page = 16 << 10, Area = 0x1000_0000;

    private readonly Random _random = new(1);

    [Fact]
    public void Set_after_any_changes_answers_as_a_list_does()
    {
        MemorySlotSet set = MemorySlotSet.Empty;
        var list = new SortedDictionary<int, MemorySlot>();
        for (int i = 0; i < 20_000; i++)
        {
            // It grows to some thousand slots, then shrinks to few, then grows again.
            int place = _random.Next(Places);
            bool grows = i / 6000 % 2 == 0 || _random.Next(3) == 0;
            MemorySlot? old = list.GetValueOrDefault(place);
            MemorySlot? next = grows ? NewSlot(place) : null;
            ulong generation = set.Generation;
            set = set.With(old, next);
            set.Generation.Should().Be(generation + 1);
            list.Remove(place);
            if (next != null)
            {
                list.Add(place, next);
            }

            CheckPlace(set, list, _random.Next(Places));
            if (i % 500 == 0)
            {
                var all = new List<MemorySlot>();
                foreach (MemorySlot slot in set)
                {
                    all.Add(slot);
                }

                all.Should().Equal(list.Values);
            }
        }
    }

    [Fact]
    public void Vm_takes_as_many_slots_as_it_announces()
    {
        using var bench = new GuestBench();
        using UserMemory memory = UserMemory.Map(bench.Process, Page);
        int count = bench.Vm.CheckExtension(KvmCap.NrMemslots);
        for (uint i = 1; i < count; i++)
        {
            bench.Vm.SetMemoryRegion(i, Area + (i * 2 * Page), memory);
        }

        bench.Vm.Invoking(vm => vm.SetMemoryRegion((uint)count, Area, memory)).Should().Throw<KvmException>();
        bench.Vm.Invoking(vm => vm.SetMemoryRegion(1, Area + (4 * Page), memory)).Should()
            .Throw<KvmException>("slot 2 is there");
        bench.Vm.SetMemoryRegion(1, Area + (3 * Page), memory);
    }

    private MemorySlot NewSlot(int place)
    {
        ulong offset = (ulong)_random.Next(PlacePages);
        return new MemorySlot
        {
            Id = place,
            BaseGfn = ((ulong)place * PlacePages) + offset,
            PageShift = 14,
            Pages = 1 + (ulong)_random.NextInt64(PlacePages - (long)offset),
            Hva = 0,
            Flags = 0,
        };
    }

    private static void CheckPlace(MemorySlotSet set, SortedDictionary<int, MemorySlot> list, int place)
    {
        MemorySlot? slot = list.GetValueOrDefault(place);
        for (ulong gfn = (ulong)place * PlacePages; gfn < (ulong)(place + 1) * PlacePages; gfn++)
        {
            bool holds = slot != null && gfn >= slot.BaseGfn && gfn < slot.EndGfn;
            set.Find(gfn).Should().BeSameAs(holds ? slot : null);
            if (set.Overlaps(gfn, 1, -1) != holds || set.Overlaps(gfn, 1, place))
            {
                set.Overlaps(gfn, 1, -1).Should().Be(holds);
                set.Overlaps(gfn, 1, place).Should().BeFalse("no slot but its own holds a page of its place");
            }
        }
    }
}
