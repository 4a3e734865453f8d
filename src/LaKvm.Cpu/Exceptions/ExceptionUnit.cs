using System.Numerics;
using System.Runtime.CompilerServices;

namespace LaKvm.Cpu;

/// <summary>Exception entry and return, within a mode and between root mode and guest.</summary>
internal sealed unsafe class ExceptionUnit(
    Core core, CpuState* state, Modes modes, InterruptUnit interrupts, CoreDebug debug)
{
    private readonly CpuState* _state = state;
    private readonly Mode _root = modes.Root, _guest = modes.Guest;

    /// <summary>Marks a trap that goes to root mode although a guest is running: an exit.</summary>
    public const Trap ToRoot = (Trap)0x8000;

    /// <summary>See <see cref="Core.RootMode"/>.</summary>
    public IRootMode? RootMode { get; set; }

    /// <summary>
    /// Delivers the exception that an instruction at <see cref="CpuState.Pc"/> raised: sets ERA, ESTAT, BADV, BADI,
    /// mode and PC. Returns <see cref="Trap.Refetch"/>, or <see cref="Trap.Leave"/> when this leaves guest mode, or
    /// user code, for a root mode that the engine's caller owns.
    /// </summary>
    public Trap RaiseException(Trap trap, uint word)
    {
        CpuState* s = _state;
        Trap code = trap & ~ToRoot;
        s->Events.Faults++;
        bool leaves = s->Vm != 0 ? (trap & ToRoot) != 0 || GoesToRoot(code) : InUserCode;
        debug.Observer?.Raising(core, code, word, leaves || s->Vm == 0);
        if (leaves)
        {
            return code == Trap.Tlbr ? EnterRootRefill() : EnterRoot(code, word, (int)code & 0x3f);
        }

        Mode mode = modes.Current;
        mode.Watch.Entered(code, s->Pc, s->TrapAddress, word);
        if (code == Trap.Tlbr)
        {
            CountRefill(isFetch: word == 0);
            EnterRefill(mode, 0);
        }
        else
        {
            EnterVector(mode, code, word, (int)code & 0x3f);
        }

        return Trap.Refetch;
    }

    private void CountRefill(bool isFetch)
    {
        ref EventCounts events = ref _state->Events;
        ref ulong count = ref isFetch ? ref events.FetchRefills : ref events.DataRefills;
        count++;
    }

    /// <summary>
    /// Takes an interrupt that can be delivered, if there is one. Physical interrupts come before the guest's own
    /// (inferred).
    /// </summary>
    public Trap TakeInterrupt()
    {
        if (interrupts.DeliverableToRoot)
        {
            int number = BitOperations.Log2(interrupts.HostPending & _root[Csr.Ecfg] & Estat.IsMask);
            _root.Watch.Returned();
            (ulong pc, bool fromGuest) = (_state->Pc, _state->Vm != 0);
            Trap trap = EnterRoot(Trap.None, 0, 64 + number);
            debug.Observer?.Interrupted(core, number, pc, fromGuest, toRoot: true);
            return trap;
        }

        if (_state->Vm != 0 && interrupts.DeliverableToGuest)
        {
            int number = BitOperations.Log2(interrupts.GuestPending & _guest[Csr.Ecfg] & Estat.IsMask);
            _guest.Watch.Returned();
            ulong pc = _state->Pc;
            EnterVector(_guest, Trap.None, 0, 64 + number);
            debug.Observer?.Interrupted(core, number, pc, fromGuest: true, toRoot: false);
            return Trap.Refetch;
        }

        return Trap.None;
    }

    /// <summary>
    /// Of the exceptions that guest code raises, those that leave guest mode by their kind: trapped resources,
    /// hypervisor calls, and units that the guest has enabled but root mode has not (the guest's own EUEN comes first).
    /// </summary>
    private bool GoesToRoot(Trap code)
    {
        ulong guestUnits = _guest[Csr.Euen];
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
        get => _state->Plv != 0 && RootMode != null;
    }

    /// <summary>
    /// General exception or interrupt into root mode; from a guest, or from user code below an owner of root mode, this
    /// is the exit. The guest CSR file stays untouched (Linux's exception entry reads PVM as "was guest").
    /// </summary>
    private Trap EnterRoot(Trap code, uint word, int vector)
    {
        bool exit = _state->Vm != 0 || InUserCode;
        if (_state->Vm != 0)
        {
            _root[Csr.Gstat] |= LvzFields.GstatPvm;
            _state->Vm = 0;
        }

        EnterVector(_root, code, word, vector);
        if (!exit || RootMode == null)
        {
            return Trap.Refetch;
        }

        interrupts.PendingExit = RunExit.GuestExit;
        return Trap.Leave;
    }

    /// <summary>
    /// TLB refill for the second stage, or for user code: root mode's refill context remembers whether a guest was
    /// running (inferred).
    /// </summary>
    private Trap EnterRootRefill()
    {
        ulong previous = _state->Vm != 0 ? LvzFields.TlbrprmdPreviousGuest : 0;
        _state->Vm = 0;
        EnterRefill(_root, previous);
        RootMode?.TlbRefill(core);
        return Trap.Refetch;
    }

    /// <summary>General exception entry (manual volume 1, 6.2.2 and 6.2.3).</summary>
    private void EnterVector(Mode mode, Trap code, uint word, int vector)
    {
        CpuState* s = _state;
        ulong* bank = mode.Values;
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
        modes.Switch();
    }

    /// <summary>TLB refill exception entry (manual volume 1, 5.4.3.2 and 7.5.11 to 7.5.19).</summary>
    private void EnterRefill(Mode mode, ulong previousGuest)
    {
        CpuState* s = _state;
        ulong* bank = mode.Values;
        ulong crmd = bank[Csr.Crmd];
        bank[Csr.Tlbrprmd] = (crmd & (Crmd.PlvMask | Crmd.Ie)) | previousGuest | ((crmd & Crmd.We) >> 5);
        bank[Csr.Crmd] = (crmd & ~(Crmd.PlvMask | Crmd.Ie | Crmd.We | Crmd.Pg)) | Crmd.Da;
        bank[Csr.Tlbrbadv] = s->TrapAddress;
        bank[Csr.Tlbrehi] = (s->TrapAddress & CsrTable.VppnBits) | (bank[Csr.Tlbrehi] & 0x3f);
        bank[Csr.Tlbrera] = (s->Pc & ~3UL) | 1;
        s->Pc = bank[Csr.Tlbrentry];
        modes.Switch();
    }

    /// <summary>
    /// ertn: returns from the exception that is being handled (manual volume 1, 4.2.6.1). In root mode this is also how
    /// a guest is entered: general exceptions return to the mode in GSTAT.PVM, TLB refills to the one in TLBRPRMD.
    /// </summary>
    public void Ertn()
    {
        CpuState* s = _state;
        Mode mode = modes.Current;
        ulong* bank = mode.Values;
        bool root = s->Vm == 0;
        if (mode.InRefill)
        {
            // A refill's ertn leaves LLbit alone, or no ll/sc pair could straddle two pages (Linux relies on it).
            ulong saved = bank[Csr.Tlbrprmd];
            bank[Csr.Crmd] = (bank[Csr.Crmd] & ~(Crmd.PlvMask | Crmd.Ie | Crmd.We | Crmd.Da)) | Crmd.Pg
                | (saved & (Crmd.PlvMask | Crmd.Ie)) | ((saved & 0x10) << 5);
            s->Pc = bank[Csr.Tlbrera] & ~3UL;
            bank[Csr.Tlbrera] &= ~1UL;
            mode.Watch.RefillReturned();
            s->Vm = (byte)(!root || (saved & LvzFields.TlbrprmdPreviousGuest) != 0 ? 1 : 0);
        }
        else
        {
            ulong saved = bank[Csr.Prmd];
            bank[Csr.Crmd] = (bank[Csr.Crmd] & ~(Crmd.PlvMask | Crmd.Ie | Crmd.We))
                | (saved & (Crmd.PlvMask | Crmd.Ie)) | ((saved & 8) << 6);
            s->Pc = bank[Csr.Era];
            ClearLlbitUnlessKept(mode);
            mode.Watch.Returned();
            s->Vm = (byte)(!root || (bank[Csr.Gstat] & LvzFields.GstatPvm) != 0 ? 1 : 0);
        }

        modes.Switch();
        debug.Observer?.Returned(core, root);
    }

    /// <summary>
    /// GSTAT.PVM, for the owner of root mode: whether the next <see cref="Ertn"/> enters the guest. As a write of GSTAT
    /// with that bit, which changes nothing else.
    /// </summary>
    public bool ErtnEntersGuest
    {
        set
        {
            ref ulong gstat = ref _root[Csr.Gstat];
            gstat = value ? gstat | LvzFields.GstatPvm : gstat & ~LvzFields.GstatPvm;
        }
    }

    /// <summary>
    /// For the owner of root mode: <see cref="Ertn"/> to PLV0 at <paramref name="pc"/>, with root mode's interrupts on.
    /// Done for each exit, so without asking what ERA and PRMD are.
    /// </summary>
    public void ErtnTo(ulong pc)
    {
        ulong* host = _root.Values;
        host[Csr.Era] = pc;
        host[Csr.Prmd] = (host[Csr.Prmd] & ~Crmd.PlvMask) | Crmd.Ie;
        Ertn();
    }

    /// <summary>
    /// For the owner of root mode: what its CSRs hold behind an exit, as <see cref="Core.ReadCsr"/> reads them.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ReadExit(out ulong era, out ulong estat, out ulong badv, out uint badi)
    {
        ulong* host = _root.Values;
        era = host[Csr.Era];
        estat = host[Csr.Estat] | interrupts.HostLines;
        badv = host[Csr.Badv];
        badi = (uint)host[Csr.Badi];
    }

    /// <summary>LLBCTL.KLO keeps LLbit over one ertn (manual volume 1, 7.4.21).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ClearLlbitUnlessKept(Mode mode)
    {
        ulong* bank = mode.Values;
        if ((bank[Csr.Llbctl] & 4) == 0)
        {
            _state->Llbit[mode.Vm] = 0;
        }

        bank[Csr.Llbctl] &= ~4UL;
    }
}
