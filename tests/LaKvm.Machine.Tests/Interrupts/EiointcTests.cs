using LaKvm.Devices;
using LaKvm.Diagnostics;

namespace LaKvm.Machine.Tests;

public class EiointcTests : EiointcFixture
{
    [Theory]
    [InlineData(NodeMap, 0x20)]
    [InlineData(IpMap, 8)]
    [InlineData(Enable, 0x20)]
    [InlineData(Bounce, 0x20)]
    [InlineData(Route, 0x100)]
    public void Storage_registers_are_zero_after_reset_and_hold_every_width_per_node(uint address, uint size)
    {
        for (uint offset = 0; offset < size; offset += 8)
        {
            Read(0, address + offset).Should().Be(0);
            Write(0, address + offset, 0x8877_6655_4433_2211);
            Write(3, address + offset + 4, 0xddccbbaa, 4);
            Write(1, address + offset + 2, 0xfedc, 2);
            Write(2, address + offset, 0x5a, 1);
            Read(0, address + offset).Should().Be(0xddcc_bbaa_fedc_225a);
            Read(2, address + offset + 4, 4).Should().Be(0xddccbbaa);
            Read(1, address + offset + 3, 1).Should().Be(0xfe);
            Read(4, address + offset).Should().Be(0, "core 4 belongs to another node");
        }

        _controller.Reset();
        Read(0, address).Should().Be(0);
    }

    [Fact]
    public void Disabled_vector_waits_until_it_is_enabled()
    {
        _controller.Trigger(70);
        Read(0, CoreIsr + 8).Should().Be(0);
        Read(0, Isr + 8).Should().Be(1UL << 6);
        Write(0, Enable + 8, 1UL << 6);
        Read(0, CoreIsr + 8).Should().Be(1UL << 6);
        _cores[0].Should().Be(Hwi(0));
        Write(0, Enable + 8, 0);
        Read(0, CoreIsr + 8).Should().Be(0);
        _cores[0].Should().Be(0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(128)]
    [InlineData(255)]
    public void Message_latches_its_bit_until_written_one(int vector)
    {
        Program(1);
        _controller.Trigger(vector);
        uint isr = CoreIsr + ((uint)vector / 64 * 8);
        Read(0, isr).Should().Be(1UL << (vector % 64));
        Read(0, isr + ((uint)vector % 64 / 32 * 4), 4).Should().Be(1u << (vector % 32));
        _cores[0].Should().Be(Hwi(1));
        Write(0, isr, ~(1UL << (vector % 64)));
        Read(0, isr).Should().Be(1UL << (vector % 64), "the other bits were written");
        Write(0, isr, 1UL << (vector % 64));
        Read(0, isr).Should().Be(0);
        _cores[0].Should().Be(0);
    }

    [Fact]
    public void Message_after_the_acknowledge_is_a_new_interrupt()
    {
        Program(1);
        _controller.Trigger(5);
        Write(0, CoreIsr, 1 << 5);
        _controller.Trigger(5);
        Read(0, CoreIsr).Should().Be(1 << 5);
    }

    [Fact]
    public void Source_that_stays_high_is_not_pending_again_after_the_acknowledge()
    {
        Program(1);
        _controller.SetLevel(2, true);
        Write(0, CoreIsr, 4);
        Read(0, CoreIsr).Should().Be(0);
        _cores[0].Should().Be(0);
        Read(0, Isr).Should().Be(4, "the source has taken nothing back");
        _controller.SetLevel(2, true);
        _cores[0].Should().Be(Hwi(1), "a new message is a new interrupt");
        _controller.SetLevel(2, false);
        Read(0, CoreIsr).Should().Be(0);
        Read(0, Isr).Should().Be(0);
        _cores[0].Should().Be(0);
    }

    [Fact]
    public void Source_that_still_asks_comes_again_when_its_vector_is_enabled_again()
    {
        Program(1);
        _controller.SetLevel(2, true);
        Write(0, CoreIsr, 4);
        Write(0, Enable, ~4UL);
        _cores[0].Should().Be(0);
        Write(0, Enable, ulong.MaxValue);
        _cores[0].Should().Be(Hwi(1));
        Write(0, Enable, ulong.MaxValue);
        Write(0, CoreIsr, 4);
        Write(0, Enable + 8, 0);
        _cores[0].Should().Be(0, "other vectors were written");
    }

    [Fact]
    public void Source_that_still_asks_comes_again_at_the_core_of_its_new_route()
    {
        Program(3);
        _controller.SetLevel(9, true);
        Write(0, CoreIsr, 1 << 9);
        RouteTo(8, 6);
        Enumerable.Range(0, 12).Should().OnlyContain(core => _cores[core] == 0);
        RouteTo(9, 6);
        _cores[6].Should().Be(Hwi(1));
    }

    [Fact]
    public void Level_source_interrupts_again_when_it_rises_again()
    {
        Program(1);
        for (int i = 0; i < 3; i++)
        {
            _controller.SetLevel(2, true);
            _cores[0].Should().Be(Hwi(1));
            _controller.SetLevel(2, false);
            _cores[0].Should().Be(0);
        }
    }

    [Theory]
    [InlineData(0x00, 0)]
    [InlineData(0x01, 0)]
    [InlineData(0x02, 1)]
    [InlineData(0x04, 2)]
    [InlineData(0x08, 3)]
    [InlineData(0x10, 0)]
    public void Pin_map_byte_names_one_of_four_lines(byte map, int pin)
    {
        Program(1);
        Write(0, IpMap + 3, map, 1);
        _controller.Trigger(96);
        _cores[0].Should().Be(Hwi(pin));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(7)]
    public void Pin_map_byte_is_a_number_when_so_configured(byte pin)
    {
        Program(1);
        Write(0, IpMap + 7, pin, 1);
        _controller.Configuration = EiointcFeatures.PinEncoding;
        _controller.Trigger(255);
        _cores[0].Should().Be(Hwi(pin));
    }

    [Fact]
    public void Line_stays_high_until_the_last_vector_on_it_is_gone()
    {
        Program(1);
        _controller.Trigger(3);
        _controller.Trigger(200);
        Write(0, CoreIsr, 1 << 3);
        _cores[0].Should().Be(Hwi(1));
        Write(0, CoreIsr + 24, 1 << 8);
        _cores[0].Should().Be(0);
    }

    [Fact]
    public void Changing_the_pin_map_moves_a_pending_line()
    {
        Program(1);
        _controller.Trigger(3);
        Write(0, IpMap, 0x08, 1);
        _cores[0].Should().Be(Hwi(3));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(11)]
    public void Vector_goes_to_the_core_that_Linux_routes_it_to(int core)
    {
        Program(3);
        RouteTo(40, core);
        _controller.Trigger(40);
        _cores[core].Should().Be(Hwi(1));
        Enumerable.Range(0, 12).Count(other => _cores[other] != 0).Should().Be(1);
        Read(core, CoreIsr).Should().Be(1UL << 40);
        Write((core + 1) % 12, CoreIsr, 1UL << 40);
        _cores[core].Should().NotBe(0, "only the core that holds it acknowledges it");
        Write(core, CoreIsr, 1UL << 40);
        _cores[core].Should().Be(0);
    }

    [Fact]
    public void Rerouting_moves_a_pending_vector()
    {
        Program(3);
        _controller.SetLevel(9, true);
        _cores[0].Should().Be(Hwi(1));
        RouteTo(9, 6);
        _cores[0].Should().Be(0);
        _cores[6].Should().Be(Hwi(1));
        Read(0, CoreIsr).Should().Be(0);
        Read(6, CoreIsr).Should().Be(1 << 9);
    }

    [Fact]
    public void Selector_of_no_existing_node_means_the_node_of_entry()
    {
        Program(3);
        Write(0, Route + 1, 0xf4, 1);
        _controller.Trigger(1);
        _cores[2].Should().Be(Hwi(1));
    }

    [Fact]
    public void Vector_disabled_on_the_delivering_node_waits()
    {
        Program(3);
        RouteTo(1, 5);
        Write(4, Enable, 0);
        _controller.Trigger(1);
        _cores[5].Should().Be(0);
        Write(4, Enable, 2);
        _cores[5].Should().Be(Hwi(1));
    }

    [Fact]
    public void Core_bitmap_without_bounce_picks_the_lowest_core()
    {
        Program(1);
        Write(0, Bounce, 0);
        Write(0, Route + 1, 0b1100, 1);
        for (int i = 0; i < 3; i++)
        {
            _controller.Trigger(1);
            _cores[2].Should().Be(Hwi(1));
            Write(2, CoreIsr, 2);
        }
    }

    [Fact]
    public void Core_bitmap_with_bounce_goes_round()
    {
        Program(1);
        Write(0, Route + 1, 0b1101, 1);
        var order = new List<int>();
        for (int i = 0; i < 4; i++)
        {
            _controller.Trigger(1);
            int core = Enumerable.Range(0, 4).Single(c => _cores[c] != 0);
            order.Add(core);
            Write(core, CoreIsr, 2);
        }

        order.Should().Equal(2, 3, 0, 2);
    }

    [Fact]
    public void Bitmap_of_absent_cores_means_the_first_of_the_node()
    {
        var cores = new RecordingCores();
        var bus = new IocsrBus(new GuestErrorLog(null));
        var controller = new Eiointc(2, bus, cores);
        bus.Write(0, Enable, 8, ulong.MaxValue);
        bus.Write(0, Route + 1, 1, 0b1000);
        controller.Trigger(1);
        cores[0].Should().Be(Hwi(0));
    }

    [Fact]
    public void Software_trigger_latches_a_vector()
    {
        Program(1);
        Write(0, Trigger, 0x1_23, 4);
        Read(0, CoreIsr).Should().Be(1UL << 0x23);
        Read(0, Trigger, 4).Should().Be(0);
    }

    [Fact]
    public void Nothing_is_delivered_while_switched_off()
    {
        Program(1);
        _controller.Enabled = false;
        _controller.Trigger(1);
        _cores[0].Should().Be(0);
        _controller.Enabled = true;
        _cores[0].Should().Be(Hwi(1));
        _controller.Enabled = false;
        _cores[0].Should().Be(0);
    }

    [Fact]
    public void Vectors_that_do_not_exist_are_ignored()
    {
        _controller.Trigger(256);
        _controller.Trigger(-1);
        _controller.SetLevel(256, true);
        _cores.Changes.Should().Be(0);
    }

    [Fact]
    public void Reset_releases_the_lines_and_forgets_the_sources()
    {
        Program(1);
        _controller.Trigger(1);
        _controller.SetLevel(2, true);
        _controller.Reset();
        _cores[0].Should().Be(0);
        Write(0, Enable, ulong.MaxValue);
        Read(0, CoreIsr).Should().Be(0);
        Read(0, Isr).Should().Be(0);
    }
}
