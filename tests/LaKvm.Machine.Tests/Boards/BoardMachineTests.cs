using LaKvm.Devices;
using LaKvm.Diagnostics;
using LaKvm.Tests.Support;

namespace LaKvm.Machine.Tests;

public sealed class BoardMachineTests : IDisposable
{
    private const ulong Pic = 0x1000_0000, Uart0 = 0x1fe0_01e0;
    private readonly RecordingCores _cores = new();
    private readonly RecordingControl _control = new();
    private readonly RecordingSerial _serial = new();
    private readonly List<string> _errors = [];
    private readonly BoardMachine _machine;

    public BoardMachineTests() => _machine = new BoardMachine(
        new BoardMachineOptions
        {
            Cores = 5,
            RamSize = 0x1004_0000,
            Devices = new BoardDeviceOptions { Serial = [_serial] },
            GuestErrors = new GuestErrorLog(_errors.Add),
        },
        FixedSources.Create(new FixedClock()), _cores, _control);

    public void Dispose() => _machine.Dispose();

    /// <summary>
    /// What Linux writes before the first interrupt: switch on the EIOINTC, enable and route a pin's vector.
    /// </summary>
    private void ProgramPin(int pin)
    {
        _machine.WriteIocsr(0, 0x14c0, 4, 0x02020202);
        _machine.WriteIocsr(0, 0x1600, 4, 0xffffffff);
        _machine.WriteMmio(Pic + 0x200 + (ulong)pin, 1, (ulong)pin);
        _machine.WriteMmio(Pic + 0x20, 4, ~(1u << pin));
    }

    [Fact]
    public void Ram_is_where_the_board_says()
    {
        _machine.Memory.Blocks.Select(b => (b.Base, b.Size)).Should()
            .Equal((0UL, 0x1000_0000UL), (0x8000_0000UL, 0x4_0000UL));
    }

    [Fact]
    public void Serial_interrupt_reaches_core_0_on_the_line_the_tree_names()
    {
        ProgramPin(2);
        _machine.WriteMmio(Uart0 + 1, 1, 1);
        _machine.WriteMmio(Uart0 + 4, 1, 2);
        _machine.Devices.Uarts[0].Receive("x"u8);
        _cores[0].Should().Be(1u << BoardLayout.EiointcLine);
        _machine.ReadIocsr(0, 0x1800, 8).Should().Be(4);
        _machine.WriteIocsr(0, 0x1800, 8, 4);
        _cores[0].Should().Be(0, "the port has sent its message");
        _machine.WriteMmio(Pic + 0x20, 4, uint.MaxValue);
        _machine.WriteMmio(Pic + 0x20, 4, ~4u);
        _cores[0].Should().NotBe(0, "the port still has data");
        _machine.ReadMmio(Uart0, 1).Should().Be((byte)'x');
        _cores[0].Should().Be(0);
    }

    [Fact]
    public void Edge_pin_that_is_acknowledged_at_the_eiointc_only_interrupts_once_for_each_edge()
    {
        ProgramPin(2);
        _machine.WriteMmio(Pic + 0x60, 4, 4);
        for (int i = 0; i < 5; i++)
        {
            _machine.WriteMmio(Uart0 + 1, 1, 2);
            _cores[0].Should().NotBe(0);
            _machine.ReadMmio(Uart0 + 2, 1);
            _machine.WriteIocsr(0, 0x1800, 8, 4);
            _cores[0].Should().Be(0);
            _machine.WriteMmio(Uart0 + 1, 1, 0);
            _cores[0].Should().Be(0);
        }
    }

    [Fact]
    public void Nothing_is_delivered_while_the_chip_function_is_cleared()
    {
        ProgramPin(2);
        _machine.WriteMmio(Uart0 + 1, 1, 2);
        _cores[0].Should().NotBe(0, "the function is set without firmware");
        _machine.WriteIocsr(0, 0x420, 8, 0);
        _cores[0].Should().Be(0);
        _machine.WriteIocsr(0, 0x420, 8, 1UL << 48);
        _cores[0].Should().NotBe(0);
    }

    [Fact]
    public void Chip_function_bit_49_makes_pin_numbers()
    {
        ProgramPin(2);
        _machine.WriteIocsr(0, 0x420, 8, 3UL << 48);
        _machine.WriteIocsr(0, 0x14c0, 1, 7);
        _machine.WriteMmio(Uart0 + 1, 1, 2);
        _cores[0].Should().Be(1u << (CoreLine.Hardware0 + 7));
    }

    [Fact]
    public void Message_at_the_doorbell_reaches_core_0()
    {
        ProgramPin(2);
        _machine.WriteIocsr(0, 0x1604, 4, 0xffffffff);
        _machine.WriteMmio(0x2ff0_0000, 4, 33);
        _machine.ReadIocsr(0, 0x1800, 8).Should().Be(1UL << 33);
    }

    [Fact]
    public void Interrupts_between_cores_work_across_nodes()
    {
        _machine.WriteIocsr(4, 0x1004, 4, 0xffffffff);
        _machine.WriteIocsr(0, 0x1040, 4, (4 << 16) | 1);
        _cores[4].Should().Be(1u << CoreLine.Ipi);
    }

    [Fact]
    public void Console_output_leaves_through_the_first_port()
    {
        _machine.WriteMmio(Uart0, 1, (byte)'!');
        _serial.Sent.Should().Equal((byte)'!');
        _machine.ReadMmio(Uart0 + 5, 1).Should().Be(0x60);
    }

    [Fact]
    public void Every_serial_port_answers_at_its_address()
    {
        UartSlot[] ports = [.. BoardLayout.QemuVirt.Slots.OfType<UartSlot>()];
        ports.Should().HaveCount(4);
        ports.Should().OnlyContain(port => _machine.ReadMmio(port.Base + 5, 1) == 0x60);
    }

    [Fact]
    public void Power_registers_reach_the_machine_control()
    {
        _machine.WriteMmio(0x100e_001c, 1, 0x34);
        _machine.WriteMmio(0x100e_001e, 1, 0x42);
        _control.PowerOffs.Should().Be(1);
        _control.Reboots.Should().Be(1);
    }

    [Fact]
    public void Absent_keyboard_controller_reads_as_ones()
    {
        _machine.ReadMmio(0x1800_0064, 1).Should().Be(0xff);
        _machine.WriteMmio(0x1800_0060, 1, 0xaa);
        _errors.Should().BeEmpty();
    }

    [Fact]
    public void Clock_answers_at_its_address() =>
        _machine.ReadMmio(0x100d_0140, 4).Should().Be(0x2900);

    [Fact]
    public void Access_to_nothing_reads_zero_and_is_reported()
    {
        _machine.ReadMmio(0x3000_0000, 8).Should().Be(0);
        _machine.ReadIocsr(0, 0x8000, 4).Should().Be(0);
        _errors.Should().HaveCount(2);
    }

    // As QEMU 11.1's virt machine answers, but for its fw_cfg and platform bus, and the legacy ports that it has not.
    [Theory]
    [InlineData(0x1000_0000, 4, true)]
    [InlineData(0x1000_0400, 4, false)]
    [InlineData(0x100d_0140, 4, true)]
    [InlineData(0x100d_0140, 2, false)]
    [InlineData(0x100d_0200, 4, false)]
    [InlineData(0x100e_001c, 1, true)]
    [InlineData(0x100e_001c, 4, false)]
    [InlineData(0x1600_0000, 4, false)]
    [InlineData(0x1fe0_01e0, 8, true)]
    [InlineData(0x1fe0_01e8, 1, false)]
    [InlineData(0x1fe0_1140, 4, false)]
    [InlineData(0x2ff0_0000, 4, true)]
    [InlineData(0x2ff0_0008, 4, false)]
    [InlineData(0x3000_0000, 1, false)]
    [InlineData(0x3fff_fff8, 8, false)]
    [InlineData(0x10_0000_0000, 8, false)]
    [InlineData(0xffff_ffff_fff8, 8, false)]
    public void Address_where_nothing_is_answers_no_access_and_is_reported(ulong address, int size, bool answers)
    {
        _machine.Answers(address, size).Should().Be(answers);
        _errors.Should().HaveCount(answers ? 0 : 1);
    }

    [Theory]
    [InlineData(0x1800_4000, ulong.MaxValue)]
    [InlineData(0x2000_1000, ulong.MaxValue)]
    [InlineData(0x27ff_fff8, ulong.MaxValue)]
    [InlineData(0x4000_0000, ulong.MaxValue)]
    [InlineData(0x7fff_fff8, ulong.MaxValue)]
    [InlineData(0x1c00_0000, 0)]
    [InlineData(0x1dff_fff8, 0)]
    public void Missing_PCI_host_reads_as_a_bus_without_devices_and_flash_as_zeros(ulong address, ulong value)
    {
        _machine.Answers(address, 8).Should().BeTrue();
        _machine.WriteMmio(address, 8, 0x1234);
        _machine.ReadMmio(address, 8).Should().Be(value);
        _errors.Should().BeEmpty();
    }

    [Fact]
    public void Every_device_of_the_tree_with_registers_is_on_the_bus()
    {
        foreach (FdtNode node in BoardDeviceTree.Build(BoardLayout.QemuVirt, new()).Children.Where(n => n.Has("reg")))
        {
            ulong address = node.CellsOf("reg")[1];
            bool known = node.Name.StartsWith("memory", StringComparison.Ordinal)
                ? _machine.Memory.Find(address) != null
                : node.Name.StartsWith("eiointc", StringComparison.Ordinal)
                    ? _machine.Iocsr.Windows.Any(w => w.Base == address)
                    : _machine.Mmio.Windows.Any(w => w.Base == address);
            known.Should().BeTrue("{0} is described", node.Name);
        }
    }

    [Fact]
    public void Bus_windows_do_not_cover_ram()
    {
        foreach (BusWindow<IBusDevice> window in _machine.Mmio.Windows)
        {
            _machine.Memory.Find(window.Base).Should().BeNull();
        }
    }

    [Fact]
    public void Reset_releases_every_line()
    {
        ProgramPin(2);
        _machine.WriteMmio(Uart0 + 1, 1, 2);
        _machine.WriteIocsr(4, 0x1004, 4, 1);
        _machine.WriteIocsr(4, 0x1008, 4, 1);
        _machine.Reset();
        _cores[0].Should().Be(0);
        _cores[4].Should().Be(0);
        _machine.ReadIocsr(0, 0x420, 8).Should().Be(1UL << 48);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    public void Impossible_numbers_of_cores_are_refused(int cores)
    {
        var options = new BoardMachineOptions { Cores = cores };
        Action build = () => new BoardMachine(options, FixedSources.Create(new FixedClock()), _cores, _control);
        build.Should().Throw<ArgumentOutOfRangeException>();
    }
}
