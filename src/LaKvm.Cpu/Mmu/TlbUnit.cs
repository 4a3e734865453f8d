namespace LaKvm.Cpu;

/// <summary>The TLB, tags and CSRs that a TLB instruction works on.</summary>
internal readonly record struct TlbTarget(Tlb Tlb, Mode Mode, int Gid, int SoftMode)
{
    /// <summary>Page size of the STLB: second-stage entries are root mode's, guest entries the guest's.</summary>
    public int StlbPageShift { get; init; }
}

/// <summary>TLB maintenance (manual volume 1, 4.2.4) and the LVZ forms of invtlb.</summary>
internal sealed unsafe class TlbUnit(
    CpuState* state, Modes modes, Mmu mmu, SoftTlbs softTlbs, CoreDebug debug, Surroundings outside)
{
    private const ulong NotExisting = 1UL << 31;

    private readonly CpuState* _state = state;
    private readonly Mode _root = modes.Root, _guest = modes.Guest;

    private delegate bool TlbFilter(in TlbPair pair, in TlbMatch match);

    private readonly record struct TlbMatch(int Asid, ulong Address);

    /// <summary>TLBSRCH on the current mode's TLB, or on the guest's from root mode (gtlbsrch).</summary>
    public static void TlbSearch(TlbTarget view)
    {
        Mode mode = view.Mode;
        ulong address = Mmu.SignExtendVppn((mode.InRefill ? mode[Csr.Tlbrehi] : mode[Csr.Tlbehi]) & ~0x1fffUL);
        int index = view.Tlb.Find(address, mode.Asid, view.Gid, view.StlbPageShift);
        mode[Csr.Tlbidx] = index < 0
            ? mode[Csr.Tlbidx] | NotExisting
            : (mode[Csr.Tlbidx] & ~(NotExisting | 0xfff)) | (uint)index;
    }

    /// <summary>TLBRD.</summary>
    public void TlbRead(TlbTarget view)
    {
        Mode mode = view.Mode;
        int index = (int)mode[Csr.Tlbidx] & 0xfff;
        TlbPair pair = index < Tlb.Entries ? *view.Tlb[index] : default;
        bool refill = mode.InRefill;
        bool exists = pair.Exists && pair.Gid == view.Gid;
        ulong ehi = exists ? pair.Address & CsrTable.VppnBits : 0;
        mode[refill ? Csr.Tlbrelo0 : Csr.Tlbelo0] = exists ? pair.Elo0 : 0;
        mode[refill ? Csr.Tlbrelo1 : Csr.Tlbelo1] = exists ? pair.Elo1 : 0;
        mode[Csr.Asid] = (mode[Csr.Asid] & ~0x3ffUL) | (exists ? pair.Asid : 0u);
        ulong shift = exists ? pair.PageShift : 0u;
        mode[Csr.Tlbidx] = (mode[Csr.Tlbidx] & 0xfff) | (shift << 24) | (exists ? 0 : NotExisting);
        mode[refill ? Csr.Tlbrehi : Csr.Tlbehi] = refill ? ehi | shift : ehi;
        mmu.SelectAddressSpace(mode);
    }

    /// <summary>TLBWR: the entry that TLBIDX names.</summary>
    public void TlbWrite(TlbTarget view)
    {
        int index = (int)view.Mode[Csr.Tlbidx] & 0xfff;
        if (index < Tlb.Entries)
        {
            Install(view, index, PairFromCsrs(view));
        }
    }

    /// <summary>TLBFILL: an entry of the hardware's choice.</summary>
    public void TlbFill(TlbTarget view)
    {
        TlbPair pair = PairFromCsrs(view);
        if (pair.Exists)
        {
            // The same page must not match twice, as it would if a handler filled what was there already.
            int existing = view.Tlb.Find(pair.Address, pair.Asid, pair.Gid, view.StlbPageShift);
            int index = existing >= 0 ? existing : view.Tlb.Victim(pair.Address, pair.PageShift, view.StlbPageShift);
            if (existing >= 0 && view.Tlb[existing]->PageShift != pair.PageShift)
            {
                Drop(view, existing);
                index = view.Tlb.Victim(pair.Address, pair.PageShift, view.StlbPageShift);
            }

            Install(view, index, pair);
        }
    }

    /// <summary>
    /// TLBCLR (of what matches ASID or is in the set) and TLBFLUSH: here both drop all that the mode may see.
    /// </summary>
    public void TlbClear(TlbTarget view)
    {
        debug.TlbInvalidated(0, (ulong)view.Gid << LvzFields.GidShift, 0);
        DropAll(view);
    }

    /// <summary>
    /// invtlb of the current mode. False if <paramref name="op"/> is none of its forms. In root mode rj carries the GID
    /// in bits 23:16 and the ASID in bits 9:0.
    /// </summary>
    public bool InvalidateTlb(int op, ulong rj, ulong rk)
    {
        debug.TlbInvalidated(op, rj, rk);
        if (_state->Vm != 0 || op <= 6)
        {
            return op <= 6 && InvalidateBase(CurrentTlb, op, rj, rk);
        }

        int gid = (int)(rj >> LvzFields.GidShift) & 0xff;
        switch (op)
        {
            case >= 0x9 and <= 0xe:
                return InvalidateBase(GuestView(gid), op - 8, rj, rk);
            case 0x10 or 0x11 or 0x12:
                InvalidateAllGuests(op);
                return true;
            case 0x13 or 0x14 or 0x15:
                InvalidateGuest(op, gid);
                return true;
            case 0x16:
                InvalidateAddress(StageTwoView(gid), static (in TlbPair p, in TlbMatch m) => p.Covers(m.Address),
                    new TlbMatch(0, rk));
                mmu.FlushTranslations(1); // what is cached by virtual address cannot be found by the guest-physical one
                return true;
            default:
                return false;
        }
    }

    private bool InvalidateBase(TlbTarget view, int op, ulong rj, ulong rk)
    {
        TlbFilter? filter = op switch
        {
            0 or 1 => static (in TlbPair _, in TlbMatch _) => true,
            2 => static (in TlbPair p, in TlbMatch _) => p.Global,
            3 => static (in TlbPair p, in TlbMatch _) => !p.Global,
            4 => static (in TlbPair p, in TlbMatch m) => !p.Global && p.Asid == m.Asid,
            5 => static (in TlbPair p, in TlbMatch m) => !p.Global && p.Asid == m.Asid && p.Covers(m.Address),
            6 => static (in TlbPair p, in TlbMatch m) => (p.Global || p.Asid == m.Asid) && p.Covers(m.Address),
            _ => null,
        };
        if (filter == null)
        {
            return false;
        }

        var match = new TlbMatch((int)rj & 0x3ff, rk);
        if (op >= 5)
        {
            InvalidateAddress(view, filter, match);
        }
        else
        {
            Invalidate(view, filter, match);
        }

        return true;
    }

    private void DropAll(TlbTarget view) => Invalidate(view, static (in TlbPair _, in TlbMatch _) => true, default);

    private TlbKind KindOf(Tlb tlb) =>
        tlb == _root.Tlb ? TlbKind.Root : tlb == _guest.Tlb ? TlbKind.Guest : TlbKind.SecondStage;

    private void InvalidateAllGuests(int op)
    {
        if (op != 0x11)
        {
            _guest.Tlb.Clear();
        }

        if (op != 0x10)
        {
            mmu.SecondStage.Clear();
        }

        mmu.FlushTranslations(1);
    }

    private void InvalidateGuest(int op, int gid)
    {
        if (op != 0x14)
        {
            DropAll(GuestView(gid));
        }

        if (op != 0x13)
        {
            DropAll(StageTwoView(gid));
        }
    }

    private void Invalidate(TlbTarget view, TlbFilter filter, in TlbMatch match)
    {
        for (int index = 0; index < Tlb.Entries; index++)
        {
            TlbPair* pair = view.Tlb[index];
            if (pair->Exists && pair->Gid == view.Gid && filter(*pair, match))
            {
                view.Tlb.Clear(index);
            }
        }

        mmu.FlushTranslations(view.SoftMode);
    }

    /// <summary>By address only one STLB set and the MTLB can hold a match.</summary>
    private void InvalidateAddress(TlbTarget view, TlbFilter filter, in TlbMatch match)
    {
        int set = (int)(match.Address >> (view.StlbPageShift + 1)) & (Tlb.StlbSets - 1);
        for (int index = set; index < Tlb.StlbEntries; index += Tlb.StlbSets)
        {
            DropIf(view, index, filter, match);
        }

        for (int index = Tlb.StlbEntries; index < Tlb.Entries; index++)
        {
            DropIf(view, index, filter, match);
        }
    }

    private void DropIf(TlbTarget view, int index, TlbFilter filter, in TlbMatch match)
    {
        TlbPair* pair = view.Tlb[index];
        if (pair->Exists && pair->Gid == view.Gid && filter(*pair, match))
        {
            Drop(view, index);
        }
    }

    private void Install(TlbTarget view, int index, in TlbPair pair)
    {
        outside.CannotRepeat();
        Drop(view, index);
        view.Tlb.Write(index, pair);

        // An entry that was there for the same page may have been used with other rights.
        FlushSoft(view, pair);
        debug.TlbWritten(KindOf(view.Tlb), view.Tlb, index);
    }

    private void Drop(TlbTarget view, int index)
    {
        if (view.Tlb[index]->Exists)
        {
            outside.CannotRepeat();
            FlushSoft(view, *view.Tlb[index]);
            view.Tlb.Clear(index);
        }
    }

    private void FlushSoft(TlbTarget view, in TlbPair pair)
    {
        if (view.Tlb == mmu.SecondStage)
        {
            return; // Eviction is invisible; what must be seen, invtlb flushes whole.
        }

        ulong start = Mmu.SignExtendVppn(pair.Address & ~(pair.Span - 1));
        int asid = pair.Global ? SoftTlb.AllSpaces : pair.Asid;
        softTlbs.FlushRange(view.SoftMode, asid, start, pair.Span);
    }

    /// <summary>
    /// The entry that the CSRs describe. The manual does not say what one of a size that PRCFG2 has not is: here it is
    /// a pair of invalid pages of the smallest size, so that an access raises an exception of an invalid page, as
    /// behind a walk through such an entry in QEMU 11.1, and neither translates anything nor asks for a refill without
    /// end (inferred).
    /// </summary>
    private TlbPair PairFromCsrs(TlbTarget view)
    {
        Mode mode = view.Mode;
        bool refill = mode.InRefill;
        ulong elo0 = mode[refill ? Csr.Tlbrelo0 : Csr.Tlbelo0];
        ulong elo1 = mode[refill ? Csr.Tlbrelo1 : Csr.Tlbelo1];
        int shift = (int)(refill ? mode[Csr.Tlbrehi] : mode[Csr.Tlbidx] >> 24) & 0x3f;
        bool isSize = CsrTable.IsPageSize(shift);
        bool second = view.Tlb == mmu.SecondStage;
        ulong address = (refill ? mode[Csr.Tlbrehi] : mode[Csr.Tlbehi]) & CsrTable.VppnBits;
        return new TlbPair
        {
            Address = second ? address : Mmu.SignExtendVppn(address),
            Elo0 = isSize ? elo0 : 0,
            Elo1 = isSize ? elo1 : 0,
            Asid = (ushort)(mode[Csr.Asid] & 0x3ff),
            PageShift = (byte)(isSize ? shift : CsrTable.SmallestPageShift),
            Gid = (byte)view.Gid,
            Global = second || (elo0 & elo1 & 0x40) != 0,
            Exists = refill || (mode[Csr.Tlbidx] & NotExisting) == 0,
        };
    }

    /// <summary>
    /// In root mode GTLBC.TGID chooses between root mode's own entries and a guest's second stage, which is how root
    /// mode's ordinary refill handler serves both.
    /// </summary>
    public TlbTarget CurrentTlb
    {
        get
        {
            if (_state->Vm != 0)
            {
                return GuestView(modes.RunningGid);
            }

            ulong gtlbc = _root[Csr.Gtlbc];
            int tgid = (gtlbc & LvzFields.GtlbcUseTgid) != 0 ? (int)(gtlbc >> LvzFields.TgidShift) & 0xff : 0;
            return tgid != 0
                ? StageTwoView(tgid)
                : new TlbTarget(_root.Tlb, _root, 0, 0) { StlbPageShift = _root.StlbPageShift };
        }
    }

    /// <summary>
    /// The guest's own TLB seen from root mode (gtlb*): tag TGID if USETGID, else GSTAT.GID (inferred).
    /// </summary>
    public TlbTarget GuestTlbOfRoot
    {
        get
        {
            ulong gtlbc = _root[Csr.Gtlbc];
            return GuestView((gtlbc & LvzFields.GtlbcUseTgid) != 0
                ? (int)(gtlbc >> LvzFields.TgidShift) & 0xff
                : modes.RunningGid);
        }
    }

    private TlbTarget GuestView(int gid) =>
        new(_guest.Tlb, _guest, gid, 1) { StlbPageShift = _guest.StlbPageShift };

    private TlbTarget StageTwoView(int gid) =>
        new(mmu.SecondStage, _root, gid, 1) { StlbPageShift = _root.StlbPageShift };
}
