using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

public class ChipRegistersTests
{
    private readonly FixedClock _clock = new();
    private readonly List<ulong> _functions = [];
    private readonly ChipRegisters _chip;

    public ChipRegistersTests() => _chip = new ChipRegisters(() => _clock.Ticks, virtualMachine: false, _functions.Add);

    [Theory]
    [InlineData(ChipRegisters.Version, 0x11)]
    [InlineData(ChipRegisters.Features, 0b1_1110)]
    [InlineData(ChipRegisters.Vendor, 0x6e6f_7367_6e6f_6f4c)]
    [InlineData(ChipRegisters.Name, 0x0000_3030_3035_4133)]
    [InlineData(ChipRegisters.Function, 0)]
    public void Register_has_its_value_for_every_core_and_width(uint offset, ulong value)
    {
        _chip.Read(0, offset, 8).Should().Be(value);
        _chip.Read(63, offset, 8).Should().Be(value);
        Bits.Low(_chip.Read(1, offset + 4, 4), 4).Should().Be(value >> 32);
        Bits.Low(_chip.Read(1, offset + 1, 1), 1).Should().Be((value >> 8) & 0xff);
    }

    [Theory]
    [InlineData(ChipRegisters.Version)]
    [InlineData(ChipRegisters.Features)]
    [InlineData(ChipRegisters.Vendor)]
    [InlineData(ChipRegisters.Name)]
    [InlineData(ChipRegisters.NodeCounter)]
    [InlineData(0x100u)]
    public void Read_only_registers_ignore_writes(uint offset)
    {
        ulong before = _chip.Read(0, offset, 8);
        _chip.Write(0, offset, 8, ~before);
        _chip.Read(0, offset, 8).Should().Be(before);
    }

    [Fact]
    public void Node_counter_shows_the_clock()
    {
        _clock.Ticks = 0x0123_4567_89ab_cdef;
        _chip.Read(0, ChipRegisters.NodeCounter, 8).Should().Be(0x0123_4567_89ab_cdef);
    }

    [Fact]
    public void Features_tell_a_virtual_machine_from_the_chip() =>
        new ChipRegisters(() => _clock.Ticks, virtualMachine: true, null)
            .Read(0, ChipRegisters.Features, 8).Should().Be(0b1000_0001_1110);

    [Fact]
    public void Function_register_is_shared_by_all_cores_and_reported()
    {
        _chip.Write(0, ChipRegisters.Function, 8, 1UL << 49);
        _chip.Write(1, ChipRegisters.Function, 1, 0x80);
        _chip.Read(2, ChipRegisters.Function, 8).Should().Be((1UL << 49) | 0x80);
        _chip.Reset();
        _functions.Should().Equal(
            [1UL << 49, (1UL << 49) | 0x80, 1UL << 48], "there is no firmware that switches it on");
    }
}

public class PowerControllerTests : DeviceContract
{
    private readonly RecordingControl _control = new();

    protected override IEnumerable<ulong> Holes => [PowerController.SleepStatus];

    protected override DeviceUnderTest Make() =>
        new(new PowerController(new RecordingControl()), PowerController.Size, AccessWidths.Byte, null);

    [Theory]
    [InlineData(0, 0x34, 1, 0)]
    [InlineData(0, 0x14, 0, 0)]
    [InlineData(0, 0x24, 0, 0)]
    [InlineData(0, 0x42, 0, 0)]
    [InlineData(1, 0x34, 0, 0)]
    [InlineData(2, 0x42, 0, 1)]
    [InlineData(2, 0x34, 0, 0)]
    public void Only_the_right_value_at_the_right_register_acts(ulong offset, ulong value, int powerOffs, int reboots)
    {
        new PowerController(_control).Write(offset, 1, value);
        _control.PowerOffs.Should().Be(powerOffs);
        _control.Reboots.Should().Be(reboots);
    }
}

public class HostPortTests : DeviceContract
{
    private readonly HostPort _port = new(() => new TerminalSize(132, 50));

    protected override IEnumerable<ulong> Holes => [];

    protected override DeviceUnderTest Make() => new(_port, HostPort.Size, AccessWidths.Word, _port.Reset);

    [Fact]
    public void Exit_code_is_the_low_byte_of_what_was_written_last()
    {
        _port.Write(HostPort.ExitCodeRegister, 4, 3);
        _port.Write(HostPort.ExitCodeRegister, 4, 0x1_07);
        _port.Write(HostPort.TerminalRegister, 4, 9);

        _port.ExitCode.Should().Be(7);
        _port.Read(HostPort.ExitCodeRegister, 4).Should().Be(7);
    }

    [Fact]
    public void Terminal_size_is_columns_and_rows() =>
        _port.Read(HostPort.TerminalRegister, 4).Should().Be(50 << 16 | 132);
}

public class EmptyWindowTests : DeviceContract
{
    protected override IEnumerable<ulong> Holes => [0x60, 0x64, 0x3f8];

    protected override ulong Unmapped => ulong.MaxValue;

    protected override DeviceUnderTest Make() => new(new EmptyWindow(ulong.MaxValue), 0x4000, AccessWidths.All, null);
}
