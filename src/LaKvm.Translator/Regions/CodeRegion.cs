using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// The instructions that are translated together: from one address on, over branches that fall through and over jumps
/// that an earlier branch leads across. Split into blocks, which only control transfers and other blocks lead into.
/// </summary>
internal sealed unsafe class CodeRegion(byte supportedUnits, int maximumBlock)
{
    /// <summary>Instructions of a region at most.</summary>
    public const int Capacity = 128;

    /// <summary>log2 of how many decoded instructions are kept.</summary>
    private const int DecodedBits = 13;

    private readonly Instruction[] _decoded = new Instruction[1 << DecodedBits];
    private readonly Instruction[] _instructions = new Instruction[Capacity];
    private readonly OffsetSet _targets = new();
    private readonly OffsetSet _leaders = new();

    /// <summary>Offset of the first instruction in its page.</summary>
    public int Start { get; private set; }

    /// <summary>Offset behind the last instruction.</summary>
    public int End { get; private set; }

    /// <summary>The instruction at an offset.</summary>
    public ref readonly Instruction this[int offset] => ref _instructions[(offset - Start) >> 2];

    /// <summary>Collects the region that begins at <paramref name="offset"/> of a page.</summary>
    public void Collect(CodePage* page, int offset, byte* resolve)
    {
        Start = offset;
        _targets.Clear();
        _leaders.Clear();
        int limit = Math.Min(CodePage.Bytes, offset + (Capacity * 4));
        for (End = offset; End < limit; End += 4)
        {
            if (End != offset && *CodePage.Entry(page, End) != resolve)
            {
                break;
            }

            Instruction instruction = Decode(Volatile.Read(ref *(uint*)(page->Host + End)));
            _instructions[(End - offset) >> 2] = instruction;
            if (!Continues(instruction))
            {
                End += 4;
                break;
            }
        }

        Split();
    }

    /// <summary>Offset behind the block that begins at <paramref name="start"/>.</summary>
    public int EndOfBlock(int start)
    {
        int end = start + 4;
        while (end < End && !_leaders.Contains(end))
        {
            end += 4;
        }

        return end;
    }

    /// <summary>Decodes an instruction as this machine has it: of units that it lacks, there are none.</summary>
    public Instruction Decode(uint word)
    {
        // Words that programs repeat are found again; what no place was filled with yet is word 0, which is no
        // instruction.
        ref Instruction known = ref _decoded[(word * 0x9E37_79B1u) >> (32 - DecodedBits)];
        if (known.Word != word)
        {
            known = DecodeAnew(word);
        }

        return known;
    }

    /// <summary>Whether an instruction is the last one of its block.</summary>
    public static bool EndsBlock(Opcode opcode) => opcode == Opcode.Invalid || opcode.Info().EndsBlock;

    /// <summary>Whether execution may go on behind an instruction.</summary>
    public static bool FallsThrough(Opcode opcode) =>
        opcode != Opcode.Invalid && opcode.Info().Flow is Flow.Next or Flow.Branch or Flow.Sync;

    /// <summary>What has to be checked before an instruction is executed.</summary>
    public static Checks ChecksOf(OpcodeInfo info) =>
        (info.IsPrivileged ? Checks.Privileged : Checks.None)
        | (info.Unit == Unit.None ? Checks.None : (Checks)(1 << ((int)info.Unit - 1)));

    /// <summary>Target of a direct branch at <paramref name="offset"/>, in bytes from the page's beginning.</summary>
    public static int Target(in Instruction branch, int offset) => offset + branch.Imm;

    /// <summary>Whether an instruction is a branch with its target in the word.</summary>
    public static bool IsDirect(Opcode opcode) => opcode.Info().Flow is Flow.Branch or Flow.Jump or Flow.Call;

    /// <summary>
    /// Whether the block that begins at <paramref name="start"/> gets an entry. One that only the block before it leads
    /// into has none until something else does.
    /// </summary>
    public bool IsEntry(int start) => start == Start || _targets.Contains(start);

    /// <summary>
    /// Whether the region goes on behind the instruction at <see cref="End"/>; marks where that branches to.
    /// </summary>
    private bool Continues(in Instruction instruction)
    {
        if (IsDirect(instruction.Opcode))
        {
            _targets.Add(Target(instruction, End));
        }

        return FallsThrough(instruction.Opcode) || _targets.Contains(End + 4);
    }

    /// <summary>
    /// Whether a branch of the region leads to the instruction at <paramref name="offset"/>, or a block was split
    /// there.
    /// </summary>
    public bool IsTarget(int offset) => _targets.Contains(offset);

    /// <summary>Whether a branch to <paramref name="offset"/> stays in the region.</summary>
    public bool IsInside(int offset) => offset >= Start && offset < End;

    private Instruction DecodeAnew(uint word)
    {
        Instruction instruction = Decoder.Decode(word);
        OpcodeInfo info = instruction.Opcode.Info();
        if (info.Unit != Unit.None && (supportedUnits >> ((int)info.Unit - 1) & 1) == 0)
        {
            instruction.Opcode = Opcode.Invalid;
        }

        return instruction;
    }

    private void Split()
    {
        for (int at = Start, length = 1; at < End; at += 4, length++)
        {
            if (length >= maximumBlock)
            {
                _targets.Add(at + 4);
            }

            if (EndsBlock(this[at].Opcode) || _targets.Contains(at + 4))
            {
                _leaders.Add(at + 4);
                length = 0;
            }
        }
    }

    /// <summary>A set of offsets in a page; those outside are never in it.</summary>
    private sealed class OffsetSet
    {
        private readonly ulong[] _bits = new ulong[CodePage.Slots / 64];

        public void Clear() => Array.Clear(_bits);

        public void Add(int offset)
        {
            if ((uint)offset < CodePage.Bytes)
            {
                _bits[offset >> 8] |= 1UL << (offset >> 2 & 63);
            }
        }

        public bool Contains(int offset) =>
            (uint)offset < CodePage.Bytes && (_bits[offset >> 8] >> (offset >> 2 & 63) & 1) != 0;
    }
}
