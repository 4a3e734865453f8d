using System.Runtime.CompilerServices;

namespace LaKvm.Cpu;

/// <summary>
/// The two modes of a core, which of them runs, and what follows from that for the registers' block: privilege,
/// software TLB, usable units.
/// </summary>
internal sealed unsafe class Modes(
    CpuState* state, Mode root, Mode guest, SoftTlbs softTlbs, InterruptUnit interrupts, PerformanceCounters counters)
{
    private readonly CpuState* _state = state;
    private readonly ulong* _rootValues = root.Values, _guestValues = guest.Values; // each exit comes to them twice

    /// <summary>Root mode.</summary>
    public Mode Root => root;

    /// <summary>The guest.</summary>
    public Mode Guest => guest;

    /// <summary>The mode that runs now.</summary>
    public Mode Current => _state->Vm != 0 ? guest : root;

    /// <summary>GSTAT.GID: the guest that runs, or would.</summary>
    public int RunningGid => (int)(root[Csr.Gstat] >> LvzFields.GidShift) & 0xff;

    /// <summary>Software TLB of the mode and privilege level that run now.</summary>
    public int CurrentTable
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => SoftTlb.TableOf(_state->Vm, _state->Plv, (_state->Csr[Csr.Crmd] & Crmd.Pg) == 0);
    }

    /// <summary>Whether a guest runs of which root mode traps what a bit of GCFG stands for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool GuestTraps(ulong enable) => _state->Vm != 0 && (_rootValues[Csr.Gcfg] & enable) != 0;

    /// <summary>
    /// Brings what depends on mode, privilege and EUEN up to date: to be called after CRMD, EUEN or GSTAT.VM changed.
    /// </summary>
    public void Switch()
    {
        // Nothing is read again that was just written.
        CpuState* s = _state;
        if (counters.AreEnabled)
        {
            counters.Stop();
        }

        uint vm = s->Vm;
        ulong* host = _rootValues, own = _guestValues, bank = vm != 0 ? own : host;
        ulong crmd = bank[Csr.Crmd], units = host[Csr.Euen];
        uint plv = (uint)(crmd & Crmd.PlvMask);
        s->Csr = bank;
        s->Plv = (byte)plv;
        s->Restricted = (byte)(vm != 0 && (host[Csr.Gcfg] & LvzFields.GcfgSit) != 0 ? plv | 1 : plv);
        s->Tlb = softTlbs.Table(SoftTlb.TableOf((int)vm, (int)plv, (crmd & Crmd.Pg) == 0));
        s->Units = (byte)(vm != 0 ? units & own[Csr.Euen] : units);
        if (counters.AreEnabled)
        {
            counters.Start();
        }

        interrupts.CheckInterrupts();
    }

    /// <summary>Takes over the ASID of a mode.</summary>
    public void SelectAddressSpace(Mode mode)
    {
        softTlbs.Select(mode.Vm, mode.Asid);
        UseTable();
    }

    /// <summary>The software TLB that is to be used may be another one than it was.</summary>
    public void UseTable() => _state->Tlb = softTlbs.Table(CurrentTable);
}
