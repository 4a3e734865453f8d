using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// The code behind a CPU's TLBRENTRY: walks the tables that PGDL points to and fills the TLB, knowing nothing of
/// guests. While one runs, PGDL holds its second-stage tables and GTLBC.TGID tags what is filled. For user code there
/// are no tables: <see cref="UserMode"/> knows its address space.
/// </summary>
internal sealed class RefillHandler(GpaTableGeometry geometry) : IRootMode
{
    private const int RootDirectory = 3;

    private readonly bool _fourLevels = geometry.Levels == 4;

    /// <summary>How often it ran: each time the guest's instruction is executed again.</summary>
    internal long Count { get; private set; }

    /// <summary>The user code that runs on the core; null while a guest does.</summary>
    internal UserMode? User { get; set; }

    public void TlbRefill(Core core)
    {
        if (User is { } user)
        {
            user.Refill(core);
            return;
        }

        Count++;
        // The tables lie in RAM and the walk is physical: nothing in it can trap.
        core.LoadDirectory(core.ReadCsr(Csr.Pgd), RootDirectory, out ulong table);
        if (_fourLevels)
        {
            core.LoadDirectory(table, 2, out table);
        }

        core.LoadDirectory(table, 1, out table);
        core.LoadPageEntry(table, 0);
        core.LoadPageEntry(table, 1);
        core.TlbFill();
        core.Ertn();
    }
}
