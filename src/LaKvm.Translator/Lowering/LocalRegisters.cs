using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// Scratch registers that hold guest registers along a stretch of plain instructions, which leave them alone. The
/// stretch is known to its end, so that what is not read again gets none, and what is overwritten is not written back.
/// </summary>
internal sealed class LocalRegisters(IrRegion region)
{
    /// <summary>The offset of no instruction, behind all.</summary>
    public const int Never = int.MaxValue;

    private static readonly Reg[] Scratch = [Reg.Rcx, Reg.Rdx, Reg.Rsi];

    private readonly sbyte[] _hostOf = CreateHostOf();
    private readonly int[] _guests = new int[Scratch.Length];
    private int _usable;
    private uint _changed;

    /// <summary>Offset of the stretch.</summary>
    public int Start { get; private set; }

    /// <summary>Offset behind the stretch.</summary>
    public int End { get; private set; }

    /// <summary>Begins a stretch with the first <paramref name="usable"/> scratch registers.</summary>
    public void Begin(int start, int end, int usable)
    {
        Start = start;
        End = end;
        _usable = usable;
    }

    /// <summary>The host register that holds a guest register.</summary>
    public bool TryGet(int guest, out Reg host)
    {
        host = (Reg)_hostOf[guest];
        return _hostOf[guest] >= 0;
    }

    /// <summary>Notes that the state does not have a held register's value.</summary>
    public void Change(int guest) => _changed |= 1u << guest;

    /// <summary>The changed registers that are held; they count as unchanged from now on.</summary>
    public uint TakeChanged()
    {
        uint changed = _changed;
        _changed = 0;
        return changed;
    }

    /// <summary>Whether a value would be lost if its register were given up at <paramref name="offset"/>.</summary>
    public bool IsLost(int guest, int offset) => (_changed >> guest & 1) != 0 && !IsOverwritten(guest, offset);

    /// <summary>Gives a register up.</summary>
    public void Release(int guest)
    {
        _changed &= ~(1u << guest);
        _guests[Array.IndexOf(_guests, guest)] = 0;
        _hostOf[guest] = -1;
    }

    /// <summary>Gives all up, which must be unchanged.</summary>
    public void Clear()
    {
        foreach (ref int guest in _guests.AsSpan())
        {
            _hostOf[guest] = -1;
            guest = 0;
        }
    }

    /// <summary>A scratch register without a guest register gets one.</summary>
    public bool TryHold(int guest, out Reg host)
    {
        int free = Array.IndexOf(_guests, 0, 0, _usable);
        host = free < 0 ? default : Scratch[free];
        if (free >= 0)
        {
            _guests[free] = guest;
            _hostOf[guest] = (sbyte)host;
        }

        return free >= 0;
    }

    /// <summary>
    /// Which of those not in <paramref name="kept"/> is read last, if later than <paramref name="limit"/>; else 0.
    /// </summary>
    public int Victim(uint kept, int offset, int limit)
    {
        int victim = 0;
        for (int n = 0; n < _usable; n++)
        {
            int guest = _guests[n], next = (kept >> guest & 1) != 0 ? 0 : NextRead(guest, offset);
            if (next > limit)
            {
                (victim, limit) = (guest, next);
            }
        }

        return victim;
    }

    /// <summary>
    /// Where a register's present value is read next in the stretch, from <paramref name="offset"/> on; or by the
    /// branch that follows.
    /// </summary>
    public int NextRead(int guest, int offset)
    {
        for (int at = offset; at < End; at += 4)
        {
            if (region[at].IsReading(guest))
            {
                return at;
            }

            if (region[at].IsWriting(guest))
            {
                return Never;
            }
        }

        bool isRead = End < region.End && IsCompare(region[End].Instruction.Opcode) && region[End].IsReading(guest);
        return isRead ? End : Never;
    }

    /// <summary>
    /// Whether an instruction compares registers and branches: it leaves the scratch registers alone, too.
    /// </summary>
    public static bool IsCompare(Opcode opcode) => opcode.Info() is { Flow: Flow.Branch, Unit: Unit.None };

    private bool IsOverwritten(int guest, int offset)
    {
        for (int at = offset; at < End && !region[at].IsReading(guest); at += 4)
        {
            if (region[at].IsWriting(guest))
            {
                return true;
            }
        }

        return false;
    }

    private static sbyte[] CreateHostOf()
    {
        var map = new sbyte[CpuState.SinkRegister + 1];
        Array.Fill<sbyte>(map, -1);
        return map;
    }
}
