using LaKvm.Devices;
using LaKvm.Diagnostics;

namespace LaKvm.Machine.Tests;

public class BusTests
{
    private readonly List<string> _lines = [];
    private readonly Recorder _device = new();
    private readonly MmioBus _bus;

    public BusTests() => _bus = new MmioBus(new GuestErrorLog(_lines.Add, new ManualTime(DateTime.UnixEpoch)));

    [Theory]
    [InlineData(0x1000, 1)]
    [InlineData(0x1001, 1)]
    [InlineData(0x1002, 2)]
    [InlineData(0x1004, 4)]
    [InlineData(0x1008, 8)]
    public void Read_of_a_declared_width_reaches_the_device_once(ulong address, int size)
    {
        _bus.Map("d", 0x1000, 0x10, AccessWidths.All, _device);
        _device.Answer = 0x8877665544332211;
        _bus.Read(address, size).Should().Be(Bits.Low(0x8877665544332211, size));
        _device.Accesses.Should().Equal(("read", address - 0x1000, size, 0UL));
    }

    [Fact]
    public void Read_wider_than_the_device_is_made_of_its_pieces_low_first()
    {
        _bus.Map("d", 0x1000, 0x10, AccessWidths.Half, _device);
        _device.Read16 = offset => 0x1110 + offset;
        _bus.Read(0x1004, 8).Should().Be(0x111a_1118_1116_1114);
        _device.Accesses.Select(a => a.Offset).Should().Equal(4UL, 6UL, 8UL, 10UL);
    }

    [Fact]
    public void Write_wider_than_the_device_is_made_of_its_pieces_low_first()
    {
        _bus.Map("d", 0x1000, 0x10, AccessWidths.Word | AccessWidths.Byte, _device);
        _bus.Write(0x1008, 8, 0x8877665544332211);
        _device.Accesses.Should().Equal(("write", 8UL, 4, 0x44332211UL), ("write", 12UL, 4, 0x88776655UL));
    }

    [Fact]
    public void Misaligned_access_is_made_of_aligned_pieces()
    {
        _bus.Map("d", 0x1000, 0x10, AccessWidths.Word | AccessWidths.Byte, _device);
        _bus.Write(0x1002, 2, 0xbbaa);
        _device.Accesses.Should().Equal(("write", 2UL, 1, 0xaaUL), ("write", 3UL, 1, 0xbbUL));
    }

    [Fact]
    public void Access_narrower_than_the_device_is_dropped_and_logged()
    {
        _bus.Map("clock", 0x1000, 0x10, AccessWidths.Word, _device);
        _bus.Read(0x1000, 1).Should().Be(0);
        _bus.Write(0x1000, 2, 1);
        _device.Accesses.Should().BeEmpty();
        _lines.Should().HaveCount(2).And.OnlyContain(line => line.Contains("clock") && line.Contains("0x1000"));
    }

    [Theory]
    [InlineData(0xfff, 1)]
    [InlineData(0x1010, 1)]
    [InlineData(0x100c, 8)]
    [InlineData(0xffff_ffff_ffff_fff8, 8)]
    public void Access_outside_every_window_reads_zero_and_is_logged(ulong address, int size)
    {
        _bus.Map("d", 0x1000, 0x10, AccessWidths.All, _device);
        _device.Answer = ulong.MaxValue;
        _bus.Read(address, size).Should().Be(0);
        _bus.Write(address, size, 1);
        _device.Accesses.Should().BeEmpty();
        _lines.Should().HaveCount(2);
    }

    [Fact]
    public void Windows_are_found_among_many_and_listed_in_order()
    {
        var devices = new Recorder[40];
        foreach (int i in Enumerable.Range(0, 40).OrderBy(i => i * 17 % 40))
        {
            devices[i] = new Recorder { Answer = (ulong)i };
            _bus.Map($"d{i}", 0x1000 + ((ulong)i * 0x20), 0x10, AccessWidths.All, devices[i]);
        }

        for (ulong i = 0; i < 40; i++)
        {
            _bus.Read(0x1000 + (i * 0x20) + 0xf, 1).Should().Be(i);
            _bus.Read(0x1000 + (i * 0x20) + 0x10, 1).Should().Be(0);
        }

        _bus.Windows.Should().BeInAscendingOrder(w => w.Base).And.HaveCount(40);
    }

    [Theory]
    [InlineData(0x1000, 0x10)]
    [InlineData(0xff1, 0x10)]
    [InlineData(0x100f, 0x10)]
    [InlineData(0x1004, 4)]
    [InlineData(0xf00, 0x1000)]
    public void Overlapping_windows_are_refused(ulong address, ulong size)
    {
        _bus.Map("d", 0x1000, 0x10, AccessWidths.All, _device);
        Action map = () => _bus.Map("e", address, size, AccessWidths.All, _device);
        map.Should().Throw<ArgumentException>().WithMessage("*e at*overlaps d at 0x1000*");
    }

    [Theory]
    [InlineData(0x1000, 0, AccessWidths.All)]
    [InlineData(0x1000, 0x10, (AccessWidths)0)]
    [InlineData(0xffff_ffff_ffff_fff0, 0x11, AccessWidths.All)]
    public void Meaningless_windows_are_refused(ulong address, ulong size, AccessWidths widths)
    {
        Action map = () => _bus.Map("d", address, size, widths, _device);
        map.Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Neighbouring_windows_are_allowed()
    {
        _bus.Map("a", 0x1000, 0x10, AccessWidths.All, _device);
        _bus.Map("b", 0x1010, 0x10, AccessWidths.All, _device);
        _bus.Map("c", 0xff0, 0x10, AccessWidths.All, _device);
        _bus.Windows.Should().HaveCount(3);
    }

    [Fact]
    public void Placed_window_moves_and_vanishes()
    {
        BusWindow<IBusDevice> window = _bus.Place("bar", 0x1000, 0x10, AccessWidths.All, _device);
        _device.Answer = 7;
        window = _bus.Move(window, 0x8000);
        _bus.Read(0x1004, 4).Should().Be(0);
        _bus.Read(0x8004, 4).Should().Be(7);
        _device.Accesses.Should().Equal(("read", 4UL, 4, 0UL));
        _bus.Remove(window).Should().BeTrue();
        _bus.Remove(window).Should().BeFalse();
        _bus.Read(0x8004, 4).Should().Be(0);
        _bus.Windows.Should().BeEmpty();
        Action move = () => _bus.Move(window, 0x1000);
        move.Should().Throw<ArgumentException>().WithMessage("bar at 0x8000 is not there.*");
    }

    [Fact]
    public void Window_placed_over_others_answers_where_they_do_not()
    {
        var below = new Recorder { Answer = 1 };
        var late = new Recorder { Answer = 3 };
        _device.Answer = 2;
        _bus.Map("fixed", 0x1010, 0x10, AccessWidths.All, below);
        BusWindow<IBusDevice> window = _bus.Place("bar", 0x1000, 0x100, AccessWidths.All, _device);
        _bus.Place("late", 0x1000, 0x200, AccessWidths.All, late);
        ulong[] Seen() => [.. new ulong[] { 0x1000, 0x1010, 0x101f, 0x1020, 0x10ff, 0x1100, 0x11ff, 0x1200 }
            .Select(address => _bus.Read(address, 1))];
        Seen().Should().Equal(2UL, 1UL, 1UL, 2UL, 2UL, 3UL, 3UL, 0UL);
        _bus.Remove(_bus.Move(window, 0x1180));
        Seen().Should().Equal(3UL, 1UL, 1UL, 3UL, 3UL, 3UL, 3UL, 0UL);
    }

    [Fact]
    public void Window_is_not_moved_over_the_end_of_the_addresses()
    {
        BusWindow<IBusDevice> window = _bus.Place("bar", 0x1000, 0x10, AccessWidths.All, _device);
        Action move = () => _bus.Move(window, 0xffff_ffff_ffff_fff8);
        move.Should().Throw<ArgumentException>();
        _bus.Windows.Should().ContainSingle().Which.Should().Be(window);
        _bus.Move(window, 0xffff_ffff_ffff_fff0);
        _device.Answer = 5;
        _bus.Read(0xffff_ffff_ffff_fff8, 8).Should().Be(5);
    }

    [Fact]
    public void Moving_window_is_met_at_one_place_by_other_threads()
    {
        BusWindow<IBusDevice> window = _bus.Place("bar", 0x1000, 0x10, AccessWidths.All, new Constant());
        _bus.Map("neighbour", 0x3000, 0x10, AccessWidths.All, new Constant());
        using var stop = new CancellationTokenSource();
        var mover = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                window = _bus.Move(window, window.Base ^ 0x3000);
            }
        });
        mover.Start();
        for (int i = 0; i < 10_000; i++)
        {
            _bus.Read(0x3008, 1).Should().Be(1);
            _bus.Windows.Should().HaveCount(2);
        }

        stop.Cancel();
        mover.Join();
        (_bus.Read(0x1000, 1) + _bus.Read(0x2000, 1)).Should().Be(1);
    }

    [Fact]
    public void Address_map_gives_what_a_plain_search_gives()
    {
        var random = new Random(4);
        for (int round = 0; round < 200; round++)
        {
            var map = new AddressMap<Range>();
            var plain = new List<Range>();
            for (int i = 0; i < 30; i++)
            {
                if (random.Next(4) == 0 && plain.Count != 0)
                {
                    Range gone = plain[random.Next(plain.Count)];
                    map.Remove(gone).Should().BeTrue();
                    plain.Remove(gone);
                }

                var range = new Range((ulong)random.Next(40), (ulong)random.Next(random.Next(2) == 0 ? 4 : 40));
                map.Add(range);
                plain.Add(range);
            }

            for (ulong address = 0; address < 90; address++)
            {
                var found = new List<Range>();
                foreach (Range range in map.At(address))
                {
                    found.Add(range);
                }

                found.Should().Equal(
                    plain.Where(r => address - r.Base < Math.Max(r.Size, 1)).OrderBy(r => r.Base), ReferenceEquals);
            }
        }
    }

    [Fact]
    public void Iocsr_access_carries_the_core_and_follows_the_same_rules()
    {
        var iocsr = new IocsrBus(new GuestErrorLog(_lines.Add));
        var device = new IocsrRecorder();
        iocsr.Map("d", 0x100, 0x10, AccessWidths.Word, device);
        iocsr.Read(3, 0x108, 8).Should().Be(0x0000_0003_0000_0003);
        iocsr.Write(5, 0x100, 8, 0x22222222_11111111);
        iocsr.Read(0, 0x110, 4).Should().Be(0);
        iocsr.Write(0, 0x100, 2, 1);
        device.Writes.Should().Equal((5, 0u, 4, 0x11111111UL), (5, 4u, 4, 0x22222222UL));
        _lines.Should().HaveCount(2);
        Action overlap = () => iocsr.Map("e", 0x10c, 8, AccessWidths.All, device);
        overlap.Should().Throw<ArgumentException>();
    }

    private sealed class Range(ulong start, ulong size) : IAddressRange
    {
        public ulong Base => start;

        public ulong Size => size;
    }

    private sealed class Constant : IBusDevice
    {
        public ulong Read(ulong offset, int size) => 1;

        public void Write(ulong offset, int size, ulong value)
        {
        }
    }

    private sealed class Recorder : IBusDevice
    {
        public List<(string Kind, ulong Offset, int Size, ulong Value)> Accesses { get; } = [];

        public ulong Answer { get; set; }

        public Func<ulong, ulong>? Read16 { get; set; }

        public ulong Read(ulong offset, int size)
        {
            Accesses.Add(("read", offset, size, 0));
            return Read16?.Invoke(offset) ?? Answer;
        }

        public void Write(ulong offset, int size, ulong value) => Accesses.Add(("write", offset, size, value));
    }

    private sealed class IocsrRecorder : IIocsrDevice
    {
        public List<(int Core, uint Offset, int Size, ulong Value)> Writes { get; } = [];

        public ulong Read(int core, uint offset, int size) => 0xdead_0000_0000_0000 | (uint)core;

        public void Write(int core, uint offset, int size, ulong value) => Writes.Add((core, offset, size, value));
    }
}
