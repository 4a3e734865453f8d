namespace LaKvm.Cpu;

/// <summary>Root mode in C#: what a hypervisor's code behind TLBRENTRY does on hardware.</summary>
public interface IRootMode
{
    /// <summary>
    /// A second-stage translation is missing. The core is in root mode's TLB refill context: TLBRBADV holds the
    /// guest-physical address, GTLBC.TGID selects the guest. Fills the TLB and returns with <see cref="Core.Ertn"/>.
    /// </summary>
    void TlbRefill(Core core);
}
