namespace LaKvm.Cpu;

public sealed unsafe partial class Core
{
    private const ulong PhysicalMask = (1UL << 48) - 1;
    private const ulong EloValid = 1, EloDirty = 2, EloNr = 1UL << 61, EloNx = 1UL << 62, EloRplv = 1UL << 63;
    private const int EloPlvShift = 2;

    /// <summary>Kinds of access, which decide what is checked and how a fault is named.</summary>
    private enum Access
    {
        Load,
        Store,
        Fetch,
    }

    /// <summary>Where a page is and what may be done with it.</summary>
    private struct Translation
    {
        public ulong Physical;
        public bool Read;
        public bool Write;
        public bool Execute;

        /// <summary>Whether that holds in the current address space (ASID) only.</summary>
        public bool Local;
    }

    /// <summary>Translates an address of the current mode down to a physical address of the machine.</summary>
    private Trap Translate(ulong va, Access access, out Translation result)
    {
        Trap trap = TranslateFirstStage(va, access, out result);
        return trap == Trap.None && State->Vm != 0 ? TranslateSecondStage(access, ref result) : trap;
    }

    /// <summary>
    /// Virtual to physical in root mode, to guest-physical in guest mode: direct address, then direct-map windows, then
    /// the TLB (manual volume 1, 5.2).
    /// </summary>
    private Trap TranslateFirstStage(ulong va, Access access, out Translation result)
    {
        CpuState* s = State;
        CsrBank bank = Bank;
        result = new Translation { Physical = va & PhysicalMask, Read = true, Write = true, Execute = true };
        if ((bank[Csr.Crmd] & Crmd.Pg) == 0)
        {
            return Trap.None;
        }

        for (int i = 0; i < 4; i++)
        {
            ulong window = bank[Csr.Dmw0 + i];
            if (((window >> s->Plv) & 1) != 0 && (va ^ window) >> 60 == 0)
            {
                return Trap.None;
            }
        }

        if (!IsCanonical(va, bank))
        {
            s->TrapAddress = va;
            return access == Access.Fetch ? Trap.Adef : Trap.Adem;
        }

        Tlb tlb = s->Vm != 0 ? _guestTlb : _hostTlb;
        int gid = s->Vm != 0 ? RunningGid : 0;
        int index = tlb.Find(va, (int)bank[Csr.Asid] & 0x3ff, gid, (int)bank[Csr.Stlbps] & 0x3f);
        if (index < 0)
        {
            s->TrapAddress = va;
            return Trap.Tlbr;
        }

        return CheckPage(tlb[index], va, access, ref result);
    }

    /// <summary>
    /// Guest-physical to physical. Faults here are root mode's: they leave the guest with the GPA as bad address. PLV
    /// and ASID are not compared at this stage (inferred; Linux's KVM fills PLV 0 and flushes without ASID).
    /// </summary>
    private Trap TranslateSecondStage(Access access, ref Translation result)
    {
        ulong gpa = result.Physical;
        State->TrapAddress = gpa;

        // The PGD rule would walk root mode's own PGDH for such an address: it is invalid instead (inferred).
        if ((gpa >> 47) != 0)
        {
            return InvalidPage(access) | ToRoot;
        }

        int index = _stageTwoTlb.Find(gpa, 0, RunningGid, (int)_hostCsr[Csr.Stlbps] & 0x3f);
        if (index < 0)
        {
            return Trap.Tlbr | ToRoot;
        }

        TlbPair* pair = _stageTwoTlb[index];
        ulong elo = pair->Half(gpa);
        if ((elo & EloValid) == 0)
        {
            return InvalidPage(access) | ToRoot;
        }

        if (access == Access.Store && (elo & EloDirty) == 0)
        {
            return Trap.Pme | ToRoot;
        }

        result.Physical = PageAddress(elo, pair->PageShift, gpa);
        result.Write &= (elo & EloDirty) != 0;
        return Trap.None;
    }

    /// <summary>Rights of a TLB entry, in the manual's order of checks (volume 1, 5.4.3.3).</summary>
    private Trap CheckPage(TlbPair* pair, ulong va, Access access, ref Translation result)
    {
        ulong elo = pair->Half(va);
        ulong plv = State->Plv, pagePlv = (elo >> EloPlvShift) & 3;
        State->TrapAddress = va;
        if ((elo & EloValid) == 0)
        {
            return InvalidPage(access);
        }

        if (access == Access.Fetch && (elo & EloNx) != 0)
        {
            return Trap.Pnx;
        }

        if (access == Access.Load && (elo & EloNr) != 0)
        {
            return Trap.Pnr;
        }

        if ((elo & EloRplv) != 0 ? plv != pagePlv : plv > pagePlv)
        {
            return Trap.Ppi;
        }

        if (access == Access.Store && (elo & EloDirty) == 0)
        {
            return Trap.Pme;
        }

        result.Physical = PageAddress(elo, pair->PageShift, va);
        result.Read = (elo & EloNr) == 0;
        result.Write = (elo & EloDirty) != 0;
        result.Execute = (elo & EloNx) == 0;
        result.Local = !pair->Global;
        return Trap.None;
    }

    private int RunningGid => (int)(_hostCsr[Csr.Gstat] >> LvzFields.GidShift) & 0xff;

    private static Trap InvalidPage(Access access) =>
        access switch { Access.Load => Trap.Pil, Access.Store => Trap.Pis, _ => Trap.Pif };

    private static ulong PageAddress(ulong elo, int pageShift, ulong va)
    {
        ulong offset = (1UL << pageShift) - 1;
        return (elo & 0x0000_ffff_ffff_f000 & ~offset) | (va & offset);
    }

    /// <summary>
    /// Bits above VALEN repeat bit 47; RVACFG narrows user addresses further (manual volume 1, 5.2.3).
    /// </summary>
    private static bool IsCanonical(ulong va, CsrBank bank)
    {
        if ((ulong)((long)(va << 16) >> 16) != va)
        {
            return false;
        }

        int reduced = (int)Math.Min(bank[Csr.Rvacfg] & 0xf, 8);
        return reduced == 0 || ((va >> (48 - reduced)) & ((1UL << reduced) - 1)) is 0 || (va >> 63) != 0;
    }

    /// <summary>Takes over the ASID of a bank.</summary>
    private void SelectAddressSpace(CsrBank bank)
    {
        int vm = bank == _hostCsr ? 0 : 1, asid = (int)bank[Csr.Asid] & 0x3ff;
        _rehearsal?.Spoil();
        _softTlb.Select(vm, asid);
        _otherSoftTlb?.Select(vm, asid);
        State->Tlb = _softTlb.Table(CurrentTable);
    }

    /// <summary>One of the TLBs.</summary>
    internal Tlb TlbOf(TlbKind kind) => kind switch
    {
        TlbKind.Root => _hostTlb,
        TlbKind.Guest => _guestTlb,
        _ => _stageTwoTlb,
    };

    private TlbKind KindOf(Tlb tlb) =>
        tlb == _hostTlb ? TlbKind.Root : tlb == _guestTlb ? TlbKind.Guest : TlbKind.SecondStage;

    /// <summary>Empties the software TLBs, with what the engine knows about their pages.</summary>
    internal void ForgetPages()
    {
        _softTlb.Clear();
        _otherSoftTlb?.Clear();
    }

    /// <summary>Drops what was cached of translations in root (0) or guest (1) mode.</summary>
    private void FlushTranslations(int vm)
    {
        _rehearsal?.Spoil();
        _softTlb.FlushMode(vm);
        _otherSoftTlb?.FlushMode(vm);
    }
}
