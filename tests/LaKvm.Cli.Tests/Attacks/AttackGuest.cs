using System.Globalization;
using System.Text;
using LaKvm.Isa;

namespace LaKvm.Cli.Tests.Attacks;

/// <summary>
/// A hostile bare-metal program: chunks of registers full of telling values and random instructions, in an endless loop
/// on all cores. Its handlers go on behind what failed, unless the attack is on them, so that the guest attacks for as
/// long as it lives. The seed makes it.
/// </summary>
internal sealed class AttackGuest
{
    /// <summary>Where the program belongs and starts.</summary>
    internal const ulong LoadAddress = 0x20_0000;

    private const int Chunks = 40, InstructionsPerChunk = 16, RegistersPerChunk = 5;
    private const int QueueAddress = 0x100_0000, QueueBytes = 0x1000;

    // What chunks fill and instructions name; r20 (t8) and r31 (s8) belong to loop and handlers.
    private const int FirstRegister = 4, LastRegister = 19;

    private readonly AttackKind _kind;
    private readonly Random _random;
    private readonly StringBuilder _text = new();
    private readonly Opcode[] _rows;
    private readonly int[] _csrs;

    private AttackGuest(AttackKind kind, int seed)
    {
        _kind = kind;
        _random = new Random(seed);
        _rows = [.. Enumerable.Range(1, OpcodeTable.Count - 1).Select(i => (Opcode)i)
            .Where(row => AttackPools.Uses(kind, row.Info()))];
        _csrs = AttackPools.Csrs(kind);
    }

    /// <summary>The program's bytes.</summary>
    internal static byte[] Create(AttackKind kind, int seed) =>
        Assembler.Assemble(new AttackGuest(kind, seed).Write(), LoadAddress).BytesOrThrow();

    private string Write()
    {
        WriteStart();
        _text.Append("main:\n");
        for (int chunk = 0; chunk < Chunks; chunk++)
        {
            WriteChunk(chunk);
        }

        // Backwards farther than a branch reaches.
        _text.Append("la.local $t8, main\nor $t8, $t8, $s8\njirl $zero, $t8, 0\n");
        WriteHandlers();
        return _text.ToString();
    }

    /// <summary>Windows and paging on, handlers, the other cores, then what the kind needs.</summary>
    private void WriteStart()
    {
        _text.Append("""
            li.d $t0, 0x8000000000000001
            csrwr $t0, 0x180
            li.d $s8, 0x9000000000000000
            addi.d $t0, $s8, 0x11
            csrwr $t0, 0x181
            csrwr $zero, 0x182
            csrwr $zero, 0x183
            la.local $t0, window
            or $t0, $t0, $s8
            jirl $zero, $t0, 0
            window: ori $t0, $zero, 0xb0
            csrwr $t0, 0
            ori $t0, $zero, 7
            csrwr $t0, 0x2
            la.local $t0, handler
            or $t0, $t0, $s8
            csrwr $t0, 0xc
            la.local $t0, refill
            bstrins.d $t0, $zero, 63, 48
            csrwr $t0, 0x88
            csrwr $t0, 0x93
            csrrd $t0, 0x20
            bstrpick.d $t0, $t0, 8, 0
            bnez $t0, awake

            """);
        for (int core = 1; core < 4; core++)
        {
            WriteWakeUp(core);
        }

        Line("awake:");
        if (_kind is AttackKind.Storm or AttackKind.Anything or AttackKind.Exits)
        {
            WriteInterrupts();
        }
    }

    /// <summary>
    /// Start address to mailbox 0, high half first, and interrupt 0; a core that is not there leaves it at that.
    /// </summary>
    private void WriteWakeUp(int core)
    {
        const ulong blocking = 0x8000_0000;
        ulong target = blocking | ((ulong)core << 16);
        Line("li.w $t1, 0x1048", $"li.d $t0, {(LoadAddress >> 32 << 32) | target | 4}", "iocsrwr.d $t0, $t1",
            $"li.d $t0, {(LoadAddress << 32) | target}", "iocsrwr.d $t0, $t1",
            "li.w $t1, 0x1040", $"li.d $t0, {target}", "iocsrwr.w $t0, $t1");
    }

    /// <summary>Everything that can interrupt does, again and again.</summary>
    private void WriteInterrupts()
    {
        Line($"li.d $t0, {_random.Next(0x2000)}", "csrwr $t0, 0x4", $"li.d $t0, {_random.Next(0x40) | 3}",
            "csrwr $t0, 0x41",
            "ori $t0, $zero, 3", "csrwr $t0, 0x5", "li.d $t0, 0x800000001fe001e0", "ori $t1, $zero, 15",
            "st.b $t1, $t0, 1",
            "li.d $t0, 0x8000000010000000", "st.d $zero, $t0, 0x20", "li.d $t1, -1", "st.d $t1, $t0, 0x40",
            "li.w $t0, 0x1004", "iocsrwr.w $t1, $t0", "li.w $t0, 0x1600", "iocsrwr.d $t1, $t0",
            "ori $t0, $zero, 4", "csrxchg $t0, $t0, 0");
    }

    private void WriteChunk(int number)
    {
        for (int i = 0; i < RegistersPerChunk; i++)
        {
            Line($"li.d $r{FreeRegister()}, 0x{AttackPools.Value(_kind, _random):x}");
        }

        if (_kind == AttackKind.Virtio)
        {
            WriteQueue();
        }

        Line($"chunk{number}:");
        for (int i = 0; i < InstructionsPerChunk; i++)
        {
            if (_kind == AttackKind.SelfModifying && i % 5 == 0)
            {
                WriteOverwriting(number);
            }

            Line($".word 0x{RandomWord():x}");
        }
    }

    /// <summary>Another instruction of the kind into a chunk near by; sometimes the core is told (ibar).</summary>
    private void WriteOverwriting(int number)
    {
        int target = Math.Clamp(number + _random.Next(-2, 3), 0, Chunks - 1);
        Line($"la.local $t8, chunk{target}", $"li.w $t7, {(int)RandomWord()}",
            $"st.w $t7, $t8, {4 * _random.Next(InstructionsPerChunk)}", _random.Next(2) == 0 ? "ibar 0" : "nop");
    }

    /// <summary>
    /// Makes a queue of slot 0 or 1 ready: addresses at and around RAM, chains that loop, any length and flags.
    /// </summary>
    private void WriteQueue()
    {
        ulong slot = 0x8000_0000_1fe0_2000 + ((ulong)(uint)_random.Next(2) * 0x200);
        Line($"li.d $s0, 0x{slot:x}", $"li.d $s1, 0x{0x9000_0000_0000_0000 + QueueAddress:x}");
        for (int i = 0; i < 6; i++)
        {
            ulong address = _random.Next(4) == 0
                ? AttackPools.Value(_kind, _random)
                : (ulong)(uint)_random.Next(0x400_0000);
            ulong word = (ulong)(uint)(_random.Next(3) == 0 ? -1 : _random.Next(0x3000))
                | ((ulong)(uint)_random.Next(8) << 32)
                | ((ulong)(uint)_random.Next(9) << 48);
            Line($"li.d $t0, 0x{address:x}", $"st.d $t0, $s1, {16 * i}", $"li.d $t0, 0x{word:x}",
                $"st.d $t0, $s1, {(16 * i) + 8}");
        }

        Line($"li.d $t0, 0x{_random.Next():x}", "st.w $t0, $s1, 1024", "st.h $t0, $s1, 1026", "st.w $zero, $s1, 1028");
        (int Register, int Value)[] writes =
        [
            (0x70, 0), (0x70, 3), (0x24, 1), (0x20, 1), (0x70, 11), (0x30, _random.Next(3)),
            (0x38, 1 << _random.Next(9)),
            (0x80, QueueAddress), (0x84, 0), (0x90, QueueAddress + 1024), (0x94, 0),
            (0xa0, QueueAddress + QueueBytes / 2), (0xa4, 0),
            (0x44, 1), (0x70, 15), (0x50, _random.Next(3)),
        ];
        foreach ((int register, int value) in writes)
        {
            Line($"li.w $t0, {(_random.Next(12) == 0 ? _random.Next() : value)}", $"st.w $t0, $s0, {register}");
        }
    }

    private void WriteHandlers()
    {
        const int save = 0x30, era = 0x6, refillSave = 0x8b, refillEra = 0x8a;
        Line(".balign 4096");
        WriteHandler("handler", save, era);
        Line(".balign 4096");
        WriteHandler("refill", refillSave, refillEra);
        if (_kind == AttackKind.Traps)
        {
            Line(".balign 4096", "faults: ld.d $t0, $zero, 0", "b faults", ".balign 4096", "loops: syscall 0", "ertn",
                ".balign 4096", "spins: b spins");
        }
    }

    /// <summary>Goes on behind the instruction, or at the beginning if that was elsewhere.</summary>
    private void WriteHandler(string name, int save, int era)
    {
        Line($"{name}: csrwr $t8, 0x{save:x}", $"csrrd $t8, 0x{era:x}", "addi.d $t8, $t8, 4",
            "bstrpick.d $t8, $t8, 47, 12",
            $"addi.d $t8, $t8, -{LoadAddress >> 12}", "sltui $t8, $t8, 16", $"beqz $t8, {name}_lost",
            $"csrrd $t8, 0x{era:x}", "addi.d $t8, $t8, 4", $"b {name}_back",
            $"{name}_lost: la.local $t8, main", "bstrins.d $t8, $zero, 63, 48", "lu52i.d $t8, $t8, -1792",
            $"{name}_back: csrwr $t8, 0x{era:x}", $"csrrd $t8, 0x{save:x}", "ertn");
    }

    /// <summary>
    /// An instruction of the kind, with registers that chunks fill, and immediates and CSRs of any value.
    /// </summary>
    private uint RandomWord()
    {
        OpcodeInfo row = _rows[_random.Next(_rows.Length)].Info();
        uint word = row.Word | ((uint)_random.NextInt64() & ~row.Mask);
        if (_kind != AttackKind.Anything)
        {
            for (int i = 0; i < row.OperandCount; i++)
            {
                Operand operand = row.OperandAt(i);
                word = operand.Kind switch
                {
                    OperandKind.Gpr => Replace(word, operand, FreeRegister()),
                    OperandKind.Signed when row.Access != AccessKind.None => Replace(word, operand, _random.Next(16)),
                    _ => word,
                };
            }
        }

        bool csr = row.Mnemonic.StartsWith("csr", StringComparison.Ordinal)
            || row.Mnemonic.StartsWith("gcsr", StringComparison.Ordinal);
        return csr && _csrs.Length > 0 && _random.Next(8) != 0
            ? (word & ~(0x3fffu << 10)) | ((uint)_csrs[_random.Next(_csrs.Length)] << 10)
            : word;
    }

    private static uint Replace(uint word, Operand operand, int field) =>
        (word & ~operand.Mask) | ((uint)field << operand.Shift);

    private int FreeRegister() => _random.Next(FirstRegister, LastRegister + 1);

    private void Line(params string[] lines)
    {
        foreach (string line in lines)
        {
            _text.Append(CultureInfo.InvariantCulture, $"{line}\n");
        }
    }
}
