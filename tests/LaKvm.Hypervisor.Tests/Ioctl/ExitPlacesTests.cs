using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

public sealed class ExitPlacesTests
{
    private readonly ExitPlaces _places = new();

    [Fact]
    public void Exits_are_counted_by_kind_and_address()
    {
        _places.Add(ExitKind.Csr, 0, 5);
        _places.Add(ExitKind.Csr, 0, 7);
        _places.Add(ExitKind.Idle, 0, 11);
        _places.Add(ExitKind.Csr, 4, 13);

        Sum().Should().BeEquivalentTo(new Dictionary<(ExitKind, ulong), ExitTotal>
        {
            [(ExitKind.Csr, 0)] = new(2, 12),
            [(ExitKind.Idle, 0)] = new(1, 11),
            [(ExitKind.Csr, 4)] = new(1, 13),
        });
    }

    [Fact]
    public void Frequent_place_stays_whatever_else_the_guest_does()
    {
        for (ulong i = 0; i < 100_000; i++)
        {
            _places.Add(ExitKind.Csr, 0x1000, 1);
            _places.Add(ExitKind.Mmio, 0x10_0000 + (4 * i), 1);
        }

        Dictionary<(ExitKind, ulong), ExitTotal> sum = Sum();
        sum[(ExitKind.Csr, 0x1000)].Should().Be(new ExitTotal(100_000, 100_000));
        sum.Count.Should().BeLessThan(5000, "the table has a fixed size");
    }

    private Dictionary<(ExitKind, ulong), ExitTotal> Sum()
    {
        var sum = new Dictionary<(ExitKind Kind, ulong Pc), ExitTotal>();
        _places.AddTo(sum);
        return sum;
    }
}
