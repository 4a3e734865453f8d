using LaKvm.Isa;

namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>How two outcomes of a block compare.</summary>
public enum Verdict
{
    /// <summary>Registers, flags and the end of the block are the same.</summary>
    Same,

    /// <summary>They are not, and <see cref="Judge"/> knows why.</summary>
    Known,

    /// <summary>They are not.</summary>
    Different,
}

/// <summary>
/// Compares what QEMU and our cores made of a block, and knows where they differ on purpose (docs/testing.md). What the
/// generator avoids altogether is said there.
/// </summary>
internal static unsafe class Judge
{
    private const uint CauseMask = 0x1f00_0000, Underflow = 2, Inexact = 1;

    /// <summary>Compares registers and the way that the block ended; memory is compared by whoever has it.</summary>
    public static Verdict Compare(Block block, in MachineState ours, in MachineState qemu)
    {
        fixed (MachineState* a = &ours, b = &qemu)
        {
            if (SameEnd(a, b) && SameRegisters(block, a, b))
            {
                return IsWideStore(block, a) && a->Address - block.WindowBase > Layout.Writable
                    ? Verdict.Known
                    : Verdict.Same;
            }

            return IsKnown(block, a, b) ? Verdict.Known : Verdict.Different;
        }
    }

    /// <summary>
    /// Compares the windows of a block whose registers are the same. A 32-byte store that faults at its second page
    /// writes nothing; QEMU makes two stores of it, of which the first may write.
    /// </summary>
    public static bool IsSameMemory(Block block, in MachineState end, ReadOnlySpan<byte> ours, ReadOnlySpan<byte> qemu)
    {
        if (ours.SequenceEqual(qemu))
        {
            return true;
        }

        fixed (MachineState* a = &end)
        {
            ulong fault = a->Address - block.WindowBase;
            if (!IsWideStore(block, a) || fault > (ulong)ours.Length || fault < 32)
            {
                return false;
            }

            int at = (int)fault;
            return ours[..(at - 31)].SequenceEqual(qemu[..(at - 31)]) && ours[at..].SequenceEqual(qemu[at..]);
        }
    }

    /// <summary>Whether a 32-byte store has ended the block.</summary>
    private static bool IsWideStore(Block block, MachineState* end) =>
        end->Signal == Signals.Segv && LastRow(block, end).Info() is { Access: AccessKind.Store, AccessSize: 32 };

    /// <summary>The instruction that an exception ended; none if it lies outside the block.</summary>
    private static Opcode LastRow(Block block, MachineState* end) => Decoder.Find(LastWord(block, end));

    private static uint LastWord(Block block, MachineState* end)
    {
        ulong index = (end->Pc - block.Address) / 4;
        return index < (ulong)block.Code.Count ? block.Code[(int)index] : 0;
    }

    private static bool SameEnd(MachineState* a, MachineState* b) =>
        a->Signal == b->Signal && (a->Signal == Signals.None || a->Pc == b->Pc)
            && (a->Signal is not (Signals.Segv or Signals.Bus) || a->Address == b->Address
            || IsUnknownAddress(a->Address, b->Address));

    /// <summary>QEMU's host does not report the address of an access beyond its own address space.</summary>
    private static bool IsUnknownAddress(ulong ours, ulong theirs) => theirs == 0 && ours >= 1UL << 46;

    private static bool SameRegisters(Block block, MachineState* a, MachineState* b)
    {
        var ours = new ReadOnlySpan<ulong>(a->Vr, 128);
        var theirs = new ReadOnlySpan<ulong>(b->Vr, 128);
        return new ReadOnlySpan<ulong>(a->Gpr + 1, 31).SequenceEqual(new ReadOnlySpan<ulong>(b->Gpr + 1, 31))
            && a->Fcc == b->Fcc && a->Fcsr == b->Fcsr
            && (ours.SequenceEqual(theirs) || SameDefinedParts(block, ours, theirs));
    }

    /// <summary>Some LSX rows leave something else in the upper halves of registers.</summary>
    private static bool SameDefinedParts(Block block, ReadOnlySpan<ulong> ours, ReadOnlySpan<ulong> theirs)
    {
        uint undefined = UndefinedUpperHalves(block);
        for (int n = 0; n < 32; n++)
        {
            int words = (undefined >> n & 1) != 0 ? 2 : 4;
            if (!ours.Slice(4 * n, words).SequenceEqual(theirs.Slice(4 * n, words)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Registers that an LSX instruction may have written, unless the generator gives the upper half a value.
    /// </summary>
    private static uint UndefinedUpperHalves(Block block)
    {
        uint registers = 0;
        for (int n = 0; n < block.Code.Count; n++)
        {
            uint word = block.Code[n];
            bool settled = n + 1 < block.Code.Count && Decoder.Find(block.Code[n + 1]) == Opcode.Xvinsgr2vrD;
            if (!settled && RowLists.UnsettledUpper.Contains(Decoder.Find(word)))
            {
                registers |= 1u << (int)(word & 31);
            }
        }

        return registers;
    }

    private static bool IsKnown(Block block, MachineState* a, MachineState* b)
    {
        if (a->Signal == Signals.None)
        {
            return false;
        }

        uint word = LastWord(block, a);
        Opcode row = Decoder.Find(word);

        // A tiny result traps even if it is exact when that is enabled (3.1.4.4), in QEMU only if it is inexact.
        uint cause = a->Fcsr >> 24, trapped = cause & a->Fcsr & 31;
        bool mayBeExact = (cause & Inexact) == 0
            || row.Info().Unit is Unit.Lsx or Unit.Lasx; // of a vector, some element
        bool isTinyTrap = a->Signal == Signals.Fpe && trapped == Underflow && (mayBeExact || !SameEnd(a, b));

        // sc (2.2.7.2) and the bound-checked accesses (2.2.6.3) must be aligned; QEMU looks only at sc, and only when
        // the LLbit is set.
        bool isMisaligned = a->Signal == Signals.Bus && !SameEnd(a, b)
            && (row is Opcode.ScW or Opcode.ScD || RowLists.BoundAccess.Contains(row));
        return isTinyTrap || isMisaligned || IsSameVectorTrap(block, a, b, row, (int)(word & 31))
            || IsPartialLoad(block, a, b, row, (int)(word & 31));
    }

    /// <summary>
    /// A vector instruction that traps writes nothing, its cause is that of all elements, and no flag changes. QEMU
    /// writes elements and flags up to the element that traps, and shows old values of general registers that the code
    /// before it has written.
    /// </summary>
    private static bool IsSameVectorTrap(Block block, MachineState* a, MachineState* b, Opcode row, int destination)
    {
        uint cause = a->Fcsr & CauseMask, theirCause = b->Fcsr & CauseMask, mayBeSet = cause | cause >> 8;
        bool isTrap = a->Signal == Signals.Fpe && SameEnd(a, b) && row.Info().Unit is Unit.Lsx or Unit.Lasx;
        if (!isTrap || ((a->Fcsr ^ b->Fcsr) & ~mayBeSet) != 0 || (theirCause & ~cause) != 0)
        {
            return false;
        }

        MachineState settled = *b;
        settled.Fcsr = a->Fcsr;
        Buffer.MemoryCopy(a->Vr + (4 * destination), settled.Vr + (4 * destination), 32, 32);
        Buffer.MemoryCopy(a->Gpr, settled.Gpr, 256, 256);
        return SameRegisters(block, a, &settled);
    }

    /// <summary>
    /// A 32-byte load that faults at its second page changes no register; in QEMU it may have loaded the lower words.
    /// </summary>
    private static bool IsPartialLoad(Block block, MachineState* a, MachineState* b, Opcode row, int destination)
    {
        if (a->Signal != Signals.Segv || !SameEnd(a, b)
            || row.Info() is not { Access: AccessKind.Load, AccessSize: 32 })
        {
            return false;
        }

        MachineState settled = *b;
        Buffer.MemoryCopy(a->Vr + (4 * destination), settled.Vr + (4 * destination), 24, 24);
        return SameRegisters(block, a, &settled);
    }
}
