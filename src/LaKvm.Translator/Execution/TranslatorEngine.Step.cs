using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Translator;

/// <content>Instructions that handlers execute: for translated code, and one by one where nothing is
/// translated.</content>
public sealed unsafe partial class TranslatorEngine
{
    /// <summary>
    /// Executes the instruction of a site for translated code, which has <paramref name="budget"/> left behind its
    /// block. Returns a trap, or <see cref="Exit.Failure"/>: no .NET exception crosses machine code.
    /// </summary>
    [UnmanagedCallersOnly]
    private static int ExecuteSite(nint engine, Site* site, long budget)
    {
        var self = Unsafe.As<TranslatorEngine>(GCHandle.FromIntPtr(engine).Target!);
        try
        {
            return self.ExecuteSite(site, budget);
        }
        catch (Exception exception)
        {
            self._failure = ExceptionDispatchInfo.Capture(exception);
            return (int)Exit.Failure;
        }
    }

    private int ExecuteSite(Site* site, long budget)
    {
        CpuState* s = _state;
        ulong page = s->Pc;
        s->Pc = page | site->Offset;
        Count(s->Budget - (budget + site->Left));
        Trap trap = CallHandler(&site->Instruction, site->Checks);
        if (trap == Trap.None)
        {
            s->Pc = page;
            return 0;
        }

        // The instruction counts, whether it asks for something or failed.
        Count(1);
        return (int)trap;
    }

    /// <summary>
    /// Executes the instructions from the PC, whose page has just been found, up to the end of their block, of the
    /// page, or of the budget, or to a breakpoint. Returns a trap or an <see cref="Exit"/>.
    /// </summary>
    private int Step(CodePage* page)
    {
        CpuState* s = _state;
        var word = (uint*)(s->Pc + (ulong)CpuState.TlbEntry(s, s->Pc)->Addend);
        while (true)
        {
            Instruction instruction = _region.Decode(Volatile.Read(ref *word));
            OpcodeInfo info = instruction.Opcode.Info();
            SinkRule.Apply(ref instruction);
            Trap trap = CallHandler(&instruction, CodeRegion.ChecksOf(info));
            Count(1);
            if (trap != Trap.None)
            {
                return (int)trap;
            }

            s->Pc += 4;
            word++;
            if (((ulong)word & 0xFFF) == 0)
            {
                return (int)Exit.Jump;
            }

            bool ends = CodeRegion.EndsBlock(instruction.Opcode) || _breakpoints.IsMarked(page, (int)s->Pc & 0xFFC);
            if (s->Budget <= 0 || ends)
            {
                return (int)Exit.FallThrough;
            }
        }
    }

    /// <summary>How many instructions handlers were asked for.</summary>
    internal long HandlerCalls { get; private set; }

    private Trap CallHandler(Instruction* instruction, Checks checks)
    {
        HandlerCalls++;
        CpuState* s = _state;
        s->TrapWord = instruction->Word;
        if (checks != Checks.None)
        {
            if ((checks & Checks.Privileged) != 0 && s->Restricted != 0)
            {
                Trap trap = Core.RestrictedTrap(s, instruction);
                if (trap != Trap.None)
                {
                    return trap;
                }
            }

            if ((checks & Checks.Units & ~(Checks)s->Units) != 0)
            {
                return (checks & Checks.Fp) != 0 ? Trap.Fpd : (checks & Checks.Lsx) != 0 ? Trap.Sxd : Trap.Asxd;
            }
        }

        return _handlers[(int)instruction->Opcode](_core, s, instruction);
    }

    /// <summary>Takes instructions that were executed from the budget.</summary>
    private void Count(long executed)
    {
        _state->Retired += (ulong)executed;
        _state->Budget -= executed;
    }
}
