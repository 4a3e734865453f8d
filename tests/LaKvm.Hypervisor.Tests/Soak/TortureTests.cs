using LaKvm.Cpu;
using LaKvm.Interpreter;
using LaKvm.Ioctl;
using LaKvm.Translator;
using Xunit.Abstractions;

namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// Four vCPUs on three cores under memory pressure, while the host swaps, shares, ages, remaps and splits their pages,
/// changes slots, harvests dirty logs and interrupts them: contents right, no interrupt lost, no written page lost.
/// </summary>
public sealed class TortureTests(ITestOutputHelper output)
{
    private const int CasesOfAnEngine = 4;

    public static TheoryData<string, int, DirtyMode> Cases()
    {
        var cases = new TheoryData<string, int, DirtyMode>();
        foreach (string engine in (string[])["interpreter", "translator"])
        {
            cases.Add(engine, 14, DirtyMode.Bitmap);
            cases.Add(engine, 12, DirtyMode.Manual);
            cases.Add(engine, 14, DirtyMode.ManualInitiallySet);
            cases.Add(engine, 12, DirtyMode.Ring);
        }

        return cases;
    }

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Cases))]
    public void Guest_survives_all_that_the_host_does_to_it(string engine, int pageShift, DirtyMode mode)
    {
        if (engine == "translator" && !TranslatorEngine.IsSupported)
        {
            return; // this computer has no such engine
        }

        int seed = SoakTime.Seed();
        GpaTableGeometry geometry = pageShift == 12 ? GpaTableGeometry.Small : GpaTableGeometry.Default;
        var machine = new TortureMachine(
            engine == "translator" ? core => new TranslatorEngine(core) : core =>
            new InterpreterEngine(core), geometry, seed);
        try
        {
            Torture(machine, mode, SoakTime.Of(8, CasesOfAnEngine));
        }
        finally
        {
            machine.Dispose();
        }

        machine.Host.Pages.FreePages.Should().Be(machine.FreePages, "everything is given back (seed {0})", seed);
    }

    private void Torture(TortureMachine machine, DirtyMode mode, TimeSpan time)
    {
        var copy = new LiveCopy(machine, mode);
        machine.Start();
        copy.MapRings();
        using var events = new TortureEvents(machine);
        DateTime end = DateTime.UtcNow + time;
        Thread[] threads =
        [
            Repeat(machine, end, 2, 2, events.ChangeMemory),
            Repeat(machine, end, 3, 1, events.ChangeSlots),
            Repeat(machine, end, 4, 1, events.Disturb),
            Repeat(machine, end, 5, 0, _ => copy.CopyGuest()),
        ];
        foreach (Thread thread in threads)
        {
            thread.Join(time + TimeSpan.FromSeconds(60)).Should()
                .BeTrue("no thread hangs (seed {0}): {1}", machine.Seed,
                machine.Describe());
        }

        bool ended = machine.Stop(TimeSpan.FromSeconds(60));
        machine.Failures.Should().BeEmpty("nothing goes wrong (seed {0})", machine.Seed);
        ended.Should().BeTrue("no interrupt is lost (seed {0}): {1}", machine.Seed, machine.Describe());
        Check(machine, copy, events);
    }

    private void Check(TortureMachine machine, LiveCopy copy, TortureEvents events)
    {
        string because = $"with seed {machine.Seed}: {machine.Describe()}";
        ulong[] shared = [.. Enumerable.Range(0, 16).Select(i => machine.Word(TortureGuest.Shared + ((ulong)i * 8)))];
        ulong atomic = machine.Sum(TortureGuest.AtomicCount);
        Total(shared[..8]).Should().Be(atomic, because);
        Total(shared[8..]).Should().Be(atomic, because);
        ulong ipis = machine.Sum(TortureGuest.IpiSent), calls = machine.Sum(TortureGuest.PvSent);
        machine.Sum(TortureGuest.IpiReceived).Should().Be(ipis, because).And.BePositive();
        machine.Sum(TortureGuest.PvReceived).Should().Be(calls, because).And.BePositive();
        machine.Sum(TortureGuest.HwiCount).Should().Be((ulong)machine.DeviceInterrupts, because).And.BePositive();
        for (ulong flag = TortureGuest.IpiFlags; flag < TortureGuest.Shared; flag += 8)
        {
            machine.Word(flag).Should().Be(0, because);
        }

        machine.Sum(TortureGuest.TimerCount).Should().BePositive();
        copy.Completed.Should().BePositive();
        copy.Recopied.Should().BePositive();
        events.HugePages.Should().BePositive();
        machine.Core.Statistics["remote_tlb_flush"].Should().BePositive();
        output.WriteLine($"seed {machine.Seed}: {atomic} steps, {ipis} IPIs, {calls} by hypercall, "
            + $"{machine.DeviceInterrupts} from devices, {machine.Sum(TortureGuest.TimerCount)} timer, copies "
            + $"{copy.Completed} with {copy.Recopied} pages again, events {string.Join(' ', events.Counts)}, "
            + $"flushes {machine.Core.Statistics["remote_tlb_flush"]}");
    }

    private static ulong Total(ulong[] words) => words.Aggregate(0UL, (sum, word) => sum + word);

    private static Thread Repeat(TortureMachine machine, DateTime end, int stream, int pause, Action<Random> action)
    {
        var thread = new Thread(() => machine.Guard(() =>
        {
            var random = new Random(machine.Seed * 31 + stream);
            while (DateTime.UtcNow < end && machine.Failures.IsEmpty)
            {
                action(random);
                Thread.Sleep(random.Next(pause + 1));
            }
        }));
        thread.Start();
        return thread;
    }
}
