using System.Runtime.CompilerServices;

namespace LaKvm.Cpu;

public sealed unsafe partial class Core
{
    /// <summary>Reads a CSR of root mode as csrrd does there; unimplemented ones read 0.</summary>
    public ulong ReadCsr(int csr) =>
        CsrTable.Find(csr) is { IsPlain: true } ? _hostCsr[csr] : ReadBank(_hostCsr, csr);

    /// <summary>csrxchg in root mode: changes the bits of <paramref name="mask"/>, returns the old value.</summary>
    public ulong ExchangeCsr(int csr, ulong value, ulong mask)
    {
        CsrDeclaration? row = CsrTable.Find(csr);
        return Exchange(_hostCsr, csr, row, value, row?.Writable ?? 0, mask);
    }

    /// <summary>gcsrrd: reads a CSR of the guest CSR file.</summary>
    public ulong ReadGcsr(int csr) =>
        CsrTable.Find(csr) is { IsPlain: true } ? _guestCsr[csr] : ReadBank(_guestCsr, csr);

    /// <summary>
    /// gcsrwr and gcsrxchg: as <see cref="ExchangeCsr"/> on the guest CSR file, with root mode's wider masks.
    /// </summary>
    public ulong ExchangeGcsr(int csr, ulong value, ulong mask)
    {
        CsrDeclaration? row = CsrTable.Find(csr);
        row = row is { Guest: GuestAccess.Hardware } ? row : null;
        return Exchange(_guestCsr, csr, row, value, row?.RootWritable ?? 0, mask);
    }

    /// <summary>csrrd of the current mode; a guest's access to what has no guest copy traps.</summary>
    internal Trap ReadCurrent(int csr, out ulong value)
    {
        value = 0;
        if (TrapsInGuest(csr))
        {
            return Trap.Gspr;
        }

        value = ReadBank(Bank, csr);
        return Trap.None;
    }

    /// <summary>csrwr and csrxchg of the current mode.</summary>
    internal Trap ExchangeCurrent(int csr, ulong value, ulong mask, out ulong old)
    {
        old = 0;
        if (TrapsInGuest(csr) || (csr == Csr.Crmd && ChangesGuestPlv(value, mask)))
        {
            return Trap.Gspr;
        }

        CsrDeclaration? row = CsrTable.Find(csr);
        old = Exchange(Bank, csr, row, value, row?.Writable ?? 0, mask);
        if (IsEntry(csr) && (value & mask & CsrTable.EntryOffset) != 0)
        {
            ReportEntryOffset(row!, value & mask);
        }

        if (csr == Csr.Tcfg)
        {
            _ = Interlocked.Or(ref State->Attention, AttentionTimer);
        }

        return Trap.None;
    }

    /// <summary>
    /// The stable counter as rdtime reads it now. The guest's adds GCNTC and its own CNTC to root mode's (inferred:
    /// Linux's counter at boot and KVM's COUNTER register need it so).
    /// </summary>
    /// <param name="expired">A timer of this core was due by then, and has fired.</param>
    internal ulong ReadStableCounter(out bool expired)
    {
        _rehearsal?.Spoil();
        ulong now = _clock.Ticks;
        expired = now >= TimerDeadline;
        if (expired)
        {
            PollTimers();
        }

        ulong counter = now + _hostCsr[Csr.Cntc];
        return State->Vm == 0 ? counter : counter + _hostCsr[Csr.Gcntc] + _guestCsr[Csr.Cntc];
    }

    internal ulong ReadIocsr(uint address, int size)
    {
        _rehearsal?.Spoil();
        return _bus.ReadIocsr(Id, address, size);
    }

    internal void WriteIocsr(uint address, int size, ulong value)
    {
        _rehearsal?.Spoil();
        _bus.WriteIocsr(Id, address, size, value);
    }

    /// <summary>
    /// Whether csrrd of either mode gives what <see cref="CpuState.Csr"/> holds, of a row that a guest has.
    /// </summary>
    public static bool ReadsAsStored(int csr) =>
        CsrTable.Find(csr) is { Guest: GuestAccess.Hardware, ReadsAsStored: true } && !IsTimer(csr);

    /// <summary>
    /// Whether csrwr and csrxchg of either mode do nothing but change the stored bits that are writable.
    /// </summary>
    public static bool StoresOnly(int csr) => CsrTable.Find(csr) is { Guest: GuestAccess.Hardware, IsPlain: true };

    /// <summary>
    /// Whether a CSR holds the page of an exception entry: a write of <see cref="CsrTable.EntryOffset"/> is reported.
    /// </summary>
    public static bool IsEntry(int csr) => csr is Csr.Eentry or Csr.Tlbrentry or Csr.Merrentry;

    /// <summary>Whether a guest's access to a CSR, one without a guest copy, leaves to root mode.</summary>
    public static bool LeavesGuest(int csr) => CsrTable.Find(csr) is not { Guest: GuestAccess.Hardware };

    /// <summary>
    /// Changes those bits of <paramref name="mask"/> that are writable; nothing where there is no row. Returns the old
    /// value.
    /// </summary>
    private ulong Exchange(CsrBank bank, int csr, CsrDeclaration? row, ulong value, ulong writable, ulong mask)
    {
        if (row is { IsPlain: true })
        {
            ref ulong register = ref bank[csr];
            ulong plain = register;
            writable &= mask;
            register = (plain & ~writable) | (value & writable);
            return plain;
        }

        ulong old = ReadBank(bank, csr);
        if (row is not null)
        {
            WriteBank(bank, csr, old, value, mask & writable, mask);
        }

        return old;
    }

    /// <summary>Software that was only tried on QEMU may rely on the bits that are not there.</summary>
    private void ReportEntryOffset(CsrDeclaration row, ulong value) => Errors.ReportOnce(
        "entry", (ulong)row.Number, State->Pc,
        () => $"0x{value:x} is written to {row.Name}, which has no bits below 12 on this"
            + " CPU: they stay 0 (QEMU keeps them)");

    private bool TrapsInGuest(int csr) =>
        State->Vm != 0 && (LeavesGuest(csr) || (IsTimer(csr) && GuestTraps(LvzFields.GcfgTit)));

    /// <summary>What GCFG.TIT traps besides rdtime.</summary>
    private static bool IsTimer(int csr) => csr is Csr.Tcfg or Csr.Tval or Csr.Ticlr;

    /// <summary>GCFG.TOP: a guest's write to CRMD that changes its PLV leaves.</summary>
    private bool ChangesGuestPlv(ulong value, ulong mask) =>
        GuestTraps(LvzFields.GcfgTop) && ((value ^ _guestCsr[Csr.Crmd]) & mask & Crmd.PlvMask) != 0;

    private ulong ReadBank(CsrBank bank, int csr)
    {
        switch (csr)
        {
            case Csr.Estat:
                return bank[csr] | (bank == _hostCsr ? HostLines : GuestLines);
            case Csr.Pgd:
                return SelectPageDirectory(bank);
            case Csr.Tlbehi:
                return SignExtendVppn(bank[csr]);
            case Csr.Tlbrehi:
                return SignExtendVppn(bank[csr] & ~0x3fUL) | (bank[csr] & 0x3f);
            case Csr.Tcfg:
                return TimerOf(bank).Config;
            case Csr.Tval:
                PollTimers();
                return TimerOf(bank).Value;
            case Csr.Llbctl:
                return (bank[csr] & 4) | State->Llbit[bank == _hostCsr ? 0 : 1];
            case Csr.Gstat:
                return (bank[csr] & ~LvzFields.GstatVm) | State->Vm;
            default:
                return (uint)csr < Csr.BankSize ? bank[csr] : 0;
        }
    }

    /// <summary>
    /// Stores the writable bits and does what the write means. <paramref name="effective"/> is the caller's mask with
    /// the bits that may change; <paramref name="mask"/> the caller's own, for bits that act without being stored.
    /// </summary>
    private void WriteBank(CsrBank bank, int csr, ulong old, ulong value, ulong effective, ulong mask)
    {
        ulong merged = (bank[csr] & ~effective) | (value & effective);
        switch (csr)
        {
            case Csr.Tcfg:
                PollTimers(); // an expiry that no slice's end has seen yet came before this write
                TimerOf(bank).WriteConfig((old & ~effective) | (value & effective));
                PollTimers();
                return;
            case Csr.Tval:
                if (effective != 0)
                {
                    TimerOf(bank).WriteValue(value);
                    PollTimers();
                }

                return;
            case Csr.Ticlr:
                if ((value & mask & 1) != 0)
                {
                    bank[Csr.Estat] &= ~Estat.TiBit;
                }

                return;
            case Csr.Llbctl:
                bank[csr] = merged;
                if ((value & mask & 2) != 0)
                {
                    State->Llbit[bank == _hostCsr ? 0 : 1] = 0;
                }

                return;
            default:
                bank[csr] = merged;
                AfterWrite(bank, csr, old, merged);
                return;
        }
    }

    private void AfterWrite(CsrBank bank, int csr, ulong old, ulong value)
    {
        switch (csr)
        {
            case Csr.Crmd or Csr.Euen:
                SwitchMode();
                break;
            case Csr.Ecfg or Csr.Estat or Csr.Gintc:
                CheckInterrupts();
                break;
            case Csr.Asid:
                SelectAddressSpace(bank);
                break;
            case >= Csr.Dmw0 and < Csr.Dmw0 + 4 when old != value:
            case Csr.Rvacfg or Csr.Stlbps or Csr.Misc when old != value:
                FlushTranslations(bank == _hostCsr ? 0 : 1);
                break;
            case Csr.Gstat when ((old ^ value) & LvzFields.GstatGidMask) != 0:
                FlushTranslations(1);
                break;
        }
    }

    private ConstantTimer TimerOf(CsrBank bank)
    {
        _rehearsal?.Spoil();
        return bank == _hostCsr ? _hostTimer : _guestTimer;
    }

    /// <summary>PGDL or PGDH by the top bit of the faulting address (manual volume 1, 7.5.8).</summary>
    private static ulong SelectPageDirectory(CsrBank bank)
    {
        ulong address = InRefill(bank) ? bank[Csr.Tlbrbadv] : bank[Csr.Badv];
        return ((address >> 47) & 1) == 0 ? bank[Csr.Pgdl] : bank[Csr.Pgdh];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool InRefill(CsrBank bank) => (bank[Csr.Tlbrera] & 1) != 0;

    private static ulong SignExtendVppn(ulong value) => (ulong)((long)(value << 16) >> 16);
}
