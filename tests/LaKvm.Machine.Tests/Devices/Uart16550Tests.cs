using System.Text;
using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

public class Uart16550Tests : DeviceContract
{
    private const ulong Data = 0, InterruptEnable = 1, InterruptId = 2, FifoControl = 2, LineControl = 3,
        ModemControl = 4, LineStatus = 5, ModemStatus = 6, Scratch = 7;

    private readonly RecordingLine _line = new();
    private readonly RecordingSerial _serial = new();
    private readonly Uart16550 _uart;

    public Uart16550Tests() => _uart = new Uart16550(_line, _serial);

    protected override IEnumerable<ulong> Holes => [];

    protected override DeviceUnderTest Make()
    {
        var uart = new Uart16550(new RecordingLine(), new RecordingSerial());
        return new DeviceUnderTest(uart, Uart16550.Size, AccessWidths.Byte, uart.Reset);
    }

    private byte Read(ulong offset) => (byte)_uart.Read(offset, 1);

    private void Write(ulong offset, byte value) => _uart.Write(offset, 1, value);

    private void Receive(string text) => _uart.Receive(Encoding.ASCII.GetBytes(text));

    [Fact]
    public void Driver_that_never_writes_the_modem_control_register_gets_its_bytes_and_interrupts()
    {
        Write(InterruptEnable, 0);
        Write(FifoControl, 7);
        Write(InterruptEnable, 1);
        Receive("abc");
        foreach (char expected in "abc")
        {
            _line.Level.Should().BeTrue();
            (Read(InterruptId) & 0xf).Should().Be(4);
            Read(Data).Should().Be((byte)expected);
        }

        _line.Level.Should().BeFalse();
    }

    [Fact]
    public void Software_that_polls_gets_each_key_at_once()
    {
        foreach (char key in "abc")
        {
            Read(LineStatus).Should().Be(0x60);
            Receive(key.ToString());
            Read(LineStatus).Should().Be(0x61);
            Read(Data).Should().Be((byte)key);
            Write(Data, (byte)key);
        }
    }

    [Theory]
    [InlineData(ModemControl, 2, true)]
    [InlineData(ModemControl, 1, false)]
    [InlineData(InterruptEnable, 1, true)]
    [InlineData(InterruptEnable, 2, false)]
    [InlineData(FifoControl, 7, false)]
    [InlineData(Data, 'x', false)]
    public void Software_listens_while_it_asserts_rts_or_enables_the_receive_interrupt(
        ulong register, byte value, bool listens)
    {
        Write(register, value);
        _uart.SoftwareListens.Should().Be(listens);
        Write(register, 0);
        _uart.SoftwareListens.Should().BeFalse("a driver that looks what the UART is sets bits for a moment");
    }

    [Fact]
    public void Software_does_not_listen_in_a_test_by_loop_back()
    {
        Write(ModemControl, 0x1a);
        Write(InterruptEnable, 0xf);
        _uart.SoftwareListens.Should().BeFalse();
        Write(ModemControl, 0xa);
        _uart.SoftwareListens.Should().BeTrue();
        _uart.Reset();
        _uart.SoftwareListens.Should().BeFalse();
    }

    [Fact]
    public void Software_listens_once_it_has_polled()
    {
        for (int i = 0; i < 1000; i++)
        {
            Read(LineStatus);
            Write(Data, (byte)'x');
        }

        _uart.SoftwareListens.Should().BeFalse("waiting for the transmitter is no polling for input");
        for (int i = 0; i < 64; i++)
        {
            _uart.SoftwareListens.Should().BeFalse();
            Read(LineStatus);
        }

        _uart.SoftwareListens.Should().BeTrue();
        Write(Data, (byte)'x');
        _uart.SoftwareListens.Should().BeTrue();
        Write(FifoControl, 7);
        _uart.SoftwareListens.Should().BeFalse("a driver begins anew");
    }

    [Theory]
    [InlineData(Data, 0x00)]
    [InlineData(InterruptEnable, 0x00)]
    [InlineData(InterruptId, 0x01)]
    [InlineData(LineControl, 0x00)]
    [InlineData(ModemControl, 0x00)]
    [InlineData(LineStatus, 0x60)]
    [InlineData(ModemStatus, 0xb0)]
    [InlineData(Scratch, 0x00)]
    public void Register_has_its_reset_value(ulong offset, byte value) => Read(offset).Should().Be(value);

    [Theory]
    [InlineData(InterruptEnable, 0x0f)]
    [InlineData(LineControl, 0x7f)]
    [InlineData(ModemControl, 0x1f)]
    [InlineData(Scratch, 0xff)]
    public void Register_holds_its_writable_bits(ulong offset, byte mask)
    {
        Write(offset, 0xff & 0x7f);
        Read(offset).Should().Be((byte)(mask & 0x7f));
        Write(offset, 0);
        Read(offset).Should().Be(0);
    }

    [Fact]
    public void Divisor_latch_replaces_the_first_two_registers()
    {
        Write(InterruptEnable, 0x5);
        Write(LineControl, 0x83);
        Write(0, 0x36);
        Write(1, 0x12);
        Read(0).Should().Be(0x36);
        Read(1).Should().Be(0x12);
        Write(LineControl, 0x03);
        Read(InterruptEnable).Should().Be(0x5);
        _serial.Sent.Should().BeEmpty();
        Write(LineControl, 0x80);
        Read(0).Should().Be(0x36);
    }

    [Fact]
    public void Bytes_written_go_out_in_order()
    {
        foreach (byte value in "boot"u8)
        {
            Write(Data, value);
            Read(LineStatus).Should().Be(0x60);
        }

        _serial.Sent.Should().Equal("boot"u8.ToArray());
    }

    [Fact]
    public void Bytes_received_come_in_order_with_data_ready()
    {
        Receive("ab");
        Read(LineStatus).Should().Be(0x61);
        Read(Data).Should().Be((byte)'a');
        Read(LineStatus).Should().Be(0x61);
        Read(Data).Should().Be((byte)'b');
        Read(LineStatus).Should().Be(0x60);
        Read(Data).Should().Be(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Long_input_is_never_overrun(bool fifo)
    {
        Write(FifoControl, (byte)(fifo ? 1 : 0));
        string text = new([.. Enumerable.Range(0, 1000).Select(i => (char)('a' + (i % 26)))]);
        Receive(text);
        var got = new StringBuilder();
        while ((Read(LineStatus) & 1) != 0)
        {
            (Read(LineStatus) & 2).Should().Be(0);
            got.Append((char)Read(Data));
        }

        got.ToString().Should().Be(text);
    }

    [Fact]
    public void Input_beyond_the_limit_is_refused()
    {
        Write(ModemControl, 2);
        _uart.Receive(new byte[Uart16550.InputLimit]).Should().Be(Uart16550.InputLimit);
        // One byte has gone on to the receive buffer.
        _uart.Receive(new byte[2]).Should().Be(1);
    }

    [Fact]
    public void Receive_interrupt_follows_data_when_enabled()
    {
        Receive("x");
        _line.Level.Should().BeFalse();
        Write(InterruptEnable, 1);
        _line.Level.Should().BeTrue();
        Read(InterruptId).Should().Be(0x04);
        Read(Data);
        _line.Level.Should().BeFalse();
        Read(InterruptId).Should().Be(0x01);
    }

    [Theory]
    [InlineData(0x01, 1)]
    [InlineData(0x41, 4)]
    [InlineData(0x81, 8)]
    [InlineData(0xc1, 14)]
    public void Fifo_below_its_trigger_reports_the_character_timeout(byte control, int trigger)
    {
        Write(FifoControl, control);
        Write(InterruptEnable, 1);
        Read(InterruptId).Should().Be(0xc1);
        for (int count = 1; count <= 16; count++)
        {
            Receive("x");
            _line.Level.Should().BeTrue();
            Read(InterruptId).Should().Be((byte)(count >= trigger ? 0xc4 : 0xcc));
        }
    }

    [Fact]
    public void Transmit_interrupt_rises_when_enabled_and_after_every_byte_and_is_answered_by_its_name()
    {
        Write(InterruptEnable, 2);
        _line.Level.Should().BeTrue();
        Read(InterruptId).Should().Be(0x02);
        _line.Level.Should().BeFalse();
        Read(InterruptId).Should().Be(0x01);
        Write(InterruptEnable, 2);
        _line.Level.Should().BeFalse("it was enabled already");
        Write(Data, (byte)'x');
        _line.Level.Should().BeTrue();
        Write(InterruptEnable, 0);
        _line.Level.Should().BeFalse();
    }

    [Fact]
    public void Reading_the_name_of_another_interrupt_keeps_the_transmit_interrupt()
    {
        Write(InterruptEnable, 3);
        Receive("x");
        Read(InterruptId).Should().Be(0x04);
        Read(Data);
        Read(InterruptId).Should().Be(0x02);
    }

    [Fact]
    public void Interrupts_have_their_priorities()
    {
        Write(InterruptEnable, 0xf);
        Write(ModemControl, 0x10);
        Write(ModemControl, 0x00);
        _uart.ReceiveBreak();
        Receive("");
        Read(InterruptId).Should().Be(0x06);
        (Read(LineStatus) & 0x10).Should().Be(0x10);
        Read(InterruptId).Should().Be(0x04);
        Read(Data).Should().Be(0, "a break is a zero byte");
        Read(InterruptId).Should().Be(0x02);
        Read(InterruptId).Should().Be(0x00);
        Read(ModemStatus);
        Read(InterruptId).Should().Be(0x01);
    }

    [Fact]
    public void Break_is_reported_once()
    {
        Write(ModemControl, 2);
        _uart.ReceiveBreak();
        Read(LineStatus).Should().Be(0x71);
        Read(LineStatus).Should().Be(0x61);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Break_is_reported_when_its_byte_is_the_next(byte fifoControl)
    {
        Write(FifoControl, fifoControl);
        Write(InterruptEnable, 4);
        Receive("x");
        _uart.ReceiveBreak();
        Receive("y");
        Read(InterruptId).Should().Be((byte)(fifoControl == 0 ? 1 : 0xc1), "the byte before it is sound");
        Read(LineStatus).Should().Be(0x61);
        Read(Data).Should().Be((byte)'x');
        Read(InterruptId).Should().Be((byte)(fifoControl == 0 ? 6 : 0xc6));
        Read(LineStatus).Should().Be(0x71);
        Read(Data).Should().Be(0);
        Read(LineStatus).Should().Be(0x61);
        Read(Data).Should().Be((byte)'y');
    }

    [Fact]
    public void Fifo_control_switches_and_clears()
    {
        Read(InterruptId).Should().Be(0x01);
        Write(FifoControl, 1);
        Read(InterruptId).Should().Be(0xc1);
        Receive("abc");
        Write(FifoControl, 3);
        Read(LineStatus).Should().Be(0x60);
        Receive("abc");
        Write(FifoControl, 0);
        Read(LineStatus).Should().Be(0x60);
        Read(InterruptId).Should().Be(0x01);
        Write(FifoControl, 0xc0);
        Write(InterruptEnable, 1);
        Receive("x");
        Read(InterruptId).Should().Be(0x04, "without the enable bit there is no FIFO and no trigger");
    }

    [Theory]
    [InlineData(0x1, 0x20)]
    [InlineData(0x2, 0x10)]
    [InlineData(0x4, 0x40)]
    [InlineData(0x8, 0x80)]
    public void Loop_back_connects_each_modem_output_to_its_input(byte output, byte input)
    {
        Write(ModemControl, 0x10);
        Read(ModemStatus);
        Write(ModemControl, (byte)(0x10 | output));
        byte raised = Read(ModemStatus);
        (raised & 0xf0).Should().Be(input);
        (raised & 0x0f).Should().Be(input == 0x40 ? 0 : input >> 4, "ring reports only its end");
        Write(ModemControl, 0x10);
        Read(ModemStatus).Should().Be((byte)(input >> 4));
        Read(ModemStatus).Should().Be(0);
    }

    [Fact]
    public void Loop_back_returns_bytes_and_sends_none()
    {
        Write(ModemControl, 0x12);
        Receive("outside");
        Write(Data, 0x42);
        Read(Data).Should().Be(0x42);
        Read(LineStatus).Should().Be(0x60);
        _serial.Sent.Should().BeEmpty();
        Write(ModemControl, 2);
        Read(Data).Should().Be((byte)'o');
    }

    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(1, 16, 1)]
    public void Loop_back_overruns_when_full(byte fifoControl, int room, byte first)
    {
        Write(FifoControl, fifoControl);
        Write(ModemControl, 0x10);
        for (int value = 1; value <= room + 1; value++)
        {
            Read(LineStatus).Should().Be((byte)(value == 1 ? 0x60 : 0x61));
            Write(Data, (byte)value);
        }

        Read(LineStatus).Should().Be(0x63);
        Read(LineStatus).Should().Be(0x61);
        Read(Data).Should().Be(first, "a FIFO keeps what it has, a single register takes the new byte");
    }

    [Fact]
    public void Reset_drops_input_and_interrupts()
    {
        Write(InterruptEnable, 1);
        Receive("abc");
        _uart.Reset();
        _line.Level.Should().BeFalse();
        Read(LineStatus).Should().Be(0x60);
    }
}
