using System.Runtime.CompilerServices;

namespace LaKvm.Cpu;

public sealed unsafe partial class Core
{
    /// <summary>Marks a trap that goes to root mode although a guest is running: an exit.</summary>
    internal const Trap ToRoot = (Trap)0x8000;

    /// <summary>
    /// Delivers the exception that an instruction at <see cref="CpuState.Pc"/> raised: sets ERA, ESTAT, BADV, BADI,
    /// mode and PC. Returns <see cref="Trap.Refetch"/>, or <see cref="Trap.Leave"/> when this leaves guest mode, or
    /// user code, for a root mode that the engine's caller owns.
    /// </summary>
    public Trap RaiseException(Trap trap, uint word)
    {
        CpuState* s = State;
        Trap code = trap & ~ToRoot;
        bool leaves = s->Vm != 0 ? (trap & ToRoot) != 0 || GoesToRoot(code) : InUserCode;
        Debug.Observer?.Raising(this, code, word, leaves || s->Vm == 0);
        if (leaves)
        {
            return code == Trap.Tlbr ? EnterRootRefill() : EnterRoot(code, word, (int)code & 0x3f);
        }

        CsrBank bank = Bank;
        WatchOf(s->Vm == 0).Entered(code, s->Pc, s->TrapAddress, word);
        if (code == Trap.Tlbr)
        {
            EnterRefill(bank, 0);
        }
        else
        {
            EnterVector(bank, code, word, (int)code & 0x3f);
        }

        return Trap.Refetch;
    }

    /// <summary>
    /// Root mode is going to have the guest take an exception at <paramref name="pc"/>, by changing its CSRs: it counts
    /// for the report of a guest that does nothing but fault.
    /// </summary>
    public void WatchInjected(Trap code, ulong pc, ulong address, uint word) =>
        _guestWatch.Entered(code, pc, address, word);

    /// <summary>
    /// Of the exceptions that guest code raises, those that leave guest mode by their kind: trapped resources,
    /// hypervisor calls, and units that the guest has enabled but root mode has not (the guest's own EUEN comes first).
    /// </summary>
    private bool GoesToRoot(Trap code)
    {
        ulong guestUnits = _guestCsr[Csr.Euen];
        return code switch
        {
            Trap.Gspr or Trap.Hvc => true,
            Trap.Fpd => (guestUnits & 1) != 0,
            Trap.Sxd => (guestUnits & 2) != 0,
            Trap.Asxd => (guestUnits & 4) != 0,
            Trap.Btd => (guestUnits & 8) != 0,
            _ => false,
        };
    }

    /// <summary>
    /// Where no guest runs, whether code of PLV1 to PLV3 does while C# owns PLV0: each of its exceptions is for the
    /// owner.
    /// </summary>
    private bool InUserCode
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => State->Plv != 0 && RootMode != null;
    }

    /// <summary>
    /// General exception or interrupt into root mode; from a guest, or from user code below an owner of root mode, this
    /// is the exit. The guest CSR file stays untouched (Linux's exception entry reads PVM as "was guest").
    /// </summary>
    private Trap EnterRoot(Trap code, uint word, int vector)
    {
        bool exit = State->Vm != 0 || InUserCode;
        if (State->Vm != 0)
        {
            _hostCsr[Csr.Gstat] |= LvzFields.GstatPvm;
            State->Vm = 0;
        }

        EnterVector(_hostCsr, code, word, vector);
        if (!exit || RootMode == null)
        {
            return Trap.Refetch;
        }

        PendingExit = RunExit.GuestExit;
        return Trap.Leave;
    }

    /// <summary>
    /// TLB refill for the second stage, or for user code: root mode's refill context remembers whether a guest was
    /// running (inferred).
    /// </summary>
    private Trap EnterRootRefill()
    {
        ulong previous = State->Vm != 0 ? LvzFields.TlbrprmdPreviousGuest : 0;
        State->Vm = 0;
        EnterRefill(_hostCsr, previous);
        RootMode?.TlbRefill(this);
        return Trap.Refetch;
    }

    /// <summary>General exception entry (manual volume 1, 6.2.2 and 6.2.3).</summary>
    private void EnterVector(CsrBank bank, Trap code, uint word, int vector)
    {
        CpuState* s = State;
        ulong crmd = bank[Csr.Crmd];
        bank[Csr.Prmd] = (crmd & (Crmd.PlvMask | Crmd.Ie)) | ((crmd & Crmd.We) >> 6);
        bank[Csr.Crmd] = crmd & ~(Crmd.PlvMask | Crmd.Ie | Crmd.We);
        bank[Csr.Era] = s->Pc;
        bank[Csr.Estat] = (bank[Csr.Estat] & ~Estat.CodeMask) | ((ulong)code << Estat.EcodeShift);
        if (code != Trap.None)
        {
            bank[Csr.Badi] = word;
        }

        if (code is >= Trap.Pil and <= Trap.Ppi or Trap.Adef or Trap.Adem or Trap.Ale or Trap.Bce)
        {
            bank[Csr.Badv] = s->TrapAddress;
        }

        if (code is >= Trap.Pil and <= Trap.Ppi)
        {
            bank[Csr.Tlbehi] = s->TrapAddress & CsrTable.VppnBits;
        }

        int spacing = (int)(bank[Csr.Ecfg] >> 16) & 7;
        s->Pc = bank[Csr.Eentry] + (spacing == 0 ? 0 : (ulong)vector * (4UL << spacing));
        SwitchMode();
    }

    /// <summary>TLB refill exception entry (manual volume 1, 5.4.3.2 and 7.5.11 to 7.5.19).</summary>
    private void EnterRefill(CsrBank bank, ulong previousGuest)
    {
        CpuState* s = State;
        ulong crmd = bank[Csr.Crmd];
        bank[Csr.Tlbrprmd] = (crmd & (Crmd.PlvMask | Crmd.Ie)) | previousGuest | ((crmd & Crmd.We) >> 5);
        bank[Csr.Crmd] = (crmd & ~(Crmd.PlvMask | Crmd.Ie | Crmd.We | Crmd.Pg)) | Crmd.Da;
        bank[Csr.Tlbrbadv] = s->TrapAddress;
        bank[Csr.Tlbrehi] = (s->TrapAddress & CsrTable.VppnBits) | (bank[Csr.Tlbrehi] & 0x3f);
        bank[Csr.Tlbrera] = (s->Pc & ~3UL) | 1;
        s->Pc = bank[Csr.Tlbrentry];
        SwitchMode();
    }

    /// <summary>
    /// ertn: returns from the exception that is being handled (manual volume 1, 4.2.6.1). In root mode this is also how
    /// a guest is entered: general exceptions return to the mode in GSTAT.PVM, TLB refills to the one in TLBRPRMD.
    /// </summary>
    public void Ertn()
    {
        CpuState* s = State;
        CsrBank bank = Bank;
        bool root = s->Vm == 0;
        if (InRefill(bank))
        {
            // A refill's ertn leaves LLbit alone, or no ll/sc pair could straddle two pages (Linux relies on it).
            ulong saved = bank[Csr.Tlbrprmd];
            bank[Csr.Crmd] = (bank[Csr.Crmd] & ~(Crmd.PlvMask | Crmd.Ie | Crmd.We | Crmd.Da)) | Crmd.Pg
                | (saved & (Crmd.PlvMask | Crmd.Ie)) | ((saved & 0x10) << 5);
            s->Pc = bank[Csr.Tlbrera] & ~3UL;
            bank[Csr.Tlbrera] &= ~1UL;
            WatchOf(root).RefillReturned();
            s->Vm = (byte)(!root || (saved & LvzFields.TlbrprmdPreviousGuest) != 0 ? 1 : 0);
        }
        else
        {
            ulong saved = bank[Csr.Prmd];
            bank[Csr.Crmd] = (bank[Csr.Crmd] & ~(Crmd.PlvMask | Crmd.Ie | Crmd.We))
                | (saved & (Crmd.PlvMask | Crmd.Ie)) | ((saved & 8) << 6);
            s->Pc = bank[Csr.Era];
            ClearLlbitUnlessKept(bank);
            WatchOf(root).Returned();
            s->Vm = (byte)(!root || (bank[Csr.Gstat] & LvzFields.GstatPvm) != 0 ? 1 : 0);
        }

        SwitchMode();
        Debug.Observer?.Returned(this, root);
    }

    /// <summary>
    /// GSTAT.PVM, for the owner of root mode: whether the next <see cref="Ertn"/> enters the guest. As a write of GSTAT
    /// with that bit, which changes nothing else.
    /// </summary>
    public bool ErtnEntersGuest
    {
        set
        {
            ref ulong gstat = ref _hostCsr[Csr.Gstat];
            gstat = value ? gstat | LvzFields.GstatPvm : gstat & ~LvzFields.GstatPvm;
        }
    }

    /// <summary>
    /// For the owner of root mode: <see cref="Ertn"/> to PLV0 at <paramref name="pc"/>, with root mode's interrupts on.
    /// Done for each exit, so without asking what ERA and PRMD are.
    /// </summary>
    public void ErtnTo(ulong pc)
    {
        ulong* host = _hostCsr.Values;
        host[Csr.Era] = pc;
        host[Csr.Prmd] = (host[Csr.Prmd] & ~Crmd.PlvMask) | Crmd.Ie;
        Ertn();
    }

    /// <summary>
    /// For the owner of root mode: what its CSRs hold behind an exit, as <see cref="ReadCsr"/> reads them.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ReadExit(out ulong era, out ulong estat, out ulong badv, out uint badi)
    {
        ulong* host = _hostCsr.Values;
        era = host[Csr.Era];
        estat = host[Csr.Estat] | HostLines;
        badv = host[Csr.Badv];
        badi = (uint)host[Csr.Badi];
    }

    /// <summary>LLBCTL.KLO keeps LLbit over one ertn (manual volume 1, 7.4.21).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ClearLlbitUnlessKept(CsrBank bank)
    {
        if ((bank[Csr.Llbctl] & 4) == 0)
        {
            State->Llbit[bank == _hostCsr ? 0 : 1] = 0;
        }

        bank[Csr.Llbctl] &= ~4UL;
    }
}
