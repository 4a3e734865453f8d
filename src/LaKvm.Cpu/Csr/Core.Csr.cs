using System.Runtime.CompilerServices;

namespace LaKvm.Cpu;

public sealed unsafe partial class Core
{
    /// <summary>Reads a CSR of root mode as csrrd does there; unimplemented ones read 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadCsr(int csr) => Read(_hostCsr, CsrTable.Find(csr));

    /// <summary>csrxchg in root mode: changes the bits of <paramref name="mask"/>, returns the old value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ExchangeCsr(int csr, ulong value, ulong mask)
    {
        CsrDeclaration? row = CsrTable.Find(csr);
        return Exchange(_hostCsr, row, value, row?.Writable ?? 0, mask);
    }

    /// <summary>gcsrrd: reads a CSR of the guest CSR file.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadGcsr(int csr) => Read(_guestCsr, CsrTable.Find(csr));

    /// <summary>
    /// gcsrwr and gcsrxchg: as <see cref="ExchangeCsr"/> on the guest CSR file, with root mode's wider masks.
    /// </summary>
    public ulong ExchangeGcsr(int csr, ulong value, ulong mask)
    {
        CsrDeclaration? row = CsrTable.Find(csr);
        row = row is { Guest: GuestAccess.Hardware } ? row : null;
        return Exchange(_guestCsr, row, value, row?.RootWritable ?? 0, mask);
    }

    /// <summary>gcsrrd of several CSRs, each into the word that its number says.</summary>
    public void ReadGcsrs(ReadOnlySpan<int> numbers, ulong* values)
    {
        ulong* bank = _guestCsr.Values;
        ulong[] plain = CsrTable.PlainInGuest;
        foreach (int csr in numbers)
        {
            values[csr] = plain[csr] != 0 ? bank[csr] : ReadBank(_guestCsr, CsrTable.Find(csr));
        }
    }

    /// <summary>gcsrwr of several CSRs in their order, each from the word that its number says.</summary>
    public void WriteGcsrs(ReadOnlySpan<int> numbers, ulong* values)
    {
        ulong* bank = _guestCsr.Values;
        ulong[] plain = CsrTable.PlainInGuest;
        foreach (int csr in numbers)
        {
            ulong writable = plain[csr];
            if (writable != 0)
            {
                bank[csr] = (bank[csr] & ~writable) | (values[csr] & writable);
            }
            else
            {
                ExchangeGcsr(csr, values[csr], ulong.MaxValue);
            }
        }
    }

    /// <summary>csrrd of the current mode; a guest's access to what has no guest copy traps.</summary>
    internal Trap ReadCurrent(int csr, out ulong value)
    {
        CsrDeclaration? row = CsrTable.Find(csr);
        value = 0;
        if (TrapsInGuest(row))
        {
            return Trap.Gspr;
        }

        value = Read(Bank, row);
        return Trap.None;
    }

    /// <summary>csrwr and csrxchg of the current mode.</summary>
    internal Trap ExchangeCurrent(int csr, ulong value, ulong mask, out ulong old)
    {
        CsrDeclaration? row = CsrTable.Find(csr);
        old = 0;
        if (TrapsInGuest(row) || (csr == Csr.Crmd && ChangesGuestPlv(value, mask)))
        {
            return Trap.Gspr;
        }

        old = Exchange(Bank, row, value, row?.Writable ?? 0, mask);
        if (row is { IsEntry: true } && (value & mask & CsrTable.EntryOffset) != 0)
        {
            ReportEntryOffset(row, value & mask);
        }

        if (row is { Write: CsrWrite.TimerConfig })
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
        ulong value = _bus.ReadIocsr(Id, address, size);
        Debug.Observer?.DeviceAccessed(this, new(address, size, value, false, true));
        return value;
    }

    internal void WriteIocsr(uint address, int size, ulong value)
    {
        _rehearsal?.Spoil();
        Debug.Observer?.DeviceAccessed(this, new(address, size, value, true, true));
        _bus.WriteIocsr(Id, address, size, value);
    }

    /// <summary>Most reads give the stored word; the rest is a call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Read(CsrBank bank, CsrDeclaration? row) =>
        row is { Read: CsrRead.Stored } ? bank[row.Number] : ReadBank(bank, row);

    /// <summary>
    /// Changes those bits of <paramref name="mask"/> that are writable; nothing where there is no row. Returns the old
    /// value.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Exchange(CsrBank bank, CsrDeclaration? row, ulong value, ulong writable, ulong mask)
    {
        if (row is not { IsPlain: true })
        {
            return row is null ? 0 : ExchangeMore(bank, row, value, writable, mask);
        }

        ref ulong register = ref bank[row.Number];
        ulong old = register;
        writable &= mask;
        register = (old & ~writable) | (value & writable);
        return old;
    }

    /// <summary><see cref="Exchange"/> of a register that is more than a word.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ulong ExchangeMore(CsrBank bank, CsrDeclaration row, ulong value, ulong writable, ulong mask)
    {
        ulong old = Read(bank, row);
        WriteBank(bank, row, old, value, mask & writable, mask);
        return old;
    }

    /// <summary>Software that was only tried on QEMU may rely on the bits that are not there.</summary>
    private void ReportEntryOffset(CsrDeclaration row, ulong value) => Errors.ReportOnce(
        "entry", (ulong)row.Number, State->Pc,
        () => $"0x{value:x} is written to {row.Name}, which has no bits below 12 on this"
            + " CPU: they stay 0 (QEMU keeps them)");

    private bool TrapsInGuest(CsrDeclaration? row) => State->Vm != 0
        && (row is not { Guest: GuestAccess.Hardware } || (row.IsTimer && GuestTraps(LvzFields.GcfgTit)));

    /// <summary>GCFG.TOP: a guest's write to CRMD that changes its PLV leaves.</summary>
    private bool ChangesGuestPlv(ulong value, ulong mask) =>
        GuestTraps(LvzFields.GcfgTop) && ((value ^ _guestCsr[Csr.Crmd]) & mask & Crmd.PlvMask) != 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ulong ReadBank(CsrBank bank, CsrDeclaration? row)
    {
        if (row is null)
        {
            return 0;
        }

        ulong stored = bank[row.Number];
        switch (row.Read)
        {
            case CsrRead.Lines:
                return stored | (bank == _hostCsr ? HostLines : GuestLines);
            case CsrRead.PageDirectory:
                return SelectPageDirectory(bank);
            case CsrRead.Vppn:
                return SignExtendVppn(stored);
            case CsrRead.RefillVppn:
                return SignExtendVppn(stored & ~0x3fUL) | (stored & 0x3f);
            case CsrRead.TimerConfig:
                return TimerOf(bank).Config;
            case CsrRead.TimerValue:
                PollTimers();
                return TimerOf(bank).Value;
            case CsrRead.Llbit:
                return (stored & 4) | State->Llbit[bank == _hostCsr ? 0 : 1];
            case CsrRead.GuestMode:
                return (stored & ~LvzFields.GstatVm) | State->Vm;
            default:
                return stored;
        }
    }

    /// <summary>
    /// Stores the writable bits and does what the write means. <paramref name="effective"/> is the caller's mask with
    /// the bits that may change; <paramref name="mask"/> the caller's own, for bits that act without being stored.
    /// </summary>
    private void WriteBank(CsrBank bank, CsrDeclaration row, ulong old, ulong value, ulong effective, ulong mask)
    {
        ref ulong register = ref bank[row.Number];
        ulong merged = (register & ~effective) | (value & effective);
        switch (row.Write)
        {
            case CsrWrite.TimerConfig:
                PollTimers(); // an expiry that no slice's end has seen yet came before this write
                TimerOf(bank).WriteConfig((old & ~effective) | (value & effective));
                PollTimers();
                break;
            case CsrWrite.TimerValue:
                if (effective != 0)
                {
                    TimerOf(bank).WriteValue(value);
                    PollTimers();
                }

                break;
            case CsrWrite.TimerClear:
                if ((value & mask & 1) != 0)
                {
                    bank[Csr.Estat] &= ~Estat.TiBit;
                }

                break;
            case CsrWrite.Llbit:
                register = merged;
                if ((value & mask & 2) != 0)
                {
                    State->Llbit[bank == _hostCsr ? 0 : 1] = 0;
                }

                break;
            default:
                register = merged;
                AfterWrite(bank, row, old, merged);
                break;
        }
    }

    private void AfterWrite(CsrBank bank, CsrDeclaration row, ulong old, ulong value)
    {
        switch (row.Write)
        {
            case CsrWrite.Mode:
                SwitchMode();
                break;
            case CsrWrite.Interrupts:
                CheckInterrupts();
                break;
            case CsrWrite.AddressSpace:
                SelectAddressSpace(bank);
                break;
            case CsrWrite.Translations when old != value:
                FlushTranslations(bank == _hostCsr ? 0 : 1);
                break;
            case CsrWrite.GuestId when ((old ^ value) & LvzFields.GstatGidMask) != 0:
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
