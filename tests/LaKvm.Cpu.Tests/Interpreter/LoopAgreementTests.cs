using LaKvm.Isa;

namespace LaKvm.Cpu.Tests.Interpreter;

/// <summary>What the engine executes itself, against the handlers, which the recorded vectors prove.</summary>
public sealed unsafe class LoopAgreementTests
{
    private const ulong Data = 0x30_0000;

    public static TheoryData<Opcode> BaseRows()
    {
        var rows = new TheoryData<Opcode>();
        for (Opcode row = Opcode.Invalid + 1; row <= Opcode.Bgeu; row++)
        {
            rows.Add(row);
        }

        foreach (Opcode row in new[]
            { Opcode.Bceqz, Opcode.Bcnez, Opcode.FldS, Opcode.FldD, Opcode.FstS, Opcode.FstD })
        {
            rows.Add(row);
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(BaseRows))]
    public void Loop_and_handler_agree(Opcode row)
    {
        var random = new Random((int)row);
        using var machine = new TestMachine(createEngine: EngineUnderTest.CreateForSingleInstructions);
        ulong[] memory = [.. Enumerable.Range(0, 1024).Select(_ => (ulong)random.NextInt64())];
        for (int n = 0; n < 60; n++)
        {
            uint word = RandomWord(row, random);
            bool baseIsData = row.Info().Access == AccessKind.None || (word >> 5 & 31) != 0;
            if (Decoder.Find(word) != row || !baseIsData)
            {
                continue;
            }

            ulong[] before = RandomRegisters(word, random);

            Prepare(machine, word, before, memory);
            machine.Run(1);
            (ulong[] looped, ulong[] loopedMemory, ulong loopedPc) = Result(machine);

            Prepare(machine, word, before, memory);
            Execute(machine, Decoder.Decode(word));
            (ulong[] handled, ulong[] handledMemory, ulong handledPc) = Result(machine);

            string because = $"both execute {row} {word:x8}";
            looped.AsSpan().SequenceEqual(handled).Should().BeTrue(because);
            loopedMemory.AsSpan().SequenceEqual(handledMemory).Should().BeTrue(because);
            loopedPc.Should().Be(handledPc, because);
            looped[0].Should().Be(0, because);
        }
    }

    /// <summary>What any engine does with a handler.</summary>
    private static void Execute(TestMachine machine, Instruction instruction)
    {
        SinkRule.Apply(ref instruction);
        Trap trap = HandlerTable.Shared[instruction.Opcode](machine.Core, machine.State, &instruction);
        if (trap == Trap.None)
        {
            machine.State->Pc += 4;
        }
        else if (trap != Trap.Refetch)
        {
            machine.Core.RaiseException(trap, instruction.Word);
        }
    }

    private static uint RandomWord(Opcode row, Random random)
    {
        OpcodeInfo info = row.Info();
        return info.Word | ((uint)random.NextInt64() & ~info.Mask);
    }

    /// <summary>Interesting numbers; the base of an access points into the data.</summary>
    private static ulong[] RandomRegisters(uint word, Random random)
    {
        ulong[] pool =
        [
            0, 1, ulong.MaxValue, long.MaxValue, 1UL << 63, int.MaxValue, 0x8000_0000, 0xffff_ffff_8000_0000,
        ];
        var registers = new ulong[32];
        for (int r = 1; r < 32; r++)
        {
            registers[r] = random.Next(3) == 0
                ? pool[random.Next(pool.Length)]
                : (ulong)random.NextInt64() << random.Next(2);
        }

        OpcodeInfo info = Decoder.Find(word).Info();
        if (info.Access != AccessKind.None)
        {
            ulong aligned = random.Next(4) != 0 ? ~7UL : ulong.MaxValue;
            registers[word >> 10 & 31] = (ulong)random.Next(-512, 512) & aligned;
            registers[0] = 0;
            registers[word >> 5 & 31] = (Data + 0x1000 + (ulong)random.Next(-512, 512)) & aligned;
        }

        return registers;
    }

    private static void Prepare(TestMachine machine, uint word, ulong[] registers, ulong[] memory)
    {
        machine.Restart();
        registers.CopyTo(new Span<ulong>(machine.State, 32));
        memory.CopyTo(new Span<ulong>(machine.Memory.Pointer(Data), 1024));
        *(uint*)machine.Memory.Pointer(TestMachine.Origin) = word;
        machine.Memory.Written(TestMachine.Origin, 4);
        machine.State->Fcc[1] = 1;
        for (int n = 0; n < 128; n++)
        {
            machine.State->Vr[n] = 0x0101_0101_0101_0101 * (ulong)n;
        }
    }

    private static (ulong[] Registers, ulong[] Memory, ulong Pc) Result(TestMachine machine) =>
        ([.. new Span<ulong>(machine.State, 32), .. new Span<ulong>(machine.State->Vr, 128)],
            new Span<ulong>(machine.Memory.Pointer(Data), 1024).ToArray(),
            machine.State->Pc);
}
