using System.Runtime.CompilerServices;

namespace LaKvm.Cpu;

/// <summary>
/// The CSRs of both modes as instructions see them: what a read adds to the stored word, what a write does besides.
/// </summary>
internal sealed unsafe class CsrUnit(
    CpuState* state, Modes modes, InterruptUnit interrupts, PerformanceCounters counters, Mmu mmu, Surroundings outside)
{
    private readonly CpuState* _state = state;
    private readonly Mode _root = modes.Root, _guest = modes.Guest;

    /// <summary>Reads a CSR of root mode as csrrd does there; unimplemented ones read 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadCsr(int csr) => Read(_root, CsrTable.Find(csr));

    /// <summary>csrxchg in root mode: changes the bits of <paramref name="mask"/>, returns the old value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ExchangeCsr(int csr, ulong value, ulong mask)
    {
        CsrDeclaration? row = CsrTable.Find(csr);
        return Exchange(_root, row, value, row?.Writable ?? 0, mask);
    }

    /// <summary>gcsrrd: reads a CSR of the guest CSR file.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadGcsr(int csr) => Read(_guest, CsrTable.Find(csr));

    /// <summary>
    /// gcsrwr and gcsrxchg: as <see cref="ExchangeCsr"/> on the guest CSR file, with root mode's wider masks.
    /// </summary>
    public ulong ExchangeGcsr(int csr, ulong value, ulong mask)
    {
        CsrDeclaration? row = CsrTable.Find(csr);
        row = row is { Guest: GuestAccess.Exit } ? null : row;
        return Exchange(_guest, row, value, row?.RootWritable ?? 0, mask);
    }

    /// <summary>gcsrrd of several CSRs, each into the word that its number says.</summary>
    public void ReadGcsrs(ReadOnlySpan<int> numbers, ulong* values)
    {
        ulong* bank = _guest.Values;
        ulong[] plain = CsrTable.PlainInGuest;
        foreach (int csr in numbers)
        {
            values[csr] = plain[csr] != 0 ? bank[csr] : ReadBank(_guest, CsrTable.Find(csr));
        }
    }

    /// <summary>gcsrwr of several CSRs in their order, each from the word that its number says.</summary>
    public void WriteGcsrs(ReadOnlySpan<int> numbers, ulong* values)
    {
        ulong* bank = _guest.Values;
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
    public Trap ReadCurrent(int csr, out ulong value)
    {
        CsrDeclaration? row = CsrTable.Find(csr);
        value = 0;
        if (TrapsInGuest(row))
        {
            return Trap.Gspr;
        }

        value = Read(modes.Current, row);
        return Trap.None;
    }

    /// <summary>csrwr and csrxchg of the current mode.</summary>
    public Trap ExchangeCurrent(int csr, ulong value, ulong mask, out ulong old)
    {
        CsrDeclaration? row = CsrTable.Find(csr);
        old = 0;
        if (TrapsInGuest(row) || (csr == Csr.Crmd && ChangesGuestPlv(value, mask)))
        {
            return Trap.Gspr;
        }

        counters.Ahead = 1;
        old = Exchange(modes.Current, row, value, row?.Writable ?? 0, mask);
        counters.Ahead = 0;
        if (row is { IsEntry: true } && (value & mask & CsrTable.EntryOffset) != 0)
        {
            ReportEntryOffset(row, value & mask);
        }

        if (row is { Write: CsrWrite.TimerConfig })
        {
            interrupts.RequestTimerAttention();
        }

        return Trap.None;
    }

    /// <summary>
    /// The stable counter as rdtime reads it now. The guest's adds GCNTC and its own CNTC to root mode's (inferred:
    /// Linux's counter at boot and KVM's COUNTER register need it so).
    /// </summary>
    /// <param name="expired">A timer of this core was due by then, and has fired.</param>
    public ulong ReadStableCounter(out bool expired)
    {
        ulong now = outside.Clock.Ticks;
        expired = now >= interrupts.TimerDeadline;
        if (expired)
        {
            interrupts.PollTimers();
        }

        ulong counter = now + _root[Csr.Cntc];
        return _state->Vm == 0 ? counter : counter + _root[Csr.Gcntc] + _guest[Csr.Cntc];
    }

    /// <summary>Most reads give the stored word; the rest is a call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Read(Mode mode, CsrDeclaration? row) =>
        row is { Read: CsrRead.Stored } ? mode[row.Number] : ReadBank(mode, row);

    /// <summary>
    /// Changes those bits of <paramref name="mask"/> that are writable; nothing where there is no row. Returns the old
    /// value.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong Exchange(Mode mode, CsrDeclaration? row, ulong value, ulong writable, ulong mask)
    {
        if (row is not { IsPlain: true })
        {
            return row is null ? 0 : ExchangeMore(mode, row, value, writable, mask);
        }

        ref ulong register = ref mode[row.Number];
        ulong old = register;
        writable &= mask;
        register = (old & ~writable) | (value & writable);
        return old;
    }

    /// <summary><see cref="Exchange"/> of a register that is more than a word.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ulong ExchangeMore(Mode mode, CsrDeclaration row, ulong value, ulong writable, ulong mask)
    {
        ulong old = Read(mode, row);
        WriteBank(mode, row, old, value, mask & writable, mask);
        return old;
    }

    /// <summary>Software that was only tried on QEMU may rely on the bits that are not there.</summary>
    private void ReportEntryOffset(CsrDeclaration row, ulong value) => outside.Errors.ReportOnce(
        "entry", (ulong)row.Number, _state->Pc,
        () => $"0x{value:x} is written to {row.Name}, which has no bits below 12 on this"
            + " CPU: they stay 0 (QEMU keeps them)");

    private bool TrapsInGuest(CsrDeclaration? row) => _state->Vm != 0 && row?.Guest switch
    {
        GuestAccess.Hardware => row.IsTimer && modes.GuestTraps(LvzFields.GcfgTit),
        GuestAccess.Granted => !counters.IsGuests(row.Number),
        _ => true,
    };

    /// <summary>GCFG.TOP: a guest's write to CRMD that changes its PLV leaves.</summary>
    private bool ChangesGuestPlv(ulong value, ulong mask) =>
        modes.GuestTraps(LvzFields.GcfgTop) && ((value ^ _guest[Csr.Crmd]) & mask & Crmd.PlvMask) != 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ulong ReadBank(Mode mode, CsrDeclaration? row)
    {
        if (row is null)
        {
            return 0;
        }

        ulong stored = mode[row.Number];
        switch (row.Read)
        {
            case CsrRead.Lines:
                return stored | (mode == _root ? interrupts.HostLines : interrupts.GuestLines);
            case CsrRead.PageDirectory:
                return mode.PageDirectory;
            case CsrRead.Vppn:
                return Mmu.SignExtendVppn(stored);
            case CsrRead.RefillVppn:
                return Mmu.SignExtendVppn(stored & ~0x3fUL) | (stored & 0x3f);
            case CsrRead.TimerConfig:
                return mode.Timer.Config;
            case CsrRead.TimerValue:
                interrupts.PollTimers();
                return mode.Timer.Value;
            case CsrRead.Llbit:
                return (stored & 4) | _state->Llbit[mode.Vm];
            case CsrRead.GuestMode:
                return (stored & ~LvzFields.GstatVm) | _state->Vm;
            case CsrRead.Count:
                return counters.Read(mode, row.Number);
            default:
                return stored;
        }
    }

    /// <summary>
    /// Stores the writable bits and does what the write means. <paramref name="effective"/> is the caller's mask with
    /// the bits that may change; <paramref name="mask"/> the caller's own, for bits that act without being stored.
    /// </summary>
    private void WriteBank(Mode mode, CsrDeclaration row, ulong old, ulong value, ulong effective, ulong mask)
    {
        ref ulong register = ref mode[row.Number];
        ulong merged = (register & ~effective) | (value & effective);
        switch (row.Write)
        {
            case CsrWrite.TimerConfig:
                interrupts.PollTimers(); // an expiry that no slice's end has seen yet came before this write
                mode.Timer.WriteConfig((old & ~effective) | (value & effective));
                interrupts.PollTimers();
                break;
            case CsrWrite.TimerValue:
                if (effective != 0)
                {
                    mode.Timer.WriteValue(value);
                    interrupts.PollTimers();
                }

                break;
            case CsrWrite.TimerClear:
                if ((value & mask & 1) != 0)
                {
                    mode[Csr.Estat] &= ~Estat.TiBit;
                }

                break;
            case CsrWrite.Llbit:
                register = merged;
                if ((value & mask & 2) != 0)
                {
                    _state->Llbit[mode.Vm] = 0;
                }

                break;
            case CsrWrite.Counters:
                WriteCounters(mode, ref register, (old & ~effective) | (value & effective));
                break;
            default:
                register = merged;
                AfterWrite(mode, row, old, merged);
                break;
        }
    }

    private void WriteCounters(Mode mode, ref ulong register, ulong value)
    {
        outside.CannotRepeat();
        bool wereEnabled = counters.AreEnabled;
        counters.Stop();
        register = value;
        counters.Configure(mode);
        counters.Start();
        if (wereEnabled || counters.AreEnabled)
        {
            interrupts.RequestTimerAttention();
        }

        interrupts.CheckInterrupts();
    }

    private void AfterWrite(Mode mode, CsrDeclaration row, ulong old, ulong value)
    {
        switch (row.Write)
        {
            case CsrWrite.Mode:
                modes.Switch();
                break;
            case CsrWrite.Interrupts:
                interrupts.CheckInterrupts();
                break;
            case CsrWrite.AddressSpace:
                mmu.SelectAddressSpace(mode);
                break;
            case CsrWrite.Translations when old != value:
                mmu.FlushTranslations(mode.Vm);
                break;
            case CsrWrite.GuestId when ((old ^ value) & LvzFields.GstatGidMask) != 0:
                mmu.FlushTranslations(1);
                break;
        }
    }
}
