using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// The floating-point and vector registers: loaded when the guest first uses them, saved when the vCPU is put. Until then
/// the host's EUEN keeps the units off, and the guest's first use exits.
/// </summary>
public sealed unsafe partial class KvmVcpu
{
    private const ulong EuenFpe = 1, EuenSxe = 2, EuenAsxe = 4;
    private const int BytesPerVector = 32;

    /// <summary>Units whose registers are in the core, as EUEN bits.</summary>
    private ulong _unitsLoaded;

    /// <summary>Units that the guest's CPUCFG announces, as EUEN bits.</summary>
    private ulong GuestUnits
    {
        get
        {
            uint word = _cpucfg[2];
            ulong units = (word & CpucfgBits.Fp) != 0 ? EuenFpe : 0;
            units |= (word & CpucfgBits.Lsx) != 0 ? EuenSxe : 0;
            return units | ((word & CpucfgBits.Lasx) != 0 ? EuenAsxe : 0);
        }
    }

    /// <summary>KVM_GET_FPU.</summary>
    public void GetFpu(KvmFpu* fpu)
    {
        Synchronize();
        fpu->Fcsr = _registers.Fcsr;
        fpu->Fcc = _registers.Fcc;
        Buffer.MemoryCopy(_registers.Vector, fpu->Registers, 32 * BytesPerVector, 32 * BytesPerVector);
    }

    /// <summary>KVM_SET_FPU.</summary>
    public void SetFpu(KvmFpu* fpu)
    {
        Synchronize();
        _registers.Fcsr = fpu->Fcsr;
        _registers.Fcc = fpu->Fcc;
        Buffer.MemoryCopy(fpu->Registers, _registers.Vector, 32 * BytesPerVector, 32 * BytesPerVector);
    }

    /// <summary>Gives the guest the widest unit it has, with its registers.</summary>
    private void OwnFpu()
    {
        ulong units = GuestUnits;
        if (_unitsLoaded == units)
        {
            return;
        }

        Core core = _core!;
        CpuState* s = core.State;
        s->Fcsr = _registers.Fcsr;
        *(ulong*)s->Fcc = _registers.Fcc;
        Buffer.MemoryCopy(_registers.Vector, s->Vr, 32 * BytesPerVector, 32 * BytesPerVector);
        core.ExchangeCsr(Csr.Euen, units, units);
        _unitsLoaded = units;
        Trace(TraceEvent.Aux, 0, units);
    }

    private void LoseFpu(Core core)
    {
        if (_unitsLoaded == 0)
        {
            return;
        }

        CpuState* s = core.State;
        _registers.Fcsr = s->Fcsr;
        _registers.Fcc = *(ulong*)s->Fcc;
        Buffer.MemoryCopy(s->Vr, _registers.Vector, 32 * BytesPerVector, 32 * BytesPerVector);
        core.ExchangeCsr(Csr.Euen, 0, _unitsLoaded);
        Trace(TraceEvent.Aux, 1, _unitsLoaded);
        _unitsLoaded = 0;
    }

    /// <summary>
    /// A unit that the host keeps off was used: the guest gets it, or INE if its CPUCFG does not have it.
    /// </summary>
    private int HandleUnitDisabled(ulong unit)
    {
        if ((GuestUnits & unit) == 0)
        {
            QueueException(Trap.Ine);
        }
        else if ((_unitsLoaded & unit) != 0)
        {
            RunPage->ExitReason = KvmExitReason.InternalError;
            RunPage->InternalSuberror = 0;
            RunPage->InternalDataCount = 0;
            return ResumeHost;
        }
        else
        {
            SetRequest(KvmRequest.FpuLoad);
        }

        return ResumeGuest;
    }
}
