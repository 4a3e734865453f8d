namespace LaKvm.Devices;

/// <summary>Power-off and reset.</summary>
/// <param name="address">First physical address.</param>
public sealed class PowerSlot(ulong address) : BoardSlot("ged", address, PowerController.Size, AccessWidths.Byte)
{
    /// <inheritdoc/>
    protected internal override IBusDevice Create(BoardWiring wiring) => new PowerController(wiring.Control);

    /// <inheritdoc/>
    protected internal override IEnumerable<FdtNode> Describe(BoardTree tree)
    {
        uint handle = tree.NewHandle();
        return
        [
            tree.Device(this, "syscon").Cells("reg-shift", 0).Cells("reg-io-width", 1).Cells("phandle", handle),
            Request("poweroff", handle, PowerController.SleepControl, PowerController.PowerOffValue),
            Request("reboot", handle, PowerController.ResetControl, PowerController.ResetValue),
        ];
    }

    /// <summary>What a kernel writes, and where, to ask for something.</summary>
    private static FdtNode Request(string name, uint registers, ulong offset, byte value) => new FdtNode(name)
        .Text("compatible", $"syscon-{name}")
        .Cells("regmap", registers)
        .Cells("offset", (uint)offset)
        .Cells("value", value);
}
