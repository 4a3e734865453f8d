using LaKvm.Cpu;
using LaKvm.Cpu.Tests.Interpreter;
using LaKvm.Interpreter;

namespace LaKvm.Translator.Tests;

/// <summary>
/// Random programs, on the translator and on the interpreter: after every slice of a run, everything is the same.
/// </summary>
public sealed unsafe class LockstepTests
{
    /// <summary>Instructions of a run, and of a part of it that goes undisturbed.</summary>
    private const int Length = 20_000, Stretch = 200;

    /// <summary>
    /// From these on, seeds make programs of floating-point and vector instructions mostly, or of plain integer
    /// instructions.
    /// </summary>
    private const int FloatingSeeds = 10_000, PlainSeeds = 20_000;

    public static TheoryData<int, int, int> Runs()
    {
        var runs = new TheoryData<int, int, int>();
        for (int seed = 1; seed <= 12; seed++)
        {
            runs.Add(seed, 1, 0);
            runs.Add(seed, 7, 0);
            runs.Add(seed, 1000, 0);
            runs.Add(seed, 1000, 3);
            runs.Add(seed + FloatingSeeds, seed % 3 == 0 ? 7 : 1000, seed & 1);
            runs.Add(seed + PlainSeeds, seed % 3 == 0 ? 7 : 1000, seed & 1);
        }

        return runs;
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Random_program_runs_as_on_the_interpreter(int seed, int slice, int warmCount) =>
        Compare(seed, slice, Length, new() { WarmCount = warmCount, MaximumBlock = slice == 1 ? 1 : 64 });

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(100_000)]
    public void Many_random_programs_run_as_on_the_interpreter(int slice)
    {
        for (int seed = 1000; seed < 1030; seed++)
        {
            Compare(seed, slice, 5 * Length, new() { WarmCount = seed % 4, MaximumBlock = slice == 1 ? 1 : 64 });
            Compare(seed + FloatingSeeds, slice, 5 * Length,
                new() { WarmCount = seed % 2, MaximumBlock = slice == 1 ? 1 : 64 });
            Compare(seed + PlainSeeds, slice, 5 * Length,
                new() { WarmCount = seed % 2, MaximumBlock = slice == 1 ? 1 : 64 });
        }
    }

    /// <summary>Without three operands shifts need rcx, and end a stretch of plain instructions.</summary>
    [Theory]
    [InlineData(PlainSeeds + 50)]
    [InlineData(FloatingSeeds + 50)]
    [InlineData(FloatingSeeds + 51)]
    [InlineData(FloatingSeeds + 52)]
    public void Random_program_runs_on_an_old_host_as_on_the_interpreter(int seed) => Compare(
        seed, 1000, 2 * Length, new() { WarmCount = 0,
        Features = new(Sse41: true, Avx2: false, Fma: false, Bmi2: false, Crc: false) });

    [Fact]
    public void Program_larger_than_the_arena_runs_as_on_the_interpreter() =>
        Compare(77, 500, Length, new() { WarmCount = 0, ArenaBytes = 216 << 10 });

    private static void Compare(int seed, int slice, int length, TranslatorOptions options)
    {
        using var expected = new TestMachine(createEngine: core => new InterpreterEngine(core));
        using var actual = new TestMachine(createEngine: core => new TranslatorEngine(core, options));
        new RandomProgram(seed, KindOf(seed)).Load(expected);
        new RandomProgram(seed, KindOf(seed)).Load(actual);
        var random = new Random(seed);
        for (int done = 0; done < length; done += slice)
        {
            if (done / Stretch != (done + slice) / Stretch)
            {
                // Random programs end in small loops soon.
                Scatter(expected, actual, random);
            }

            ulong pc = expected.State->Pc;
            expected.Run(slice);
            Misplace(actual);
            actual.Run(slice);
            string? difference = Difference(expected, actual);
            difference.Should().BeNull($"seed {seed}, {done} to {done + slice}, from {pc:x}");
        }

        ((TranslatorEngine)actual.Engine).Translations.Should().BePositive();
    }

    /// <summary>
    /// Where accesses of a group keep what their first one found, puts an address that is wrong by some bytes: one that
    /// finds nothing for itself reads and writes beside its place.
    /// </summary>
    private static void Misplace(TestMachine machine)
    {
        fixed (byte* host = RandomProgram.Data(machine))
        {
            for (int n = 0; n < 8; n++)
            {
                machine.State->Access[n] = (ulong)host - RandomProgram.DataStart + 64;
            }
        }
    }

    private static ProgramKind KindOf(int seed) =>
        seed >= PlainSeeds ? ProgramKind.Plain : seed >= FloatingSeeds ? ProgramKind.Floating : ProgramKind.Mixed;

    /// <summary>
    /// Sends both machines to the same random place with some new register values, another rounding mode, and units on.
    /// </summary>
    private static void Scatter(TestMachine expected, TestMachine actual, Random random)
    {
        expected.State->Pc = actual.State->Pc = RandomProgram.AnyAddress(random);
        for (int n = 0; n < 4; n++)
        {
            int register = random.Next(1, 20);
            expected[register] = actual[register] = (ulong)random.NextInt64() >> random.Next(64);
            int word = random.Next(128);
            expected.State->Vr[word] = actual.State->Vr[word] = RandomProgram.AnyNumbers(random);
        }

        const int allUnits = 7;
        expected.WriteCsr(Csr.Euen, allUnits);
        actual.WriteCsr(Csr.Euen, allUnits);
        uint enables = random.Next(8) == 0 ? (uint)random.Next(32) : 0;
        expected.State->Fcsr = actual.State->Fcsr = enables | ((uint)random.Next(4) << Fcsr.RmShift);
    }

    private static string? Difference(TestMachine expected, TestMachine actual)
    {
        CpuState* e = expected.State, a = actual.State;
        for (int n = 0; n < 32; n++)
        {
            if (e->Gpr[n] != a->Gpr[n])
            {
                return $"r{n} is {a->Gpr[n]:x}, not {e->Gpr[n]:x} (pc {a->Pc:x}, {e->Pc:x})";
            }
        }

        for (int n = 0; n < 128; n++)
        {
            if (e->Vr[n] != a->Vr[n])
            {
                return $"vr{n / 4}.{n % 4} is {a->Vr[n]:x}, not {e->Vr[n]:x}";
            }
        }

        for (int n = 0; n < 0x90; n++)
        {
            if (e->Csr[n] != a->Csr[n])
            {
                return $"csr {n:x} is {a->Csr[n]:x}, not {e->Csr[n]:x}";
            }
        }

        var scalars = (e->Pc, e->Retired, e->Budget, e->Plv, e->Units, e->Fcsr, *(ulong*)e->Fcc, e->Llbit[0],
            e->LlAddress, e->LlValue);
        var others = (a->Pc, a->Retired, a->Budget, a->Plv, a->Units, a->Fcsr, *(ulong*)a->Fcc, a->Llbit[0],
            a->LlAddress, a->LlValue);
        if (scalars != others)
        {
            return $"state is {others}, not {scalars}";
        }

        bool same = RandomProgram.Data(actual).SequenceEqual(RandomProgram.Data(expected));
        return same ? null : $"memory differs (pc {a->Pc:x})";
    }
}
