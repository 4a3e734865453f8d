using System.Collections.Concurrent;
using LaKvm.Cpu;
using LaKvm.Interpreter;
using LaKvm.Ioctl;
using LaKvm.Running;
using LaKvm.Translator;
using Xunit.Abstractions;

namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// The raw interface under random calls from several threads: no crash, no hang, no leak, no foreign memory touched.
/// </summary>
[Collection(Alone)]
public sealed class IoctlFuzzTests(ITestOutputHelper output)
{
    /// <summary>No other tests beside these, which count the open files of the process.</summary>
    private const string Alone = "alone";

    private const int Threads = 4;
    private const ulong RamSize = 8UL << 20, GuardSize = 1UL << 20;

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("interpreter")]
    [InlineData("translator")]
    public void Random_calls_do_no_harm(string engine)
    {
        if (engine == "translator" && !TranslatorEngine.IsSupported)
        {
            return; // this computer has no such engine
        }

        int seed = SoakTime.Seed();
        int files = OpenFiles();
        using var machine = new HostMachine(2, 96UL << 20, new MonotonicClock(),
            core => engine == "translator" ? new TranslatorEngine(core) : new InterpreterEngine(core));
        int pages = machine.Pages.FreePages;
        var process = new HostProcess(machine);
        UserMemory before = Guard(process), ram = UserMemory.Map(process, RamSize), after = Guard(process);
        ulong[] canaries = PlaceCanaries(machine);
        try
        {
            Fuzz(process, ram, seed, SoakTime.Of(20, 1));
            CheckGuard(before, seed);
            CheckGuard(after, seed);
        }
        finally
        {
            process.Dispose();
        }

        process.OpenDescriptors.Should().Be(0);
        OpenFiles().Should().BeLessOrEqualTo(
            files + 16, "a VM or vCPU that stays would have hundreds; the runtime may open some (seed {0})", seed);
        CheckCanaries(machine, canaries, seed);
        machine.Pages.FreePages.Should().Be(pages, "every page is given back (seed {0})", seed);
    }

    private void Fuzz(HostProcess process, UserMemory ram, int seed, TimeSpan time)
    {
        var failures = new ConcurrentQueue<string>();
        DateTime end = DateTime.UtcNow + time;
        IoctlFuzzer[] fuzzers = [.. Enumerable.Range(0, Threads)
            .Select(i => new IoctlFuzzer(process, ram, failures, (seed * Threads) + i))];
        var code = new byte[RamSize];
        new RandomArguments(new Random(seed), 0, 0).FillWithCode(code);
        ram.Write(0, code);
        Thread[] threads = [.. fuzzers.Select(f => new Thread(() => f.Run(end)))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        DateTime limit = end + TimeSpan.FromSeconds(60);
        while (threads.Any(t => t.IsAlive) && DateTime.UtcNow < limit)
        {
            Thread.Sleep(5);
            foreach (IoctlFuzzer fuzzer in fuzzers)
            {
                fuzzer.Thread?.Signal(IoctlFuzzer.KickSignal);
            }
        }

        threads.Should().OnlyContain(t => !t.IsAlive, "no call hangs (seed {0})", seed);
        failures.Should().BeEmpty("no call throws (seed {0})", seed);
        long calls = fuzzers.Sum(f => f.Calls), good = fuzzers.Sum(f => f.Succeeded), exits = fuzzers.Sum(f => f.Exits);
        output.WriteLine($"seed {seed}: {calls} calls, {good} succeeded, {exits} exits to user space, "
            + $"{fuzzers.Sum(f => f.Interrupted)} runs interrupted");
        good.Should().BeGreaterThan(calls / 50, "calls get past the first checks");
        exits.Should().BePositive();
        foreach (IoctlFuzzer fuzzer in fuzzers)
        {
            fuzzer.Dispose();
        }
    }

    private static UserMemory Guard(HostProcess process)
    {
        UserMemory memory = UserMemory.Map(process, GuardSize, linear: false);
        memory.Write(0, Pattern());
        return memory;
    }

    private static byte[] Pattern() => [.. Enumerable.Range(0, (int)GuardSize).Select(i => (byte)((i * 7) ^ (i >> 8)))];

    private static void CheckGuard(UserMemory memory, int seed)
    {
        var now = new byte[GuardSize];
        memory.Read(0, now).Should().BeTrue();
        now.AsSpan().SequenceEqual(Pattern()).Should()
            .BeTrue("memory that was never registered stays (seed {0})", seed);
    }

    /// <summary>Pages all over the machine that belong to nobody.</summary>
    private static unsafe ulong[] PlaceCanaries(HostMachine machine)
    {
        ulong[] taken = [.. Enumerable.Range(0, machine.Pages.FreePages / 2).Select(_ => machine.Pages.Allocate())];
        ulong[] canaries = [.. taken.Where((_, i) => i % 16 == 0)];
        foreach (ulong page in taken.Except(canaries))
        {
            machine.Pages.Put(page);
        }

        foreach (ulong page in canaries)
        {
            new Span<ulong>(machine.Pages.Pointer(page), (int)HostPages.DefaultPageSize / 8)
                .Fill(page ^ 0xa5a5_a5a5_a5a5_a5a5);
        }

        return canaries;
    }

    private static unsafe void CheckCanaries(HostMachine machine, ulong[] canaries, int seed)
    {
        foreach (ulong page in canaries)
        {
            new ReadOnlySpan<ulong>(machine.Pages.Pointer(page), (int)HostPages.DefaultPageSize / 8)
                .IndexOfAnyExcept(page ^ 0xa5a5_a5a5_a5a5_a5a5).Should()
                .Be(-1, "page {0:x} is nobody's (seed {1})", page, seed);
            machine.Pages.Put(page);
        }
    }

    private static int OpenFiles() => Directory.GetFiles("/proc/self/fd").Length;
}

/// <summary>Tests that run while no others do.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class AloneCollection;
