using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// The code behind the host's TLBRENTRY: walks the tables that PGDL points to and fills the TLB, knowing nothing of
/// guests. While one runs, PGDL holds its second-stage tables and GTLBC.TGID tags what is filled.
/// </summary>
internal sealed class RefillHandler : IRootMode
{
    internal static readonly RefillHandler Instance = new();

    public void TlbRefill(Core core)
    {
        ulong table = core.ReadCsr(Csr.Pgd);
        table = core.Lddir(table, 3); // root
        table = core.Lddir(table, 1);
        core.Ldpte(table, 0);
        core.Ldpte(table, 1);
        core.TlbFill();
        core.Ertn();
    }
}
