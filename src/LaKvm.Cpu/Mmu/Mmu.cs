namespace LaKvm.Cpu;

/// <summary>Kinds of access, which decide what is checked and how a fault is named.</summary>
internal enum Access
{
    /// <summary>A load.</summary>
    Load,

    /// <summary>A store.</summary>
    Store,

    /// <summary>An instruction fetch.</summary>
    Fetch,
}

/// <summary>Where a page is and what may be done with it.</summary>
internal struct Translation
{
    public ulong Physical;
    public bool Read;
    public bool Write;
    public bool Execute;

    /// <summary>Whether that holds in the current address space (ASID) only.</summary>
    public bool Local;
}

/// <summary>Address translation of both stages (manual volume 1, 5.2 to 5.4).</summary>
internal sealed unsafe class Mmu(CpuState* state, Modes modes, SoftTlbs softTlbs, Surroundings outside) : IDisposable
{
    /// <summary>Physical addresses have 48 bits.</summary>
    public const ulong PhysicalMask = (1UL << 48) - 1;
    private const ulong EloValid = 1, EloDirty = 2, EloNr = 1UL << 61, EloNx = 1UL << 62, EloRplv = 1UL << 63;
    private const int EloPlvShift = 2;

    private readonly CpuState* _state = state;
    private readonly Mode _root = modes.Root;

    /// <summary>Guest-physical to physical.</summary>
    public Tlb SecondStage { get; } = new();

    /// <summary>Translates an address of the current mode down to a physical address of the machine.</summary>
    public Trap Translate(ulong va, Access access, out Translation result)
    {
        Trap trap = TranslateFirstStage(va, access, out result);
        return trap == Trap.None && _state->Vm != 0 ? TranslateSecondStage(access, ref result) : trap;
    }

    /// <summary>
    /// Virtual to physical in root mode, to guest-physical in guest mode: direct address, then direct-map windows, then
    /// the TLB (manual volume 1, 5.2).
    /// </summary>
    private Trap TranslateFirstStage(ulong va, Access access, out Translation result)
    {
        CpuState* s = _state;
        Mode mode = modes.Current;
        result = new Translation { Physical = va & PhysicalMask, Read = true, Write = true, Execute = true };
        if ((mode[Csr.Crmd] & Crmd.Pg) == 0)
        {
            return Trap.None;
        }

        for (int i = 0; i < 4; i++)
        {
            ulong window = mode[Csr.Dmw0 + i];
            if (((window >> s->Plv) & 1) != 0 && (va ^ window) >> 60 == 0)
            {
                return Trap.None;
            }
        }

        if (!IsCanonical(va, mode))
        {
            s->TrapAddress = va;
            return access == Access.Fetch ? Trap.Adef : Trap.Adem;
        }

        int gid = s->Vm != 0 ? modes.RunningGid : 0;
        int index = mode.Tlb.Find(va, mode.Asid, gid, mode.StlbPageShift);
        if (index < 0)
        {
            s->TrapAddress = va;
            return Trap.Tlbr;
        }

        return CheckPage(mode.Tlb[index], va, access, ref result);
    }

    /// <summary>
    /// Guest-physical to physical. Faults here are root mode's: they leave the guest with the GPA as bad address. PLV
    /// and ASID are not compared at this stage (inferred; Linux's KVM fills PLV 0 and flushes without ASID).
    /// </summary>
    public Trap TranslateSecondStage(Access access, ref Translation result)
    {
        ulong gpa = result.Physical;
        _state->TrapAddress = gpa;

        // The PGD rule would walk root mode's own PGDH for such an address: it is invalid instead (inferred).
        if ((gpa >> 47) != 0)
        {
            return InvalidPage(access) | ExceptionUnit.ToRoot;
        }

        int index = SecondStage.Find(gpa, 0, modes.RunningGid, _root.StlbPageShift);
        if (index < 0)
        {
            return Trap.Tlbr | ExceptionUnit.ToRoot;
        }

        TlbPair* pair = SecondStage[index];
        ulong elo = pair->Half(gpa);
        if ((elo & EloValid) == 0)
        {
            return InvalidPage(access) | ExceptionUnit.ToRoot;
        }

        if (access == Access.Store && (elo & EloDirty) == 0)
        {
            return Trap.Pme | ExceptionUnit.ToRoot;
        }

        result.Physical = PageAddress(elo, pair->PageShift, gpa);
        result.Write &= (elo & EloDirty) != 0;
        return Trap.None;
    }

    /// <summary>Rights of a TLB entry, in the manual's order of checks (volume 1, 5.4.3.3).</summary>
    private Trap CheckPage(TlbPair* pair, ulong va, Access access, ref Translation result)
    {
        ulong elo = pair->Half(va);
        ulong plv = _state->Plv, pagePlv = (elo >> EloPlvShift) & 3;
        _state->TrapAddress = va;
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
    private static bool IsCanonical(ulong va, Mode mode)
    {
        if ((ulong)((long)(va << 16) >> 16) != va)
        {
            return false;
        }

        int reduced = (int)Math.Min(mode[Csr.Rvacfg] & 0xf, 8);
        return reduced == 0 || ((va >> (48 - reduced)) & ((1UL << reduced) - 1)) is 0 || (va >> 63) != 0;
    }

    /// <summary>Takes over the ASID of a mode.</summary>
    public void SelectAddressSpace(Mode mode)
    {
        outside.CannotRepeat();
        modes.SelectAddressSpace(mode);
    }

    /// <summary>Drops what was cached of translations in root (0) or guest (1) mode.</summary>
    public void FlushTranslations(int vm)
    {
        outside.CannotRepeat();
        softTlbs.FlushMode(vm);
    }

    /// <summary>The second stage's TLB is freed.</summary>
    public void Dispose() => SecondStage.Dispose();

    /// <summary>Bits above 47 repeat bit 47.</summary>
    internal static ulong SignExtendVppn(ulong value) => (ulong)((long)(value << 16) >> 16);
}
