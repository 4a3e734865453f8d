using LaKvm.Isa;

namespace LaKvm.Cpu;

/// <summary>
/// TLB maintenance and page walk instructions (manual volume 1, 4.2.4 and 4.2.5), and LVZ's gcsr* and gtlb*, by which
/// root mode reaches the guest's registers and TLB; a guest that tries those leaves to root mode.
/// </summary>
internal static unsafe class TlbSemantics
{
    public static void Register(HandlerTable t)
    {
        t[Opcode.Tlbsrch] = &Tlbsrch;
        t[Opcode.Tlbrd] = &Tlbrd;
        t[Opcode.Tlbwr] = &Tlbwr;
        t[Opcode.Tlbfill] = &Tlbfill;
        t[Opcode.Tlbclr] = &Tlbclr;
        t[Opcode.Tlbflush] = &Tlbclr;
        t[Opcode.Invtlb] = &Invtlb;
        t[Opcode.Lddir] = &Lddir;
        t[Opcode.Ldpte] = &Ldpte;
        t[Opcode.Gcsrrd] = &Gcsrrd;
        t[Opcode.Gcsrwr] = &Gcsrwr;
        t[Opcode.Gcsrxchg] = &Gcsrxchg;
        t[Opcode.Gtlbsrch] = &Gtlbsrch;
        t[Opcode.Gtlbrd] = &Gtlbrd;
        t[Opcode.Gtlbwr] = &Gtlbwr;
        t[Opcode.Gtlbfill] = &Gtlbfill;
        t[Opcode.Gtlbclr] = &Gtlbclr;
        t[Opcode.Gtlbflush] = &Gtlbclr;
    }

    private static Trap Tlbsrch(Core core, CpuState* s, Instruction* i)
    {
        TlbUnit.TlbSearch(core.Tlbs.CurrentTlb);
        return Trap.None;
    }

    private static Trap Tlbrd(Core core, CpuState* s, Instruction* i)
    {
        core.Tlbs.TlbRead(core.Tlbs.CurrentTlb);
        return PrivilegedSemantics.Next(s);
    }

    private static Trap Tlbwr(Core core, CpuState* s, Instruction* i)
    {
        core.Tlbs.TlbWrite(core.Tlbs.CurrentTlb);
        return PrivilegedSemantics.Next(s);
    }

    private static Trap Tlbfill(Core core, CpuState* s, Instruction* i)
    {
        core.Tlbs.TlbFill(core.Tlbs.CurrentTlb);
        return PrivilegedSemantics.Next(s);
    }

    private static Trap Tlbclr(Core core, CpuState* s, Instruction* i)
    {
        core.Tlbs.TlbClear(core.Tlbs.CurrentTlb);
        return PrivilegedSemantics.Next(s);
    }

    private static Trap Invtlb(Core core, CpuState* s, Instruction* i) =>
        core.InvalidateTlb(i->D, ((ulong*)s)[i->J], ((ulong*)s)[i->K]) ? PrivilegedSemantics.Next(s) : Trap.Ine;

    private static Trap Lddir(Core core, CpuState* s, Instruction* i)
    {
        Trap trap = core.LoadDirectory(((ulong*)s)[i->J], i->Imm, out ulong value);
        if (trap == Trap.None)
        {
            ((ulong*)s)[i->D] = value;
        }

        return trap;
    }

    private static Trap Ldpte(Core core, CpuState* s, Instruction* i) =>
        core.LoadPageEntry(((ulong*)s)[i->J], i->Imm & 1);

    private static Trap Gcsrrd(Core core, CpuState* s, Instruction* i)
    {
        if (s->Vm != 0)
        {
            return Trap.Gspr;
        }

        ((ulong*)s)[i->D] = core.ReadGcsr(i->Imm);
        return Trap.None;
    }

    private static Trap Gcsrwr(Core core, CpuState* s, Instruction* i) => ExchangeGcsr(core, s, i, ulong.MaxValue);

    private static Trap Gcsrxchg(Core core, CpuState* s, Instruction* i) =>
        ExchangeGcsr(core, s, i, ((ulong*)s)[i->J]);

    private static Trap ExchangeGcsr(Core core, CpuState* s, Instruction* i, ulong mask)
    {
        if (s->Vm != 0)
        {
            return Trap.Gspr;
        }

        CpuState.WriteGpr(s, i->D, core.ExchangeGcsr(i->Imm, ((ulong*)s)[i->D], mask));
        return Trap.None;
    }

    private static Trap Gtlbsrch(Core core, CpuState* s, Instruction* i) => OnGuestTlb(core, s, &Search);

    private static Trap Gtlbrd(Core core, CpuState* s, Instruction* i) => OnGuestTlb(core, s, &Read);

    private static Trap Gtlbwr(Core core, CpuState* s, Instruction* i) => OnGuestTlb(core, s, &Write);

    private static Trap Gtlbfill(Core core, CpuState* s, Instruction* i) => OnGuestTlb(core, s, &Fill);

    private static Trap Gtlbclr(Core core, CpuState* s, Instruction* i) => OnGuestTlb(core, s, &Clear);

    private static Trap OnGuestTlb(Core core, CpuState* s, delegate*<Core, TlbTarget, void> operation)
    {
        if (s->Vm != 0)
        {
            return Trap.Gspr;
        }

        operation(core, core.Tlbs.GuestTlbOfRoot);
        return Trap.None;
    }

    private static void Search(Core core, TlbTarget view) => TlbUnit.TlbSearch(view);

    private static void Read(Core core, TlbTarget view) => core.Tlbs.TlbRead(view);

    private static void Write(Core core, TlbTarget view) => core.Tlbs.TlbWrite(view);

    private static void Fill(Core core, TlbTarget view) => core.Tlbs.TlbFill(view);

    private static void Clear(Core core, TlbTarget view) => core.Tlbs.TlbClear(view);
}
