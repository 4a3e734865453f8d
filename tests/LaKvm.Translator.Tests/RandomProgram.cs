using System.Runtime.InteropServices;
using LaKvm.Cpu;
using LaKvm.Cpu.Tests.Interpreter;
using LaKvm.Isa;

namespace LaKvm.Translator.Tests;

/// <summary>
/// A program of random instructions over three pages that neither ends nor leaves them: registers 20 to 22 point to
/// data and are never written, 24 to 26 into the code. Exceptions are skipped by a handler that uses CSRs only.
/// </summary>
internal sealed unsafe class RandomProgram(int seed, ProgramKind kind = ProgramKind.Mixed)
{
    private const ulong DataBase = 0x30_0000;
    private const int Pages = 3, Instructions = Pages * 1024;

    private const string Handler = """
            csrwr   $t1, 0x30
            csrrd   $t1, 0x6
            addi.d  $t1, $t1, 4
            csrwr   $t1, 0x6
            csrrd   $t1, 0x30
            ertn
        """;

    private static readonly Opcode[] Registers = Rows(Opcode.CloW, Opcode.ExtWB)
        .Concat(Rows(Opcode.AlslW, Opcode.BytepickD)).Concat(Rows(Opcode.AddW, Opcode.CrccWDW))
        .Concat(Rows(Opcode.AlslD, Opcode.Pcaddu18i)).ToArray();

    /// <summary>
    /// What translations hold in scratch registers and extend late: words and bits, a few of them in a row.
    /// </summary>
    private static readonly Opcode[] Plain = Rows(Opcode.AddW, Opcode.Andn).Append(Opcode.MulW).Append(Opcode.AlslW)
        .Concat(Rows(Opcode.SllW, Opcode.RotrD)).Concat(Rows(Opcode.SlliW, Opcode.RotriD))
        .Concat(Rows(Opcode.Slti, Opcode.Xori))
        .Concat(Rows(Opcode.ExtWH, Opcode.ExtWB)).Append(Opcode.BstrpickW).Append(Opcode.BstrpickD)
        .Append(Opcode.Lu12iW).ToArray();

    private static readonly Opcode[] Accesses = Rows(Opcode.LdptrW, Opcode.LdWu)
        .Append(Opcode.LlW).Append(Opcode.ScW).Append(Opcode.LlD).Append(Opcode.ScD).ToArray();

    private static readonly Opcode[] Atomics = Rows(Opcode.AmswapW, Opcode.AmminDbDu);

    /// <summary>Everything of the three units that is no access to memory, and does not write FCSR0.</summary>
    private static readonly Opcode[] Floating =
        [.. AllOf(Unit.Fp), .. AllOf(Unit.Fp), .. AllOf(Unit.Lsx), .. AllOf(Unit.Lasx)];

    /// <summary>Accesses of these units whose address is a register and an offset.</summary>
    private static readonly Opcode[] FloatingAccesses =
    [
        Opcode.FldD, Opcode.FldS, Opcode.FstD, Opcode.FstS, Opcode.Vld, Opcode.Vst, Opcode.Xvld, Opcode.Xvst,
        .. Rows(Opcode.VldreplD, Opcode.VstelmB), .. Rows(Opcode.XvldreplD, Opcode.XvstelmB),
    ];

    private readonly Random _random = new(seed);

    /// <summary>Guest address of the first byte of <see cref="Data"/>.</summary>
    public const ulong DataStart = DataBase - 0x2000;

    public static Span<byte> Data(TestMachine machine) => machine.Memory.Span(DataStart, 0x4000);

    /// <summary>Address of an instruction of any program.</summary>
    public static ulong AnyAddress(Random random) => TestMachine.Origin + (ulong)(4 * random.Next(Instructions));

    public void Load(TestMachine machine)
    {
        var code = (uint*)machine.Memory.Pointer(TestMachine.Origin);
        for (int n = 0; n < Instructions; n++)
        {
            code[n] = Word(n);
        }

        code[Instructions] = Assembler.Encode($"b {-4 * Instructions}");
        machine.Load(Handler, TestMachine.Vector);
        LoadNumbers(machine);
        for (int n = 1; n < 32; n++)
        {
            machine[n] = n switch
            {
                >= 20 and <= 22 => DataBase + (ulong)(8 * _random.Next(-64, 64)),
                >= 24 and <= 26 => TestMachine.Origin + (ulong)(4 * _random.Next(Instructions / 2)),
                _ => (ulong)_random.NextInt64() >> _random.Next(64),
            };
        }
    }

    /// <summary>Two singles or one double of all kinds, those more often that take part in inexact sums.</summary>
    public static ulong AnyNumbers(Random random) => random.Next(8) switch
    {
        0 => (ulong)random.NextInt64(),
        1 => BitConverter.DoubleToUInt64Bits(random.Next(-1000, 1000)),
        2 => BitConverter.DoubleToUInt64Bits((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-1074, 1024))),
        3 => Special(random),
        4 or 5 => Single(random) | ((ulong)Single(random) << 32),
        _ => BitConverter.DoubleToUInt64Bits((random.NextDouble() - 0.5) * 100),
    };

    private static uint Single(Random random) => BitConverter.SingleToUInt32Bits((random.NextSingle() - 0.5f) * 100);

    private static ulong Special(Random random) => random.Next(6) switch
    {
        0 => 0x7FF0_0000_0000_0000,
        1 => 0xFFF8_0000_1234_0000,
        2 => 0x7FF4_0000_0000_0001,
        3 => 0x7F80_0000_FFC0_0001,
        4 => 0x7FA0_0000_8000_0000,
        _ => 0x8000_0000_0000_0000,
    };

    private void LoadNumbers(TestMachine machine)
    {
        const int allUnits = 7, words = 32 * 4;
        machine.WriteCsr(Csr.Euen, kind == ProgramKind.Floating ? allUnits : 1UL);
        for (int n = 0; n < words; n++)
        {
            machine.State->Vr[n] = AnyNumbers(_random);
        }

        foreach (ref ulong word in MemoryMarshal.Cast<byte, ulong>(Data(machine)))
        {
            word = AnyNumbers(_random);
        }
    }

    private static IEnumerable<Opcode> AllOf(Unit unit) => Rows((Opcode)1, (Opcode)(OpcodeTable.Count - 1)).Where(row =>
        row.Info().Unit == unit && row.Info().Access == AccessKind.None && row != Opcode.Movgr2fcsr);

    private static Opcode[] Rows(Opcode first, Opcode last) =>
        [.. Enumerable.Range((int)first, last - first + 1).Select(n => (Opcode)n).Where(row => !row.Info().EndsBlock)];

    private uint Word(int index)
    {
        uint word = _random.Next(100) switch
        {
            < 45 when kind == ProgramKind.Floating => Randomize(Pick(Floating)),
            < 75 when kind == ProgramKind.Plain => Randomize(Pick(Plain)),
            < 60 when kind == ProgramKind.Floating => WithBase(Randomize(Pick(FloatingAccesses))),
            < 55 => Randomize(Pick(Registers)),
            < 72 => WithBase(Randomize(Pick(Accesses))),
            < 74 => WithBase(Randomize(Pick(Atomics))),
            < 81 => WithBase(Randomize(Pick(Floating))),
            < 82 when kind == ProgramKind.Floating => Control(),
            < 82 => Assembler.Encode("syscall 1"),
            < 83 => Assembler.Encode("csrrd $t2, 0x5"),
            < 84 => Assembler.Encode("ibar 0"),
            < 85 => (uint)_random.Next(),
            < 87 => Jirl(),
            _ => Branch(index),
        };
        OpcodeInfo info = Decoder.Find(word).Info();
        bool isBounded = info.EndsBlock || info.Opcode == Opcode.Invalid || !info.IsPrivileged
            || info.Opcode == Opcode.Csrrd;
        bool spoils = info.Flow is Flow.Next && info.Unit == Unit.None && (word & 31) is >= 20 and <= 26
            && info.Access != AccessKind.Store;
        return spoils ? word & ~31u : isBounded && !IsWild(info, word) ? word : 0x0340_0000;
    }

    /// <summary>What could leave the program or change the machine: random words, mostly.</summary>
    private static bool IsWild(OpcodeInfo info, uint word) =>
        info.Opcode != Opcode.Invalid
        && ((info.IsPrivileged && info.Opcode != Opcode.Csrrd && !IsUnitSwitch(info, word))
            || info.Opcode is Opcode.RdtimeD or Opcode.RdtimehW or Opcode.RdtimelW
            || (info.Opcode == Opcode.Jirl && (word >> 5 & 31) is < 24 or > 26)
            || (info.Access != AccessKind.None && (word >> 5 & 31) is < 20 or > 22));

    private static bool IsUnitSwitch(OpcodeInfo info, uint word) =>
        info.Opcode == Opcode.Csrxchg && (word >> 10 & 0x3FFF) == Csr.Euen;

    /// <summary>
    /// Under which rules the computing goes on: units on or off, the rounding mode, exceptions and their enables.
    /// </summary>
    private uint Control()
    {
        int value = _random.Next(1, 20);
        return _random.Next(4) switch
        {
            0 => Assembler.Encode("syscall 1"),
            1 => Assembler.Encode($"csrxchg $r{value}, $r{_random.Next(2, 20)}, 2"),
            2 => Assembler.Encode($"movgr2fcsr $fcsr{_random.Next(4)}, $r{value}"),
            _ => Assembler.Encode($"movgr2fcsr $fcsr3, $r{value}"),
        };
    }

    private uint Jirl() =>
        Opcode.Jirl.Info().Word | (uint)_random.Next(2) | (uint)_random.Next(24, 27) << 5
        | (uint)_random.Next(512) << 10;

    private uint Branch(int index)
    {
        Opcode row = (Opcode)_random.Next((int)Opcode.Beqz, (int)Opcode.Bgeu + 1);
        int near = _random.Next(4) == 0 ? _random.Next(-900, 900) : _random.Next(-6, 20);
        int distance = Math.Clamp(index + near, 0, Instructions - 1) - index;
        string text = row.Info().Mnemonic;
        int j = _random.Next(32), d = _random.Next(32);
        return row switch
        {
            Opcode.Jirl => Jirl(),
            Opcode.B or Opcode.Bl => Assembler.Encode($"{text} {4 * distance}"),
            Opcode.Beqz or Opcode.Bnez => Assembler.Encode($"{text} $r{j}, {4 * distance}"),
            _ => Assembler.Encode($"{text} $r{j}, $r{d}, {4 * distance}"),
        };
    }

    private Opcode Pick(Opcode[] rows) => rows[_random.Next(rows.Length)];

    private uint Randomize(Opcode row)
    {
        OpcodeInfo info = row.Info();
        return info.Word | ((uint)_random.NextInt64() & ~info.Mask);
    }

    /// <summary>Gives an access a base register; the offset stays below 2 KiB in most.</summary>
    private uint WithBase(uint word)
    {
        OpcodeInfo info = Decoder.Find(word).Info();
        return info.Access == AccessKind.None ? word : (word & ~(31u << 5)) | (uint)_random.Next(20, 23) << 5;
    }
}

/// <summary>What most instructions of a random program are.</summary>
internal enum ProgramKind
{
    Mixed,
    Floating,
    Plain,
}
