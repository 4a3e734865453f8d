using System.Globalization;
using LaKvm.Architecture.Tests;
using LaKvm.Devices;
using LaKvm.Tests.Support;

namespace LaKvm.Machine.Tests;

public class BoardLayoutTests
{
    private static readonly BoardLayout _layout = BoardLayout.QemuVirt;

    [Fact]
    public void Memory_map_document_has_the_rows_of_the_layout()
    {
        IEnumerable<string> rows = _layout.Slots.OrderBy(s => s.Base).Select(s =>
            $"{s.Base:x} {s.Size:x} {(s.Pin == BoardSlot.NoPin ? "-" : s.Pin)} {s.Label}");
        Rows("Physical addresses").Select(c => $"{Hex(c[0]):x} {Hex(c[1]):x} {c[2]} {c[3]}").Should().Equal(rows);
    }

    [Fact]
    public void Memory_map_document_has_the_windows_of_the_iocsr_space()
    {
        using var machine = new BoardMachine(
            new BoardMachineOptions(), FixedSources.Create(), new RecordingCores(), new RecordingControl());
        Rows("IOCSR addresses").Select(c => $"{Hex(c[0]):x} {Hex(c[1]):x} {c[2]}").Should().Equal(
            machine.Iocsr.Windows.Select(w => $"{w.Base:x} {w.Size:x} {w.Name}"));
    }

    [Fact]
    public void Slots_do_not_overlap_and_drive_a_pin_each()
    {
        BoardSlot[] slots = [.. _layout.Slots.OrderBy(s => s.Base)];
        slots.Zip(slots.Skip(1)).Should().OnlyContain(pair => pair.First.Base + pair.First.Size <= pair.Second.Base);
        int[] pins = [.. slots.Select(s => s.Pin).Where(pin => pin != BoardSlot.NoPin)];
        pins.Should().OnlyHaveUniqueItems().And.OnlyContain(pin => pin < _layout.PchPic.Pins);
        slots.Select(s => s.Label).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void Device_of_a_new_kind_is_mapped_described_reset_and_ended_with_a_row_alone()
    {
        var slot = new LampSlot(0x1fe0_3000, pin: 28);
        BoardLayout layout = BoardLayout.QemuVirt.With([.. _layout.Slots, slot]);
        var cores = new RecordingCores();
        using (var machine = new BoardMachine(
            new BoardMachineOptions { Layout = layout }, FixedSources.Create(), cores, new RecordingControl()))
        {
            slot.Lamp!.Resets.Should().Be(1, "the machine starts from reset");
            machine.WriteMmio(0x1fe0_3000, 1, 1);
            slot.Lamp.Lit.Should().BeTrue();
            ((machine.ReadMmio(0x1000_0380, 4) >> 28) & 1).Should().Be(1, "its pin is high");
            machine.Reset();
            slot.Lamp.Resets.Should().Be(2);
        }

        slot.Lamp.Ended.Should().BeTrue();
        BoardDeviceTree.Build(layout, new()).At("lamp@1fe03000").CellsOf("interrupts").Should().Equal(28u, 4u);
    }

    [Fact]
    public void Device_of_a_new_kind_that_lies_on_another_is_refused()
    {
        BoardLayout layout = BoardLayout.QemuVirt.With([.. _layout.Slots, new LampSlot(0x1fe0_01e0, pin: 28)]);
        Action build = () => new BoardMachine(
            new BoardMachineOptions { Layout = layout }, FixedSources.Create(new FixedClock()), new RecordingCores(),
            new RecordingControl());
        build.Should().Throw<ArgumentException>().WithMessage("lamp*overlaps serial0*");
    }

    private static ulong Hex(string text) =>
        ulong.Parse(text[2..].Replace("_", "", StringComparison.Ordinal), NumberStyles.HexNumber);

    /// <summary>The cells of the first table under a heading.</summary>
    private static IEnumerable<string[]> Rows(string heading) => Repository.Read("docs/memory-map.md")
        .Split('\n')
        .SkipWhile(line => line != $"## {heading}")
        .SkipWhile(line => !line.StartsWith('|'))
        .TakeWhile(line => line.StartsWith('|'))
        .Skip(2)
        .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries));

    private sealed class LampSlot(ulong address, int pin)
        : BoardSlot("lamp", address, 1, AccessWidths.Byte, pin)
    {
        public Lamp? Lamp { get; private set; }

        protected internal override IBusDevice Create(BoardWiring wiring) =>
            Lamp = new Lamp(wiring.Line(this));

        protected internal override IEnumerable<FdtNode> Describe(BoardTree tree) => [tree.Device(this, "lakvm,lamp")];
    }

    private sealed class Lamp(IInterruptLine line) : IBusDevice, IDeviceState, IDisposable
    {
        public bool Lit { get; private set; }

        public int Resets { get; private set; }

        public bool Ended { get; private set; }

        public ulong Read(ulong offset, int size) => Lit ? 1UL : 0;

        public void Write(ulong offset, int size, ulong value)
        {
            Lit = value != 0;
            line.Set(Lit);
        }

        public void Reset()
        {
            Resets++;
            Write(0, 1, 0);
        }

        public void Dispose() => Ended = true;
    }
}
