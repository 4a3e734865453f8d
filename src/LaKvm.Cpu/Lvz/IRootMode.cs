namespace LaKvm.Cpu;

/// <summary>
/// Root mode in C#: what a hypervisor's code behind TLBRENTRY does on hardware. Its owner may also run code at PLV1 to
/// PLV3 of root mode: every exception of that ends the engine's run call with <see cref="RunExit.GuestExit"/>.
/// </summary>
public interface IRootMode
{
    /// <summary>
    /// A translation is missing, and the core is in root mode's TLB refill context. Of the second stage, if TLBRPRMD
    /// says that a guest was running: TLBRBADV holds the guest-physical address, GTLBC.TGID selects the guest. Else of
    /// the code that root mode runs at PLV1 to PLV3. Fills the TLB and returns with <see cref="Core.Ertn"/>.
    /// </summary>
    void TlbRefill(Core core);
}
