using System.Runtime.CompilerServices;
using LaKvm.Diagnostics;
using LaKvm.Isa;

namespace LaKvm.Cpu;

/// <summary>
/// Notices a kernel that can do nothing any more, because what handles its exceptions raises them: the same few
/// exceptions come again and again with no return from one in between, and no general register changes but the stack
/// pointer. It is silent, and would be for ever: so one line says where.
/// </summary>
/// <remarks>
/// Exceptions that are returned from, interrupts, and handlers that jump somewhere and make progress there are none of
/// it. One for root mode and one for the guest; where no exception comes, nothing is looked at.
/// </remarks>
internal sealed unsafe class ExceptionWatch(CpuState* state, Surroundings outside)
{
    private readonly CpuState* _state = state;

    /// <summary>Exceptions without a return that make a closer look worth while.</summary>
    private const int Suspicious = 64;

    /// <summary>
    /// Exceptions that may take turns, and how often one of them must be seen with the same registers.
    /// </summary>
    private const int LongestCycle = 8, Repeats = 16;

    /// <summary>Exceptions since the last return of which it is known where they were.</summary>
    private const int Remembered = 4;

    private const int StackPointer = 3, Registers = 32;

    private readonly Entry[] _first = new Entry[Remembered];

    /// <summary>The registers at the last two occurrences: a handler may exchange one with a CSR each time.</summary>
    private readonly ulong[] _newer = new ulong[Registers], _older = new ulong[Registers];

    /// <summary>The exception that is counted, and those that came between two of it.</summary>
    private Entry _watched;
    private readonly Entry[] _others = new Entry[LongestCycle];

    private int _nested;
    private int _sinceWatched;
    private int _repeats;

    /// <summary>
    /// What raised an exception: its kind, the instruction's address and word, and the address it was about.
    /// </summary>
    private readonly record struct Entry(Trap Code, ulong Pc, ulong Address, uint Word)
    {
        public bool IsAt(in Entry other) => Code == other.Code && Pc == other.Pc;
    }

    /// <summary>An exception enters the handler that the current mode has for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Entered(Trap code, ulong pc, ulong address, uint word)
    {
        int before = _nested++;
        if (before < Remembered)
        {
            _first[before] = new Entry(code, pc, address, word);
        }
        else if (before >= Suspicious)
        {
            Look(new Entry(code, pc, address, word), isFirst: before == Suspicious);
        }
    }

    /// <summary>ertn from a TLB refill.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void RefillReturned() => _nested -= _nested > 0 ? 1 : 0;

    /// <summary>
    /// ertn from any other exception; or an interrupt comes, which handlers that fault do not let come.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Returned() => _nested = 0;

    private void Look(in Entry entry, bool isFirst)
    {
        _nested = 2 * Suspicious; // it neither overflows, nor comes back here as the first
        if (isFirst || (!entry.IsAt(_watched) && _sinceWatched == LongestCycle))
        {
            (_watched, _sinceWatched, _repeats) = (entry, 0, 0);
            Array.Clear(_others);
            return;
        }

        if (!entry.IsAt(_watched))
        {
            _others[_sinceWatched++] = entry;
            return;
        }

        _sinceWatched = 0;
        _repeats = MadeProgress() ? 0 : _repeats + 1;
        if (_repeats == Repeats)
        {
            Report(entry);
        }
    }

    private bool MadeProgress()
    {
        var now = new ReadOnlySpan<ulong>(_state->Gpr, Registers);
        bool progress = !IsSame(now, _newer) && !IsSame(now, _older);
        _newer.CopyTo(_older, 0);
        now.CopyTo(_newer);
        return progress;
    }

    /// <summary>Whether registers have the same values, or have moved with the stack pointer.</summary>
    private static bool IsSame(ReadOnlySpan<ulong> now, ReadOnlySpan<ulong> before)
    {
        ulong moved = now[StackPointer] - before[StackPointer];
        for (int i = 0; i < Registers; i++)
        {
            if (now[i] != before[i] && now[i] - before[i] != moved)
            {
                return false;
            }
        }

        return true;
    }

    private void Report(Entry entry)
    {
        GuestErrorLog log = outside.Errors;
        Entry origin = Origin();
        log.ReportOnce("stuck", entry.Pc, entry.Pc, () =>
            "the kernel does nothing any more: its handler of exceptions raises"
            + $" {Describe(log, entry)} again and again; it began with {Describe(log, origin)}");
    }

    /// <summary>The last exception that is remembered and is not yet one of those that come again and again.</summary>
    private Entry Origin()
    {
        int index = Array.FindLastIndex(
            _first, e => !e.IsAt(_watched) && !Array.Exists(_others, other => e.IsAt(other)));
        return _first[Math.Max(index, 0)];
    }

    private static string Describe(GuestErrorLog log, in Entry entry)
    {
        int ecode = (int)entry.Code & 0x3f, esubcode = (int)entry.Code >> 6;
        string status = entry.Code == Trap.Tlbr ? "TLB refill"
            : $"{entry.Code.ToString().ToUpperInvariant()} (ESTAT 0x{(ulong)entry.Code << Estat.EcodeShift:x}, Ecode "
                + $"0x{ecode:x},"
            + $" EsubCode {esubcode})";
        string address = HasAddress(entry.Code) ? $", BADV 0x{entry.Address:x}" : "";
        string instruction = entry.Word != 0 || entry.Code == Trap.Ine
            ? $", instruction 0x{entry.Word:x8} ({Disassembler.Format(entry.Word).Replace('\t', ' ')})"
            : "";
        return $"{status} at ERA {log.Name(entry.Pc)}{address}{instruction}";
    }

    private static bool HasAddress(Trap code) =>
        code is (>= Trap.Pil and <= Trap.Ppi) or Trap.Adef or Trap.Adem or Trap.Ale or Trap.Bce or Trap.Tlbr;
}
