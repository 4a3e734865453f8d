using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// CSR accesses that only move stored bits (manual vol. 1, 4.2.1), and switching interrupts off. Whatever else a CSR
/// does, the handler does.
/// </summary>
internal sealed unsafe class CsrEmitter(EmitContext context, GuestRegisters registers, SlowPaths slowPaths)
{
    private readonly Emitter _e = context.Emitter;

    public bool Emit(in Instruction i)
    {
        switch (i.Opcode)
        {
            case Opcode.Csrrd when i.D != 0 && CsrTable.ReadsAsStored(i.Imm):
                CheckPrivilege(i);
                _e.Mov(Reg.Rax, Field(CpuState.CsrOffset));
                _e.Mov(Reg.Rax, Stored(i.Imm));
                registers.Write(i.D, Reg.Rax);
                slowPaths.ResumeHere();
                return true;
            case Opcode.Csrwr or Opcode.Csrxchg when CsrTable.StoresOnly(i.Imm):
                ExchangeCsr(i, CsrTable.Find(i.Imm)!.IsEntry);
                return true;
            case Opcode.Csrxchg when i.Imm == Csr.Crmd:
                ExchangeInterruptEnable(i);
                return true;
            default:
                return false;
        }
    }

    /// <summary>The current mode's CSR, whose bank's address is in rax.</summary>
    private static Rm Stored(int csr) => Rm.At(Reg.Rax, csr * sizeof(ulong));

    /// <summary>Where it traps the handler's call does so. One slow path is added, for the caller to resume.</summary>
    private void CheckPrivilege(in Instruction i)
    {
        _e.CompareByte(Field(CpuState.RestrictedOffset), 0);
        slowPaths.AddSlowPath(_e.JumpIf(Condition.NotEqual, null), i);
    }

    /// <summary>Where attention is asked for, an exchange ends the block, which the handler does.</summary>
    private void BeginExchange(in Instruction i)
    {
        CheckPrivilege(i);
        _e.OpImmediate(Alu.Cmp, Field(CpuState.AttentionOffset), 0, Width.W32);
        slowPaths.AddSlowPath(_e.JumpIf(Condition.NotEqual, null), i);
        _e.Mov(Reg.Rax, Field(CpuState.CsrOffset));
        _e.Mov(Reg.Rdx, Stored(i.Imm));
    }

    /// <summary>
    /// rd and the CSR exchange the bits that are writable and, for csrxchg, set in rj. The handler reports what is
    /// written to an entry's bits that are not there.
    /// </summary>
    private void ExchangeCsr(in Instruction i, bool isEntry)
    {
        ulong writable = CsrTable.Find(i.Imm)!.Writable;
        BeginExchange(i);
        _e.Mov(Reg.Rcx, registers.Of(i.D));
        if (isEntry)
        {
            _e.Mov(Reg.Rsi, Reg.Rcx);
            _e.OpImmediate(Alu.And, Reg.Rsi, (int)CsrTable.EntryOffset);
            slowPaths.AddSlowPath(_e.JumpIf(Condition.NotEqual, null), i);
        }

        if (writable != ulong.MaxValue || i.Opcode == Opcode.Csrxchg)
        {
            // stored ^ ((stored ^ rd) & mask)
            _e.Op(Alu.Xor, Reg.Rcx, Reg.Rdx);
            if (i.Opcode == Opcode.Csrxchg)
            {
                _e.Op(Alu.And, Reg.Rcx, registers.Of(i.J));
            }

            _e.MovImmediate(Reg.Rsi, writable);
            _e.Op(Alu.And, Reg.Rcx, Reg.Rsi);
            _e.Op(Alu.Xor, Reg.Rcx, Reg.Rdx);
        }

        _e.Store(Stored(i.Imm), Reg.Rcx);
        registers.WriteOld(i.D, Reg.Rdx, Width.W64);
        slowPaths.ResumeHere(paths: isEntry ? 3 : 2);
    }

    /// <summary>
    /// csrxchg of CRMD that clears IE or leaves all as it is: nothing can become pending by that. All else switches
    /// modes or may have to take an interrupt.
    /// </summary>
    private void ExchangeInterruptEnable(in Instruction i)
    {
        int others = (int)CsrTable.Find(Csr.Crmd)!.Writable & ~(int)Crmd.Ie;
        BeginExchange(i);
        _e.Mov(Reg.Rcx, registers.Of(i.D));
        _e.Op(Alu.Xor, Reg.Rcx, Reg.Rdx);
        _e.Op(Alu.And, Reg.Rcx, registers.Of(i.J));
        _e.Mov(Reg.Rsi, Reg.Rcx);
        _e.OpImmediate(Alu.And, Reg.Rsi, others);
        slowPaths.AddSlowPath(_e.JumpIf(Condition.NotEqual, null), i);
        _e.OpImmediate(Alu.And, Reg.Rcx, (int)Crmd.Ie);
        _e.Mov(Reg.Rsi, Reg.Rdx);
        _e.Op(Alu.Xor, Reg.Rsi, Reg.Rcx);
        _e.Op(Alu.And, Reg.Rcx, Reg.Rsi);
        slowPaths.AddSlowPath(_e.JumpIf(Condition.NotEqual, null), i);
        _e.Store(Stored(Csr.Crmd), Reg.Rsi);
        registers.WriteOld(i.D, Reg.Rdx, Width.W64);
        slowPaths.ResumeHere(paths: 4);
    }
}
