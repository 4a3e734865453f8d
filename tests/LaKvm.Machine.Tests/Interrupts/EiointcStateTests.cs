using LaKvm.Devices;
using LaKvm.Diagnostics;

namespace LaKvm.Machine.Tests;

public class EiointcStateTests : EiointcFixture
{
    [Fact]
    public void Saved_state_restores_pending_vectors_and_lines()
    {
        Program(3);
        RouteTo(9, 6);
        _controller.Trigger(9);
        _controller.Trigger(200);
        var cores = new RecordingCores();
        var bus = new IocsrBus(new GuestErrorLog(null));
        var copy = new Eiointc(12, bus, cores);
        foreach (int core in Enumerable.Range(0, 12))
        {
            for (uint offset = 0; offset < 0x900; offset += 8)
            {
                copy.Poke(core, offset, _controller.Peek(core, offset));
            }
        }

        copy.Restored();
        foreach (int core in Enumerable.Range(0, 12))
        {
            cores[core].Should().Be(_cores[core]);
            for (uint offset = 0; offset < 0x900; offset += 8)
            {
                copy.Peek(core, offset).Should().Be(_controller.Peek(core, offset));
            }
        }
    }

    [Fact]
    public void Virtual_extension_is_absent_on_the_chip()
    {
        Write(0, 0x4000_0004, 0xf, 4);
        Read(0, 0x4000_0000, 4).Should().Be(0);
        _controller.Configuration.Should().Be(EiointcFeatures.None);
    }

    [Fact]
    public void Acknowledged_vector_whose_source_still_asks_does_not_come_again_in_a_restored_copy()
    {
        Program(1);
        _controller.SetLevel(9, true);
        Write(0, CoreIsr, 1 << 9);
        var cores = new RecordingCores();
        var bus = new IocsrBus(new GuestErrorLog(null));
        var copy = new Eiointc(12, bus, cores);
        for (uint offset = 0; offset < 0x900; offset += 8)
        {
            copy.Poke(0, offset, _controller.Peek(0, offset));
        }

        copy.Restored();
        cores[0].Should().Be(0);
        bus.Write(0, Enable, 8, 0);
        bus.Write(0, Enable, 8, ulong.MaxValue);
        cores[0].Should().Be(Hwi(1));
    }

    [Fact]
    public void Virtual_extension_routes_by_core_number_and_delivers_before_it_is_enabled()
    {
        const EiointcFeatures all = EiointcFeatures.VirtualExtension | EiointcFeatures.Enable
            | EiointcFeatures.PinEncoding | EiointcFeatures.CoreEncoding;
        var cores = new RecordingCores();
        var bus = new IocsrBus(new GuestErrorLog(null));
        var controller = new Eiointc(200, bus, cores, number => number);
        controller.Reset(all, EiointcFeatures.None);
        bus.Read(0, 0x4000_0000, 4).Should().Be(0xf);
        bus.Write(0, Enable, 8, ulong.MaxValue);
        bus.Write(7, Route + 1, 1, 150);
        bus.Write(0, IpMap, 1, 6);
        controller.Trigger(1);
        cores[1].Should().Be(Hwi(1), "150 is a bitmap whose lowest core is 1, and 6 one whose lowest pin is 1");
        bus.Write(0, 0x4000_0004, 4, 0x8000_000e);
        bus.Read(0, 0x4000_0004, 4).Should().Be(0xe);
        cores[150].Should().Be(Hwi(6));
        bus.Write(0, 0x4000_0004, 4, 2);
        bus.Read(0, 0x4000_0004, 4).Should().Be(0xe, "the encodings cannot change while enabled");
        bus.Write(0, 0x4000_0004, 4, 0);
        bus.Read(0, 0x4000_0004, 4).Should().Be(0);
        cores[150].Should().Be(0);
        cores[1].Should().Be(Hwi(1));
    }

    [Fact]
    public void Routes_name_cores_by_their_physical_number_where_the_controller_is_told_so()
    {
        var cores = new RecordingCores();
        var bus = new IocsrBus(new GuestErrorLog(null));
        var controller = new Eiointc(4, bus, cores, number => number switch { 0 => 3, 2 => 1, _ => -1 });
        bus.Write(0, Enable, 8, ulong.MaxValue);
        bus.Write(0, Route, 8, 0x00_00_00_00_00_08_04_01);
        controller.Trigger(0);
        controller.Trigger(1);
        controller.Trigger(2);
        bus.Read(3, CoreIsr, 8).Should().Be(0b101, "nobody has number 3: number 0 takes its place");
        bus.Read(1, CoreIsr, 8).Should().Be(0b010);
        cores[3].Should().Be(Hwi(0));
    }

    [Fact]
    public void Lines_agree_with_the_registers_after_random_traffic()
    {
        var random = new Random(4);
        for (int i = 0; i < 20_000; i++)
        {
            int core = random.Next(12);
            switch (random.Next(8))
            {
                case 0:
                    _controller.SetLevel(random.Next(300) - 10, random.Next(2) == 0);
                    break;
                case 1:
                    _controller.Trigger(random.Next(300) - 10);
                    break;
                case 2:
                    uint isr = CoreIsr + ((uint)random.Next(4) * 8);
                    Write(core, isr, (ulong)random.NextInt64(long.MinValue, long.MaxValue));
                    break;
                default:
                    int size = 1 << random.Next(4);
                    uint offset = (uint)random.Next(0x900) & ~(uint)(size - 1);
                    Write(core, 0x1400 + offset, (ulong)random.NextInt64(long.MinValue, long.MaxValue), size);
                    Read(core, 0x1400 + offset, size);
                    break;
            }
        }

        var holders = new HashSet<int>();
        for (int core = 0; core < 12; core++)
        {
            uint expected = 0;
            for (int vector = 0; vector < 256; vector++)
            {
                if (((Read(core, CoreIsr + ((uint)vector / 64 * 8)) >> (vector % 64)) & 1) != 0)
                {
                    holders.Add(vector).Should().BeTrue("vector {0} has one holder", vector);
                    uint map = (uint)Read(core, IpMap + ((uint)vector / 32), 1) & 0xf;
                    expected |= Hwi(map == 0 ? 0 : System.Numerics.BitOperations.TrailingZeroCount(map));
                }
            }

            _cores[core].Should().Be(expected);
        }
    }
}
