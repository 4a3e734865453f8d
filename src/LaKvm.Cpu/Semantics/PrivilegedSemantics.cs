using LaKvm.Isa;

namespace LaKvm.Cpu;

/// <summary>
/// CSR and IOCSR access, ertn, idle, cacop, and what reads the core's identity and time (manual volume 1, 4.2 and
/// 2.2.10). The engine has checked PLV for the privileged rows; in guest mode what has no guest copy leaves to root
/// mode.
/// </summary>
internal static unsafe class PrivilegedSemantics
{
    public static void Register(HandlerTable t)
    {
        t[Opcode.Csrrd] = &Csrrd;
        t[Opcode.Csrwr] = &Csrwr;
        t[Opcode.Csrxchg] = &Csrxchg;
        t[Opcode.IocsrrdB] = &IocsrrdB;
        t[Opcode.IocsrrdH] = &IocsrrdH;
        t[Opcode.IocsrrdW] = &IocsrrdW;
        t[Opcode.IocsrrdD] = &IocsrrdD;
        t[Opcode.IocsrwrB] = &IocsrwrB;
        t[Opcode.IocsrwrH] = &IocsrwrH;
        t[Opcode.IocsrwrW] = &IocsrwrW;
        t[Opcode.IocsrwrD] = &IocsrwrD;
        t[Opcode.Ertn] = &Ertn;
        t[Opcode.Idle] = &Idle;
        t[Opcode.Cacop] = &Cacop;
        t[Opcode.Cpucfg] = &Cpucfg;
        t[Opcode.RdtimeD] = &RdtimeD;
        t[Opcode.RdtimelW] = &RdtimelW;
        t[Opcode.RdtimehW] = &RdtimehW;
        t[Opcode.Hvcl] = &Hvcl;
    }

    private static Trap Csrrd(Core core, CpuState* s, Instruction* i)
    {
        Trap trap = core.Csrs.ReadCurrent(i->Imm, out ulong value);
        if (trap == Trap.None)
        {
            ((ulong*)s)[i->D] = value;
        }

        return trap;
    }

    private static Trap Csrwr(Core core, CpuState* s, Instruction* i) => Exchange(core, s, i, ulong.MaxValue);

    private static Trap Csrxchg(Core core, CpuState* s, Instruction* i) => Exchange(core, s, i, ((ulong*)s)[i->J]);

    private static Trap Exchange(Core core, CpuState* s, Instruction* i, ulong mask)
    {
        SoftTlbEntry* tlb = s->Tlb;
        Trap trap = core.Csrs.ExchangeCurrent(i->Imm, ((ulong*)s)[i->D], mask, out ulong old);
        if (trap != Trap.None)
        {
            return trap;
        }

        CpuState.WriteGpr(s, i->D, old);
        return s->Tlb != tlb || s->Attention != 0 || CsrTable.Find(i->Imm) is { ChangesTranslation: true }
            ? Next(s) : Trap.None;
    }

    private static Trap IocsrrdB(Core core, CpuState* s, Instruction* i) => ReadIocsr(core, s, i, 1);

    private static Trap IocsrrdH(Core core, CpuState* s, Instruction* i) => ReadIocsr(core, s, i, 2);

    private static Trap IocsrrdW(Core core, CpuState* s, Instruction* i) => ReadIocsr(core, s, i, 4);

    private static Trap IocsrrdD(Core core, CpuState* s, Instruction* i) => ReadIocsr(core, s, i, 8);

    private static Trap IocsrwrB(Core core, CpuState* s, Instruction* i) => WriteIocsr(core, s, i, 1);

    private static Trap IocsrwrH(Core core, CpuState* s, Instruction* i) => WriteIocsr(core, s, i, 2);

    private static Trap IocsrwrW(Core core, CpuState* s, Instruction* i) => WriteIocsr(core, s, i, 4);

    private static Trap IocsrwrD(Core core, CpuState* s, Instruction* i) => WriteIocsr(core, s, i, 8);

    private static Trap ReadIocsr(Core core, CpuState* s, Instruction* i, int size)
    {
        if (s->Vm != 0)
        {
            return Trap.Gspr;
        }

        ulong value = core.Outside.Bus.ReadIocsr(core.Id, (uint)((ulong*)s)[i->J], size);
        int unused = 64 - (8 * size);
        ((ulong*)s)[i->D] = (ulong)((long)(value << unused) >> unused);
        return Trap.None;
    }

    private static Trap WriteIocsr(Core core, CpuState* s, Instruction* i, int size)
    {
        if (s->Vm != 0)
        {
            return Trap.Gspr;
        }

        core.Outside.Bus.WriteIocsr(core.Id, (uint)((ulong*)s)[i->J], size, ((ulong*)s)[i->D]);
        return Trap.None;
    }

    private static Trap Ertn(Core core, CpuState* s, Instruction* i)
    {
        if (core.Modes.GuestTraps(LvzFields.GcfgToe))
        {
            return Trap.Gspr;
        }

        core.Counters.Ahead = 1;
        core.Ertn();
        core.Counters.Ahead = 0;
        return Trap.Refetch;
    }

    /// <summary>
    /// Waits for an interrupt that ECFG enables, whatever CRMD.IE says (4.2.6.3). A guest's idle leaves to root mode.
    /// </summary>
    private static Trap Idle(Core core, CpuState* s, Instruction* i)
    {
        if (s->Vm != 0)
        {
            return Trap.Gspr;
        }

        _ = Next(s);
        return core.Interrupts.BeginIdle();
    }

    /// <summary>
    /// The modelled caches are coherent, so no operation has an effect. A guest's leave by GCFG.GCI: with 0 all, with 1
    /// all but those by a hit, with 2 those that initialise and those that are an implementation's own (inferred from
    /// Linux's KVM).
    /// </summary>
    private static Trap Cacop(Core core, CpuState* s, Instruction* i)
    {
        const int initialise = 0, hit = 2, ownOperation = 3;
        int operation = (i->D >> 3) & 3; // bits 4:3 of the code
        bool leaves = ((core.ReadCsr(Csr.Gcfg) >> LvzFields.GcfgGciShift) & 3) switch
        {
            0 => true,
            1 => operation != hit,
            _ => operation is initialise or ownOperation,
        };
        return s->Vm != 0 && leaves ? Trap.Gspr : Trap.None;
    }

    private static Trap Cpucfg(Core core, CpuState* s, Instruction* i)
    {
        if (s->Vm != 0)
        {
            return Trap.Gspr;
        }

        ((ulong*)s)[i->D] = (ulong)(int)La464.Cpucfg(((ulong*)s)[i->J]);
        return Trap.None;
    }

    private static Trap RdtimeD(Core core, CpuState* s, Instruction* i) => ReadTime(core, s, i, 0, 64);

    private static Trap RdtimelW(Core core, CpuState* s, Instruction* i) => ReadTime(core, s, i, 0, 32);

    private static Trap RdtimehW(Core core, CpuState* s, Instruction* i) => ReadTime(core, s, i, 32, 32);

    /// <summary>
    /// rd takes the time, rj the counter's number; MISC.DRDTL1-3 can forbid it (7.4.4). Software that has read a time
    /// at which a timer is due expects the timer's interrupt: the block ends here, so that it is taken at once.
    /// </summary>
    private static Trap ReadTime(Core core, CpuState* s, Instruction* i, int shift, int width)
    {
        if (s->Plv != 0 && ((s->Csr[Csr.Misc] >> (4 + s->Plv)) & 1) != 0)
        {
            return Trap.Ipe;
        }

        if (core.Modes.GuestTraps(LvzFields.GcfgTit))
        {
            return Trap.Gspr;
        }

        ulong time = core.Csrs.ReadStableCounter(out bool expired);
        CpuState.WriteGpr(s, i->J, (ulong)(int)s->Csr[Csr.Tid]);
        ((ulong*)s)[i->D] = (ulong)((long)(time >> shift) << (64 - width) >> (64 - width));
        return expired ? Next(s) : Trap.None;
    }

    /// <summary>Outside a guest there is nobody to call (inferred).</summary>
    private static Trap Hvcl(Core core, CpuState* s, Instruction* i) => s->Vm != 0 ? Trap.Hvc : Trap.Ine;

    /// <summary>Ends the engine's block behind this instruction.</summary>
    internal static Trap Next(CpuState* s)
    {
        s->Pc += 4;
        return Trap.Refetch;
    }
}
