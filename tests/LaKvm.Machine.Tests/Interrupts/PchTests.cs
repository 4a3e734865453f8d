using LaKvm.Devices;
using LaKvm.Diagnostics;

namespace LaKvm.Machine.Tests;

public class PchPicTests : DeviceContract
{
    private readonly RecordingVectors _vectors = new();
    private readonly PchPic _pic;

    public PchPicTests() => _pic = new PchPic(_vectors, 64);

    protected override IEnumerable<ulong> Holes => [0x10, 0xa0, 0x140, 0x240, 0x3f8];

    protected override DeviceUnderTest Make()
    {
        var pic = new PchPic(new RecordingVectors(), 64);
        return new DeviceUnderTest(pic, PchPic.Size, AccessWidths.All, pic.Reset);
    }

    [Theory]
    [InlineData(32, 0x001f_0001_0700_0000)]
    [InlineData(64, 0x003f_0001_0700_0000)]
    public void Id_names_the_number_of_pins_and_cannot_be_written(int pins, ulong id)
    {
        var pic = new PchPic(_vectors, pins);
        pic.Write(PchPic.Id, 8, 0);
        pic.Read(PchPic.Id, 8).Should().Be(id);
        Bits.Low(pic.Read(PchPic.Id + 4, 4), 4).Should().Be(id >> 32);
    }

    [Theory]
    [InlineData(PchPic.Mask, ulong.MaxValue)]
    [InlineData(PchPic.HtMsiEnable, 0)]
    [InlineData(PchPic.Edge, 0)]
    [InlineData(PchPic.Auto0, 0)]
    [InlineData(PchPic.Auto1, 0)]
    [InlineData(PchPic.Polarity, 0)]
    public void Storage_registers_have_their_reset_value_and_hold_every_width(ulong offset, ulong reset)
    {
        _pic.Read(offset, 8).Should().Be(reset);
        _pic.Write(offset, 8, 0x8877_6655_4433_2211);
        _pic.Write(offset + 4, 4, 0xddccbbaa);
        _pic.Write(offset, 1, 0x5a);
        _pic.Read(offset, 8).Should().Be(0xddcc_bbaa_4433_225a);
        Bits.Low(_pic.Read(offset + 4, 4), 4).Should().Be(0xddccbbaa);
        _pic.Reset();
        _pic.Read(offset, 8).Should().Be(reset);
    }

    [Fact]
    public void Every_pin_starts_masked_with_its_own_number_as_vector_and_the_first_output_as_route()
    {
        for (ulong pin = 0; pin < 64; pin++)
        {
            _pic.Write(PchPic.Vector + pin, 1, 99);
            _pic.Write(PchPic.Route + pin, 1, 2);
        }

        _pic.Reset();
        for (ulong pin = 0; pin < 64; pin++)
        {
            _pic.Read(PchPic.Vector + pin, 1).Should().Be(pin);
            _pic.Read(PchPic.Route + pin, 1).Should().Be(1);
        }
    }

    [Theory]
    [InlineData(PchPic.Route)]
    [InlineData(PchPic.Vector)]
    public void Byte_registers_hold_every_width(ulong offset)
    {
        _pic.Write(offset + 8, 8, 0x8877_6655_4433_2211);
        _pic.Write(offset + 9, 1, 0x5a);
        _pic.Read(offset + 8, 4).Should().Be(0x4433_5a11);
        _pic.Read(offset + 15, 1).Should().Be(0x88);
        _pic.Write(offset + 63, 1, 0x77);
        _pic.Read(offset + 63, 1).Should().Be(0x77);
    }

    [Fact]
    public void Bytes_of_absent_pins_read_as_zero()
    {
        var pic = new PchPic(_vectors, 32);
        pic.Write(PchPic.Vector + 28, 8, ulong.MaxValue);
        pic.Read(PchPic.Vector + 28, 8).Should().Be(0xffff_ffff);
        pic.SetPin(32, true);
        pic.Read(PchPic.Irr, 8).Should().Be(0);
    }

    [Fact]
    public void Masked_pin_requests_but_does_not_send()
    {
        _pic.Pin(5).Set(true);
        _pic.Read(PchPic.Irr, 8).Should().Be(1 << 5);
        _pic.Read(PchPic.Isr, 8).Should().Be(0);
        _vectors.High.Should().BeEmpty();
        _pic.Write(PchPic.Mask, 4, ~(1u << 5));
        _pic.Read(PchPic.Isr, 8).Should().Be(1 << 5);
        _vectors.High.Should().Equal(5);
        _pic.Write(PchPic.Mask, 4, uint.MaxValue);
        _vectors.High.Should().Equal(new[] { 5 }, "what is sent is sent");
        _pic.Read(PchPic.Irr, 8).Should().Be(1 << 5);
    }

    [Fact]
    public void Level_pin_follows_its_wire()
    {
        _pic.Write(PchPic.Mask, 8, 0);
        _pic.Pin(40).Set(true);
        _vectors.High.Should().Equal(40);
        _pic.Write(PchPic.Clear, 8, ulong.MaxValue);
        _vectors.High.Should().Equal(new[] { 40 }, "clear is for edge pins");
        _pic.Pin(40).Set(false);
        _vectors.High.Should().BeEmpty();
        _pic.Read(PchPic.Irr, 8).Should().Be(0);
    }

    [Fact]
    public void Level_pin_sends_one_message_when_it_rises_and_one_when_it_is_unmasked()
    {
        _pic.Write(PchPic.Mask, 8, 0);
        IInterruptLine wire = _pic.Pin(40);
        wire.Set(true);
        wire.Set(true);
        _pic.Write(PchPic.Mask, 8, 0);
        _pic.Write(PchPic.Polarity, 8, 0);
        _vectors.Sent.Should().Equal([40], "a pin that stays high says nothing new");
        _pic.Write(PchPic.Mask, 8, 1UL << 40);
        _pic.Write(PchPic.Mask, 8, 0);
        _vectors.Sent.Should().Equal(40, 40);
        wire.Set(false);
        wire.Set(true);
        _vectors.Sent.Should().Equal(40, 40, 40);
    }

    [Fact]
    public void Edge_pin_latches_its_rise_until_cleared()
    {
        _pic.Write(PchPic.Mask, 8, 0);
        _pic.Write(PchPic.Edge, 8, 1 << 3);
        _pic.Pin(3).Set(true);
        _pic.Pin(3).Set(false);
        _vectors.High.Should().Equal(3);
        _pic.Write(PchPic.Clear, 4, 1 << 3);
        _vectors.High.Should().BeEmpty();
        _pic.Pin(3).Set(true);
        _pic.Write(PchPic.Clear, 4, 1 << 3);
        _pic.Pin(3).Set(true);
        _vectors.High.Should().BeEmpty("the wire has not risen again");
        _pic.Read(PchPic.Clear, 8).Should().Be(0);
    }

    [Fact]
    public void Edge_pin_that_is_never_cleared_sends_one_message_for_each_rise()
    {
        _pic.Write(PchPic.Mask, 8, 0);
        _pic.Write(PchPic.Edge, 8, 1 << 3);
        for (int i = 1; i <= 5; i++)
        {
            _pic.Pin(3).Set(true);
            _vectors.Sent.Should().HaveCount(i);
            _pic.Pin(3).Set(false);
            _vectors.Sent.Should().HaveCount(i);
        }
    }

    [Fact]
    public void Every_assertion_of_an_edge_pin_is_an_edge()
    {
        _pic.Write(PchPic.Mask, 8, 0);
        _pic.Write(PchPic.Edge, 8, 1 << 3);
        _pic.SetPin(3, true);
        _pic.Write(PchPic.Clear, 4, 1 << 3);
        _pic.Read(PchPic.Irr, 8).Should().Be(0);
        _pic.SetPin(3, true);
        _pic.Read(PchPic.Irr, 8).Should().Be(1 << 3);
        _vectors.Sent.Should().Equal(3, 3);
    }

    [Fact]
    public void Vector_register_names_what_is_sent_next()
    {
        _pic.Write(PchPic.Mask, 8, 0);
        _pic.Pin(2).Set(true);
        _pic.Write(PchPic.Vector + 2, 1, 99);
        _vectors.Sent.Should().Equal(2);
        _pic.Pin(2).Set(false);
        _pic.Pin(2).Set(true);
        _vectors.Sent.Should().Equal(2, 99);
    }

    [Fact]
    public void Pins_that_share_a_vector_keep_it_high_together()
    {
        _pic.Write(PchPic.Mask, 8, 0);
        _pic.Write(PchPic.Vector + 2, 1, 3);
        _pic.Pin(2).Set(true);
        _pic.Pin(3).Set(true);
        _pic.Pin(2).Set(false);
        _vectors.High.Should().Equal(3);
        _pic.Pin(3).Set(false);
        _vectors.High.Should().BeEmpty();
    }

    [Fact]
    public void Request_registers_cannot_be_written()
    {
        _pic.Write(PchPic.Irr, 8, ulong.MaxValue);
        _pic.Write(PchPic.Isr, 8, ulong.MaxValue);
        _pic.Read(PchPic.Irr, 8).Should().Be(0);
        _pic.Read(PchPic.Isr, 8).Should().Be(0);
    }

    [Fact]
    public void Reset_masks_everything_and_keeps_the_wires()
    {
        _pic.Write(PchPic.Mask, 8, 0);
        _pic.Write(PchPic.Edge, 8, 8);
        _pic.Pin(2).Set(true);
        _pic.Pin(3).Set(true);
        _pic.Pin(3).Set(false);
        _pic.Reset();
        _vectors.High.Should().BeEmpty();
        _pic.Read(PchPic.Irr, 8).Should().Be(4);
        _pic.Read(PchPic.Isr, 8).Should().Be(0);
        _pic.Write(PchPic.Mask, 8, 0);
        _vectors.High.Should().Equal(2);
    }

    [Fact]
    public void Restored_registers_send_nothing_until_a_pin_is_unmasked()
    {
        _pic.Poke(PchPic.Mask, 8, ~(1UL << 62));
        _pic.Poke(PchPic.Irr, 8, 3UL << 62);
        _pic.Poke(PchPic.Isr, 8, 1UL << 62);
        _pic.Poke(PchPic.Vector + 63, 1, 200);
        _pic.Read(PchPic.Irr, 8).Should().Be(3UL << 62);
        _pic.Read(PchPic.Isr, 8).Should().Be(1UL << 62);
        _vectors.Sent.Should().BeEmpty();
        _pic.Write(PchPic.Mask, 8, 0);
        _vectors.Sent.Should().Equal([200], "pin 62 was not masked");
        _vectors.High.Add(62);
        _pic.SetPin(62, false);
        _vectors.High.Should().Equal([200], "its message was sent before");
    }

    [Fact]
    public void Requests_agree_with_a_model_after_random_traffic()
    {
        var random = new Random(5);
        ulong latched = 0;
        for (int i = 0; i < 20_000; i++)
        {
            ulong edges = _pic.Read(PchPic.Edge, 8);
            int pin = random.Next(64);
            ulong bit = 1UL << pin;
            switch (random.Next(4))
            {
                case 0:
                    latched |= bit;
                    _pic.SetPin(pin, true);
                    break;
                case 1:
                    latched &= ~bit | edges;
                    _pic.SetPin(pin, false);
                    break;
                case 2:
                    latched &= ~(bit & edges);
                    _pic.Write(PchPic.Clear, 8, bit);
                    break;
                default:
                    ulong register = random.Next(2) == 0 ? PchPic.Mask : PchPic.Edge;
                    _pic.Write(register, 8, (ulong)random.NextInt64(long.MinValue, long.MaxValue));
                    break;
            }

            _pic.Read(PchPic.Irr, 8).Should().Be(latched);
            (_pic.Read(PchPic.Isr, 8) & ~latched).Should().Be(0, "what does not ask has taken its message back");
            (latched & ~_pic.Read(PchPic.Mask, 8) & ~_pic.Read(PchPic.Isr, 8)).Should().Be(0, "what asks is sent");
        }
    }
}

public class PchMsiTests : DeviceContract
{
    protected override IEnumerable<ulong> Holes => [0, 4];

    protected override DeviceUnderTest Make() =>
        new(new PchMsi(new RecordingVectors(), 32, 224, new GuestErrorLog(null)), PchMsi.Size, AccessWidths.Word, null);

    [Theory]
    [InlineData(31, false)]
    [InlineData(32, true)]
    [InlineData(255, true)]
    [InlineData(256, false)]
    [InlineData(0xffff_ffff, false)]
    public void Doorbell_latches_vectors_of_its_range_and_logs_others(ulong vector, bool taken)
    {
        var vectors = new RecordingVectors();
        var lines = new List<string>();
        var msi = new PchMsi(vectors, 32, 224, new GuestErrorLog(lines.Add));
        msi.Write(0, 4, vector);
        vectors.Triggered.Should().Equal(taken ? [(int)vector] : []);
        lines.Should().HaveCount(taken ? 0 : 1);
    }

    [Fact]
    public void Second_word_is_not_the_doorbell()
    {
        var vectors = new RecordingVectors();
        new PchMsi(vectors, 32, 224, new GuestErrorLog(null)).Write(4, 4, 40);
        vectors.Triggered.Should().BeEmpty();
    }
}
