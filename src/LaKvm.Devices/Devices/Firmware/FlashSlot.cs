namespace LaKvm.Devices;

/// <summary>Two banks of flash, where cores begin after reset. Without firmware they are empty.</summary>
/// <param name="address">First physical address.</param>
public sealed class FlashSlot(ulong address)
    : BoardSlot("flash", address, 2 * Flash.BankSize, AccessWidths.Byte | AccessWidths.Half | AccessWidths.Word)
{
    /// <inheritdoc/>
    protected internal override IBusDevice Create(BoardWiring wiring) => wiring.Options.Firmware is { } firmware
        ? new Flash(firmware.Code, firmware.Variables)
        : new EmptyWindow(0);

    /// <summary>Only a firmware needs to know.</summary>
    protected internal override IEnumerable<FdtNode> Describe(BoardTree tree) => tree.Devices.Firmware == null ? [] :
    [
        BoardTree.Node(Name, Base)
            .Text("compatible", "cfi-flash")
            .Wide("reg", Base, Flash.BankSize, Base + Flash.BankSize, Flash.BankSize)
            .Cells("bank-width", sizeof(uint)),
    ];
}
