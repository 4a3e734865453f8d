namespace LaKvm.Cpu;

/// <summary>TLB maintenance (manual volume 1, 4.2.4) and the LVZ forms of invtlb.</summary>
public sealed unsafe partial class Core
{
    private const ulong NotExisting = 1UL << 31;

    /// <summary>TLBSRCH on the current mode's TLB, or on the guest's from root mode (gtlbsrch).</summary>
    internal static void TlbSearch(TlbView view)
    {
        CsrBank bank = view.Bank;
        ulong address = SignExtendVppn((InRefill(bank) ? bank[Csr.Tlbrehi] : bank[Csr.Tlbehi]) & ~0x1fffUL);
        int index = view.Tlb.Find(address, (int)bank[Csr.Asid] & 0x3ff, view.Gid, view.StlbPageShift);
        bank[Csr.Tlbidx] = index < 0
            ? bank[Csr.Tlbidx] | NotExisting
            : (bank[Csr.Tlbidx] & ~(NotExisting | 0xfff)) | (uint)index;
    }

    /// <summary>TLBRD.</summary>
    internal void TlbRead(TlbView view)
    {
        CsrBank bank = view.Bank;
        int index = (int)bank[Csr.Tlbidx] & 0xfff;
        TlbPair pair = index < Tlb.Entries ? *view.Tlb[index] : default;
        bool refill = InRefill(bank);
        bool exists = pair.Exists && pair.Gid == view.Gid;
        ulong ehi = exists ? pair.Address & CsrTable.VppnBits : 0;
        bank[refill ? Csr.Tlbrelo0 : Csr.Tlbelo0] = exists ? pair.Elo0 : 0;
        bank[refill ? Csr.Tlbrelo1 : Csr.Tlbelo1] = exists ? pair.Elo1 : 0;
        bank[Csr.Asid] = (bank[Csr.Asid] & ~0x3ffUL) | (exists ? pair.Asid : 0u);
        ulong shift = exists ? pair.PageShift : 0u;
        bank[Csr.Tlbidx] = (bank[Csr.Tlbidx] & 0xfff) | (shift << 24) | (exists ? 0 : NotExisting);
        bank[refill ? Csr.Tlbrehi : Csr.Tlbehi] = refill ? ehi | shift : ehi;
        SelectAddressSpace(bank);
    }

    /// <summary>TLBWR: the entry that TLBIDX names.</summary>
    internal void TlbWrite(TlbView view)
    {
        int index = (int)view.Bank[Csr.Tlbidx] & 0xfff;
        if (index < Tlb.Entries)
        {
            Install(view, index, PairFromCsrs(view));
        }
    }

    /// <summary>TLBFILL: an entry of the hardware's choice.</summary>
    internal void TlbFill(TlbView view)
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

    /// <summary>TLBFILL in root mode.</summary>
    public void TlbFill() => TlbFill(CurrentTlb);

    /// <summary>
    /// TLBCLR (of what matches ASID or is in the set) and TLBFLUSH: here both drop all that the mode may see.
    /// </summary>
    internal void TlbClear(TlbView view)
    {
        Debug.Observer?.TlbInvalidated(this, 0, (ulong)view.Gid << LvzFields.GidShift, 0);
        DropAll(view);
    }

    private void DropAll(TlbView view) => Invalidate(view, static (in TlbPair _, in TlbMatch _) => true, default);

    /// <summary>
    /// invtlb of the current mode. False if <paramref name="op"/> is none of its forms. In root mode rj carries the GID
    /// in bits 23:16 and the ASID in bits 9:0.
    /// </summary>
    public bool InvalidateTlb(int op, ulong rj, ulong rk)
    {
        Debug.Observer?.TlbInvalidated(this, op, rj, rk);
        if (State->Vm != 0 || op <= 6)
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
                FlushTranslations(1); // what is cached by virtual address cannot be found by the guest-physical one
                return true;
            default:
                return false;
        }
    }

    private bool InvalidateBase(TlbView view, int op, ulong rj, ulong rk)
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

    private void InvalidateAllGuests(int op)
    {
        if (op != 0x11)
        {
            _guestTlb.Clear();
        }

        if (op != 0x10)
        {
            _stageTwoTlb.Clear();
        }

        FlushTranslations(1);
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

    private void Invalidate(TlbView view, TlbFilter filter, in TlbMatch match)
    {
        for (int index = 0; index < Tlb.Entries; index++)
        {
            TlbPair* pair = view.Tlb[index];
            if (pair->Exists && pair->Gid == view.Gid && filter(*pair, match))
            {
                view.Tlb.Clear(index);
            }
        }

        FlushTranslations(view.SoftMode);
    }

    /// <summary>By address only one STLB set and the MTLB can hold a match.</summary>
    private void InvalidateAddress(TlbView view, TlbFilter filter, in TlbMatch match)
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

    private void DropIf(TlbView view, int index, TlbFilter filter, in TlbMatch match)
    {
        TlbPair* pair = view.Tlb[index];
        if (pair->Exists && pair->Gid == view.Gid && filter(*pair, match))
        {
            Drop(view, index);
        }
    }

    private void Install(TlbView view, int index, in TlbPair pair)
    {
        _rehearsal?.Spoil();
        Drop(view, index);
        view.Tlb.Write(index, pair);

        // An entry that was there for the same page may have been used with other rights.
        FlushSoft(view, pair);
        Debug.Observer?.TlbWritten(this, KindOf(view.Tlb), TlbInspector.ViewOf(view.Tlb[index], index));
    }

    private void Drop(TlbView view, int index)
    {
        if (view.Tlb[index]->Exists)
        {
            _rehearsal?.Spoil();
            FlushSoft(view, *view.Tlb[index]);
            view.Tlb.Clear(index);
        }
    }

    private void FlushSoft(TlbView view, in TlbPair pair)
    {
        if (view.Tlb == _stageTwoTlb)
        {
            return; // Eviction is invisible; what must be seen, invtlb flushes whole.
        }

        ulong start = SignExtendVppn(pair.Address & ~(pair.Span - 1));
        int asid = pair.Global ? SoftTlb.AllSpaces : pair.Asid;
        _softTlb.FlushRange(view.SoftMode, asid, start, pair.Span);
        _otherSoftTlb?.FlushRange(view.SoftMode, asid, start, pair.Span);
    }

    /// <summary>
    /// The entry that the CSRs describe. The manual does not say what one of a size that PRCFG2 has not is: here it is
    /// a pair of invalid pages of the smallest size, so that an access raises an exception of an invalid page, as
    /// behind a walk through such an entry in QEMU 11.1, and neither translates anything nor asks for a refill without
    /// end (inferred).
    /// </summary>
    private TlbPair PairFromCsrs(TlbView view)
    {
        CsrBank bank = view.Bank;
        bool refill = InRefill(bank);
        ulong elo0 = bank[refill ? Csr.Tlbrelo0 : Csr.Tlbelo0];
        ulong elo1 = bank[refill ? Csr.Tlbrelo1 : Csr.Tlbelo1];
        int shift = (int)(refill ? bank[Csr.Tlbrehi] : bank[Csr.Tlbidx] >> 24) & 0x3f;
        bool isSize = CsrTable.IsPageSize(shift);
        bool second = view.Tlb == _stageTwoTlb;
        ulong address = (refill ? bank[Csr.Tlbrehi] : bank[Csr.Tlbehi]) & CsrTable.VppnBits;
        return new TlbPair
        {
            Address = second ? address : SignExtendVppn(address),
            Elo0 = isSize ? elo0 : 0,
            Elo1 = isSize ? elo1 : 0,
            Asid = (ushort)(bank[Csr.Asid] & 0x3ff),
            PageShift = (byte)(isSize ? shift : CsrTable.SmallestPageShift),
            Gid = (byte)view.Gid,
            Global = second || (elo0 & elo1 & 0x40) != 0,
            Exists = refill || (bank[Csr.Tlbidx] & NotExisting) == 0,
        };
    }

    private delegate bool TlbFilter(in TlbPair pair, in TlbMatch match);

    private readonly record struct TlbMatch(int Asid, ulong Address);

    /// <summary>The TLB, tags and CSRs that a TLB instruction works on.</summary>
    internal readonly record struct TlbView(Tlb Tlb, CsrBank Bank, int Gid, int SoftMode)
    {
        /// <summary>Page size of the STLB: second-stage entries are root mode's, guest entries the guest's.</summary>
        public int StlbPageShift { get; init; }
    }

    /// <summary>
    /// In root mode GTLBC.TGID chooses between root mode's own entries and a guest's second stage, which is how root
    /// mode's ordinary refill handler serves both.
    /// </summary>
    internal TlbView CurrentTlb
    {
        get
        {
            if (State->Vm != 0)
            {
                return GuestView(RunningGid);
            }

            ulong gtlbc = _hostCsr[Csr.Gtlbc];
            int tgid = (gtlbc & LvzFields.GtlbcUseTgid) != 0 ? (int)(gtlbc >> LvzFields.TgidShift) & 0xff : 0;
            return tgid != 0
                ? StageTwoView(tgid)
                : new TlbView(_hostTlb, _hostCsr, 0, 0) { StlbPageShift = (int)_hostCsr[Csr.Stlbps] & 0x3f };
        }
    }

    /// <summary>
    /// The guest's own TLB seen from root mode (gtlb*): tag TGID if USETGID, else GSTAT.GID (inferred).
    /// </summary>
    internal TlbView GuestTlbOfRoot
    {
        get
        {
            ulong gtlbc = _hostCsr[Csr.Gtlbc];
            return GuestView((gtlbc & LvzFields.GtlbcUseTgid) != 0
                ? (int)(gtlbc >> LvzFields.TgidShift) & 0xff
                : RunningGid);
        }
    }

    private TlbView GuestView(int gid) =>
        new(_guestTlb, _guestCsr, gid, 1) { StlbPageShift = (int)_guestCsr[Csr.Stlbps] & 0x3f };

    private TlbView StageTwoView(int gid) =>
        new(_stageTwoTlb, _hostCsr, gid, 1) { StlbPageShift = (int)_hostCsr[Csr.Stlbps] & 0x3f };
}
