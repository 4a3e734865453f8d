using LaKvm.Cpu;
using LaKvm.Memory;

namespace LaKvm.Hypervisor;

/// <summary>
/// KVM on one machine: what loading the module and enabling the hardware do, and where VMs are made. A machine has one,
/// whichever of its processes asks: it hands out the TLB tags of all guests, and the virtualization hardware is on
/// while any process has a VM.
/// </summary>
public sealed class KvmModule
{
    private const ulong GcfgMatpRoot = 1 << 1, GcfgSecureCacop = 1 << 18, GcfgPmu = 1 << 23;
    private const ulong GcfgMatcRoot = 1 << 4, GcfgGciSecure = 2 << 20;
    private const ulong GtlbcToti = 1 << 13;
    private const int InvalidateAllGuests = 0x12;

    private readonly Lock _lock = new();
    private int _users;

    internal KvmModule(HostMachine machine)
    {
        Machine = machine;
        int bits = (int)(machine.Cpus[0].Core.ReadCsr(Csr.Gstat) >> 4) & 0x3f;
        VpidMask = (1UL << bits) - 1;
        foreach (HostCpu cpu in machine.Cpus)
        {
            cpu.VpidCache = VpidMask + 1;
        }
    }

    /// <summary>The machine.</summary>
    public HostMachine Machine { get; }

    /// <summary>Implemented bits of GSTAT.GID, shifted down.</summary>
    internal ulong VpidMask { get; }

    /// <summary>Whether a guest may have the performance counters (GCFG).</summary>
    internal bool GuestPmu => (Machine.Cpus[0].Core.ReadCsr(Csr.Gcfg) & GcfgPmu) != 0;

    /// <summary>The machine's module, loaded on first use: ENODEV on a machine without LVZ.</summary>
    public static Errno Load(HostMachine machine, out KvmModule? module)
    {
        module = null;
        const uint lvz = 1 << 10;
        if ((La464.Cpucfg(2) & lvz) == 0)
        {
            return Errno.NoDev;
        }

        module = machine.Kvm;
        return Errno.None;
    }

    /// <summary>Makes a VM for a process.</summary>
    /// <exception cref="MemoryExhaustedException">The machine has no memory left for it.</exception>
    public KvmVm CreateVm(HostAddressSpace addressSpace)
    {
        lock (_lock)
        {
            if (_users++ == 0)
            {
                Machine.Scheduler.OnEachCpu(EnableVirtualization);
            }
        }

        try
        {
            return new KvmVm(this, addressSpace);
        }
        catch
        {
            DestroyVm();
            throw;
        }
    }

    /// <summary>A VM is gone.</summary>
    internal void DestroyVm()
    {
        lock (_lock)
        {
            if (--_users == 0)
            {
                Machine.Scheduler.OnEachCpu(DisableVirtualization);
            }
        }
    }

    private static void EnableVirtualization(HostCpu cpu)
    {
        Core core = cpu.Core;
        ulong caps = core.ReadCsr(Csr.Gcfg);
        ClearVirtualization(core);
        ulong config = ((caps & GcfgSecureCacop) != 0 ? GcfgGciSecure : 0)
            | ((caps & GcfgMatpRoot) != 0 ? GcfgMatcRoot : 0);
        core.ExchangeCsr(Csr.Gcfg, config, ulong.MaxValue);
        core.InvalidateTlb(InvalidateAllGuests, 0, 0);
        core.ExchangeCsr(Csr.Gtlbc, LvzFields.GtlbcUseTgid, LvzFields.GtlbcUseTgid);
        cpu.LastVcpu = null; // whatever was loaded is gone
    }

    private static void DisableVirtualization(HostCpu cpu)
    {
        ClearVirtualization(cpu.Core);
        cpu.Core.InvalidateTlb(InvalidateAllGuests, 0, 0);
        cpu.LastVcpu = null;
    }

    private static void ClearVirtualization(Core core)
    {
        core.ExchangeCsr(Csr.Gcfg, 0, ulong.MaxValue);
        core.ExchangeCsr(Csr.Gstat, 0, ulong.MaxValue);
        core.ExchangeCsr(Csr.Gintc, 0, ulong.MaxValue);
        core.ExchangeCsr(Csr.Gtlbc, 0, LvzFields.GtlbcUseTgid | GtlbcToti);
    }
}
