using LaKvm.Devices;
using LaKvm.Diagnostics;
using LaKvm.Tests.Support;

namespace LaKvm.Machine.Tests;

public sealed class PciHostTests : IDisposable
{
    private const int Command = 4, Status = 6, Bar0 = 0x10, Bar1 = 0x14, Bar2 = 0x18, Bar3 = 0x1c;
    private const ulong Memory = 2, NoPin = 0x400;

    private readonly PciBench _bench = new();
    private TestFunction _function = null!;

    public PciHostTests() => _bench.Host.Plug(5, socket => _function = new TestFunction(socket));

    public void Dispose() => _bench.Dispose();

    [Theory]
    [InlineData(0x00_0000)] // bus 0, device 0
    [InlineData(0x02_8000)] // device 5
    public void Function_that_is_there_says_what_it_is(ulong offset) =>
        _bench.Host.Read(offset, 4).Should().Be(offset == 0 ? 0x0008_1b36UL : 0x5678_1234UL);

    [Theory]
    [InlineData(0x00_8000)] // device 1
    [InlineData(0x02_9000)] // function 1 of device 5
    [InlineData(0x12_8000)] // device 5 of bus 1
    [InlineData(0x7ff_f000)]
    public void Absent_function_reads_as_ones_and_ignores_writes(ulong offset)
    {
        foreach (int size in new[] { 1, 2, 4, 8 })
        {
            _bench.Host.Write(offset, size, 0);
            Bits.Low(_bench.Host.Read(offset, size), size).Should().Be(Bits.Low(ulong.MaxValue, size));
        }
    }

    [Fact]
    public void Header_is_that_of_an_endpoint()
    {
        _bench.Configuration(5, 8, 4).Should().Be(0x0a0b_0c0d);
        _bench.Configuration(5, 0xe, 1).Should().Be(0);
        _bench.Configuration(5, 0x2c, 4).Should().Be(0x1100_1af4);
        _bench.Configuration(5, Status, 2).Should().Be(0x10, "there are capabilities");
        _bench.Configuration(5, 0x3d, 1).Should().Be(1);
        _bench.Configuration(5, 0, 8).Should().Be(0x0010_0000_5678_1234);
    }

    [Fact]
    public void Configuration_space_ends_after_256_bytes() =>
        ((uint)_bench.Configuration(5, 0x100, 4)).Should().Be(uint.MaxValue);

    [Fact]
    public void Only_registers_that_software_owns_can_be_written()
    {
        for (int register = 0; register < 0x40; register += 4)
        {
            _bench.Configure(5, register, 4, 0);
            _bench.Configure(5, register, 4, ulong.MaxValue);
        }

        _bench.Configuration(5, 0, 4).Should().Be(0x5678_1234);
        _bench.Configuration(5, Command, 2).Should().Be(0x546);
        _bench.Configuration(5, 0xc, 4).Should().Be(0xff);
        _bench.Configuration(5, Bar0, 4).Should().Be(0xffff_f000);
        _bench.Configuration(5, Bar1, 4).Should().Be(0xffff_f000);
        _bench.Configuration(5, Bar2, 4).Should().Be(0xffff_c00c);
        _bench.Configuration(5, Bar3, 4).Should().Be(0xffff_ffff);
        _bench.Configuration(5, 0x20, 4).Should().Be(0);
        _bench.Configuration(5, 0x3c, 4).Should().Be(0x1ff);
    }

    [Fact]
    public void Range_answers_where_software_puts_it_and_only_while_memory_is_decoded()
    {
        _bench.Configure(5, Bar0, 4, 0x4000_2000);
        _bench.Read(0x4000_2010, 4).Should().Be(0xffff_ffff);
        _bench.Configure(5, Command, 2, Memory);
        _bench.Read(0x4000_2010, 4).Should().Be(0x10);
        _bench.Configure(5, Bar0, 4, 0x7fff_f000);
        _bench.Read(0x4000_2010, 4).Should().Be(0xffff_ffff);
        _bench.Read(0x7fff_fff8, 8).Should().Be(0xff8);
        _bench.Configure(5, Command, 2, 0);
        _bench.Read(0x7fff_fff8, 8).Should().Be(ulong.MaxValue);
    }

    [Fact]
    public void Wide_range_tells_where_processors_see_it()
    {
        _bench.Configure(5, Command, 2, Memory);
        _bench.Configure(5, Bar2, 4, 0x4000_4000);
        _bench.Configure(5, Bar3, 4, 1);
        _bench.Configure(5, Bar3, 4, 0);
        _bench.Configure(5, Command, 2, 0);
        _function.Places.Should().Equal(null, 0x4000_4000UL, null, 0x4000_4000UL, null);
    }

    [Fact]
    public void Range_that_is_being_sized_while_decoded_disturbs_nothing()
    {
        _bench.Configure(5, Command, 2, Memory);
        foreach (int register in new[] { Bar0, Bar1, Bar2, Bar3 })
        {
            _bench.Configure(5, register, 4, 0xffff_ffff);
        }

        _bench.Configure(5, Bar0, 4, 0x4000_0000);
        _bench.Read(0x4000_0ffc, 4).Should().Be(0xffc);
    }

    [Fact]
    public void Pins_of_neighbours_lead_to_different_lines()
    {
        TestFunction? next = null, fifth = null;
        _bench.Host.Plug(6, socket => next = new TestFunction(socket));
        _bench.Host.Plug(9, socket => fifth = new TestFunction(socket));
        _function.Pin(true);
        next!.Pin(true);
        Levels().Should().Equal(false, true, true, false);
        fifth!.Pin(true);
        _function.Pin(false);
        Levels().Should().Equal([false, true, true, false], "device 9 shares the line of device 5");
        fifth.Pin(false);
        Levels().Should().Equal(false, false, true, false);
    }

    [Fact]
    public void Pin_that_software_switched_off_is_only_seen_in_the_status()
    {
        _function.Pin(true);
        _bench.Configure(5, Command, 2, NoPin);
        _bench.Lines[1].Level.Should().BeFalse();
        _bench.Configuration(5, Status, 2).Should().Be(0x18);
        _bench.Configure(5, Command, 2, 0);
        _bench.Lines[1].Level.Should().BeTrue();
        _function.Reset();
        _bench.Lines[1].Level.Should().BeFalse();
    }

    [Fact]
    public void Reset_takes_the_ranges_away()
    {
        _bench.Configure(5, Bar0, 4, 0x4000_2000);
        _bench.Configure(5, Command, 2, Memory);
        _bench.Host.Reset();
        _bench.Read(0x4000_2000, 4).Should().Be(0xffff_ffff);
        _bench.Configuration(5, Bar0, 4).Should().Be(0);
    }

    [Fact]
    public void Ranges_on_each_other_are_answered_by_the_one_that_came_first()
    {
        TestFunction? other = null;
        _bench.Host.Plug(6, socket => other = new TestFunction(socket));
        foreach (int device in new[] { 5, 6 })
        {
            _bench.Configure(device, Bar0, 4, 0x4000_2000);
            _bench.Configure(device, Command, 2, Memory);
        }

        _bench.Write(0x4000_2004, 4, 7);
        _function.Small.Writes.Should().Equal((4, 4, 7));
        other!.Small.Writes.Should().BeEmpty();
    }

    [Fact]
    public void Random_accesses_by_several_threads_end_and_leave_a_function_that_works()
    {
        Parallel.For(0, 4, thread =>
        {
            var random = new Random(thread);
            for (int i = 0; i < 20_000; i++)
            {
                int size = 1 << random.Next(4);
                ulong offset = (ulong)random.Next(0x4_0000) & ~(ulong)(size - 1);
                ulong value = random.Next(3) == 0
                    ? (ulong)random.Next(0x4000_0000, 0x4001_0000)
                    : (ulong)random.NextInt64();
                _bench.Host.Write(offset, size, value);
                _bench.Host.Read(offset, size);
                _bench.Write(PciBench.Window + (offset & 0x1_ffff), size, value);
                _function.Message(random.Next(3));
            }
        });
        _bench.Host.Reset();
        Range_answers_where_software_puts_it_and_only_while_memory_is_decoded();
    }

    [Fact]
    public void Board_has_the_bus_where_its_layout_says_and_pins_at_the_controller()
    {
        using var machine = new BoardMachine(
            new BoardMachineOptions(), FixedSources.Create(), new RecordingCores(), new RecordingControl());
        machine.ReadMmio(0x2000_0000, 4).Should().Be(0x0008_1b36);
        machine.ReadMmio(0x2000_8000, 4).Should().Be(0xffff_ffff);
        machine.ReadMmio(0x4000_0000, 8).Should().Be(ulong.MaxValue);
        machine.ReadMmio(0x1800_4000, 1).Should().Be(0xff);
    }

    private IEnumerable<bool> Levels() => _bench.Lines.Select(line => line.Level);
}
