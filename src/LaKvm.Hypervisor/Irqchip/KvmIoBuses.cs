namespace LaKvm.Hypervisor;

/// <summary>The buses of a VM (kvm->buses).</summary>
internal sealed class KvmIoBuses
{
    private readonly KvmIoBus _pio = new(), _ccw = new();

    /// <summary>In-kernel devices in the guest-physical space.</summary>
    internal KvmIoBus Mmio { get; } = new();

    /// <summary>In-kernel devices in the IOCSR space.</summary>
    internal KvmIoBus Iocsr { get; } = new();

    /// <summary>
    /// A bus that user space registers with. No guest instruction reaches those other than MMIO's: what is registered
    /// there is never met.
    /// </summary>
    internal KvmIoBus this[KvmBus bus] => bus switch
    {
        KvmBus.Mmio => Mmio,
        KvmBus.Pio => _pio,
        _ => _ccw,
    };
}
