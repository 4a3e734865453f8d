namespace LaKvm.Hypervisor;

/// <summary>Where one global interrupt number (GSI) goes: a pin of the interrupt controller, or a message.</summary>
/// <param name="Gsi">The number.</param>
/// <param name="IsMessage">Message, or pin.</param>
/// <param name="Target">Pin, or data of the message: its vector.</param>
/// <param name="Address">Address of the message.</param>
public sealed record IrqRoute(uint Gsi, bool IsMessage, uint Target, ulong Address);

/// <summary>The routing table of a VM. Replaced as a whole, so that reading it takes no lock.</summary>
internal sealed class IrqRouting
{
    private readonly ILookup<uint, IrqRoute> _routes;

    internal IrqRouting(IEnumerable<IrqRoute> routes) => _routes = routes.ToLookup(r => r.Gsi);

    /// <summary>Nothing is routed.</summary>
    internal static IrqRouting None { get; } = new([]);

    /// <summary>GSI n is pin n of the interrupt controller.</summary>
    internal static IrqRouting Default { get; } = new(
        Enumerable.Range(0, KvmLimits.IrqChipPins).Select(pin => new IrqRoute((uint)pin, false, (uint)pin, 0)));

    internal IEnumerable<IrqRoute> this[uint gsi] => _routes[gsi];
}
