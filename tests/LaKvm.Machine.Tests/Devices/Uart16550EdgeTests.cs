using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

/// <summary>What a controller hears that looks at the edges of the UART's interrupt.</summary>
public class Uart16550EdgeTests
{
    private const ulong Data = 0, InterruptEnable = 1, LineStatus = 5;

    private readonly RecordingLine _line = new();
    private readonly Uart16550 _uart;

    public Uart16550EdgeTests() => _uart = new Uart16550(_line, new RecordingSerial());

    private byte Read(ulong offset) => (byte)_uart.Read(offset, 1);

    private void Write(ulong offset, byte value) => _uart.Write(offset, 1, value);

    [Fact]
    public void Transmit_interrupt_falls_and_rises_with_every_byte()
    {
        Write(InterruptEnable, 2);
        for (int rises = 1; rises <= 3; rises++)
        {
            _line.Rises.Should().Be(rises);
            Write(Data, (byte)'x');
            _line.Level.Should().BeTrue();
        }
    }

    [Fact]
    public void Byte_that_arrives_asks_anew_though_another_interrupt_was_left_standing()
    {
        Write(InterruptEnable, 3);
        _line.Rises.Should().Be(1, "the transmitter is empty");
        foreach (int bytes in Enumerable.Range(1, 3))
        {
            _uart.Receive("x"u8);
            _line.Rises.Should().Be(1 + bytes);
            Read(LineStatus).Should().Be(0x61);
            Read(Data);
            Read(LineStatus).Should().Be(0x60);
            _line.Level.Should().BeTrue("the driver never asks which interrupt it is");
        }

        _line.Rises.Should().Be(4, "only what is new asks");
        Write(InterruptEnable, 2);
        _uart.Receive("x"u8);
        _line.Rises.Should().Be(4, "nobody wants to hear of bytes");
    }
}
