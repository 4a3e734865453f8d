using LaKvm.Cpu;

namespace LaKvm.Running.Tests;

/// <summary>The same requests of machines that really execute something, in both modes, on both engines.</summary>
public sealed class GuestLifeTests
{
    /// <summary>
    /// Every core counts in a place of its own, reads the counter and a device's register. The boot core calls the
    /// others until they have begun.
    /// </summary>
    private static string Counting(int cpus) => $$"""
            la.local $s0, count
            ori     $s1, $zero, 1           # core
            li.w    $s2, {{cpus}}
            li.w    $s3, 0x1048             # MAIL_SEND
            li.w    $s4, 0x1040             # IPI_SEND
            li.d    $s5, 0x300000
        1:  bge     $s1, $s2, count
            slli.d  $t0, $s1, 16
            ori     $t1, $zero, 1
            slli.d  $t1, $t1, 31            # blocking
            or      $t0, $t0, $t1
            ori     $t1, $t0, 4             # the high half: 0
            iocsrwr.d $t1, $s3
            slli.d  $t1, $s0, 32
            or      $t1, $t1, $t0
            iocsrwr.d $t1, $s3
            iocsrwr.w $t0, $s4
            slli.d  $t2, $s1, 6
            add.d   $t2, $t2, $s5
            li.w    $t3, 10000
        2:  ld.d    $t4, $t2, 0
            bnez    $t4, 3f
            addi.d  $t3, $t3, -1
            bnez    $t3, 2b
            b       1b
        3:  addi.d  $s1, $s1, 1
            b       1b
        count:
            csrrd   $t0, 0x20
            slli.d  $t0, $t0, 6
            li.d    $s5, 0x300000
            add.d   $s5, $s5, $t0
            li.d    $s6, 0x1fe001e0
        4:  ld.d    $t0, $s5, 0
            addi.d  $t0, $t0, 1
            st.d    $t0, $s5, 0
            rdtime.d $t1, $zero
            andi    $t2, $t0, 15
            bnez    $t2, 4b
            ld.bu   $t3, $s6, 5
            b       4b
        """;

    private const string Idling = """
            li.d    $s0, 0x300000
            ori     $t0, $zero, 1
            st.d    $t0, $s0, 0
            idle    0
            st.d    $t0, $s0, 64
        1:  b       1b
        """;

    public static TheoryData<MachineMode, string> Machines()
    {
        var machines = new TheoryData<MachineMode, string>();
        foreach (MachineMode mode in Enum.GetValues<MachineMode>())
        {
            machines.Add(mode, "interpreter");
            machines.Add(mode, "translator");
        }

        return machines;
    }

    public static TheoryData<MachineMode, string, int> MachinesOfSizes()
    {
        var machines = new TheoryData<MachineMode, string, int>();
        foreach (object[] machine in Machines())
        {
            machines.Add((MachineMode)machine[0], (string)machine[1], 1);
            machines.Add((MachineMode)machine[0], (string)machine[1], 4);
        }

        return machines;
    }

    [Theory]
    [MemberData(nameof(MachinesOfSizes))]
    public void Machine_asked_at_random_by_several_threads_obeys_and_stops(MachineMode mode, string engine, int cpus)
    {
        using LifeBench bench = LifeBench.Create(mode, engine, cpus, Counting(cpus));
        bench.Start();
        LifeBench.WaitUntil(() => Enumerable.Range(0, cpus).All(cpu => bench.Result(cpu) > 0));
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(0.6));
        var failures = new List<string>();
        Thread[] threads = [.. Enumerable.Range(1, 3).Select(seed => new Thread(() => AskAtRandom(seed)))];
        Array.ForEach(threads, thread => thread.Start());
        while (!over.IsCancellationRequested)
        {
            bench.Life.Resume(); // a step may wait for a core that the others keep from going on
        }

        Array.ForEach(threads, thread => thread.Join());
        failures.Should().BeEmpty();
        bench.Life.Resume().Should().BeTrue();
        ulong[] counts = [.. Enumerable.Range(0, cpus).Select(bench.Result)];
        LifeBench.WaitUntil(() => Enumerable.Range(0, cpus).All(cpu => bench.Result(cpu) > counts[cpu]));
        AssertStops(bench);

        void AskAtRandom(int seed)
        {
            var random = new Random(seed);
            while (!over.IsCancellationRequested)
            {
                Ask(bench, random, cpus, failures);
            }
        }
    }

    private static void Ask(LifeBench bench, Random random, int cpus, List<string> failures)
    {
        switch (random.Next(4))
        {
            case 0:
                bench.Life.Pause();
                break;
            case 1:
                bench.Life.Resume();
                break;
            case 2:
                bench.Life.Step(random.Next(cpus), random.Next(1, 100));
                break;
            default:
                bench.Life.WhilePaused(_ => LookThatNothingMoves(bench, cpus, failures));
                break;
        }
    }

    private static void LookThatNothingMoves(LifeBench bench, int cpus, List<string> failures)
    {
        ulong[] before = Everything(bench, cpus);
        Thread.Sleep(1);
        if (!before.SequenceEqual(Everything(bench, cpus)))
        {
            lock (failures)
            {
                failures.Add("something moved while the machine was paused");
            }
        }
    }

    private static ulong[] Everything(LifeBench bench, int cpus) =>
    [
        bench.Sources.Ticks,
        .. Enumerable.Range(0, cpus).SelectMany(bench.Registers),
        .. Enumerable.Range(0, cpus).Select(bench.Result),
    ];

    [Theory]
    [MemberData(nameof(Machines))]
    public void Step_executes_exactly_so_many_instructions(MachineMode mode, string engine)
    {
        // Three plain instructions, one that reads a device, one that reads CPUCFG, and a branch.
        using LifeBench bench = LifeBench.Create(mode, engine, 1, """
                li.d    $s6, 0x1fe001e0
            1:  addi.d  $s0, $s0, 1
                ld.bu   $t0, $s6, 5
                addi.d  $s1, $s1, 1
                cpucfg  $t1, $zero
                addi.d  $s2, $s2, 1
                b       1b
            """);
        bench.Life.Pause();
        bench.Start();
        const int S0 = 23, Pc = 32;
        LifeBench.WaitUntil(() => bench.Life.State == MachineState.Paused);
        while (bench.Registers(0)[S0] == 0)
        {
            bench.Life.Step(0).Should().BeTrue();
        }

        ulong start = bench.Registers(0)[Pc];
        for (int count = 1; count <= 60; count++)
        {
            bench.Life.Step(0).Should().BeTrue();
            bench.Registers(0)[Pc].Should().Be(start - 4 + (4 * ((1 + (ulong)count) % 6)), "these are {0}", count);
        }

        bench.Life.Step(0, 600).Should().BeTrue();
        bench.Life.Stops.Should().Equal(new CpuStop(0, CpuStopKind.InstructionCount));
        bench.Registers(0)[S0..(S0 + 3)].Should().Equal(111, 110, 110);
        bench.Registers(0)[12].Should().Be(0x60, "what the device says has arrived");
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Breakpoint_and_watchpoint_pause_the_machine_before_the_instruction(MachineMode mode, string engine)
    {
        using LifeBench bench = LifeBench.Create(mode, engine, 2, Idling);
        const ulong breakpoint = LifeBench.LoadAddress + 4, store = LifeBench.LoadAddress + 8;
        bool inGuest = mode == MachineMode.Virtual;
        Set(new StopPoint(StopPointKind.Execute, breakpoint, 4, inGuest));
        bench.Start();
        LifeBench.WaitUntil(() => bench.Life.State == MachineState.Paused);
        bench.Life.Stops.Should().Equal(new CpuStop(0, CpuStopKind.Breakpoint, breakpoint));
        bench.Registers(0)[32].Should().Be(breakpoint);

        Set(new StopPoint(StopPointKind.Write, LifeBench.Results, 8, inGuest));
        bench.Life.Resume();
        LifeBench.WaitUntil(() => bench.Life.State == MachineState.Paused);
        bench.Life.Stops.Should().Equal(new CpuStop(0, CpuStopKind.Watchpoint, LifeBench.Results));
        bench.Registers(0)[32].Should().Be(store);
        bench.Result(0).Should().Be(0);

        Set();
        bench.Life.Resume();
        LifeBench.WaitUntil(() => bench.Result(0) == 1);

        void Set(params StopPoint[] points) => bench.Cores.ToList().ForEach(core => core.Debug.SetStopPoints(points));
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Time_stands_still_while_the_machine_is_paused(MachineMode mode, string engine)
    {
        // The longest time between two looks at the counter.
        using LifeBench bench = LifeBench.Create(mode, engine, 1, """
                li.d    $s0, 0x300000
                rdtime.d $t0, $zero
            1:  rdtime.d $t1, $zero
                sub.d   $t2, $t1, $t0
                move    $t0, $t1
                ld.d    $t3, $s0, 0
                bgeu    $t3, $t2, 1b
                st.d    $t2, $s0, 0
                b       1b
            """);
        bench.Start();
        LifeBench.WaitUntil(() => bench.Result(0) != 0);
        bench.Life.Pause().Should().BeTrue();
        ulong ticks = bench.Sources.Ticks;
        Thread.Sleep(2_000);
        bench.Sources.Ticks.Should().Be(ticks);
        bench.Life.Resume();
        Thread.Sleep(50);
        bench.Result(0).Should().BeLessThan(150_000_000, "2 s have not passed for the guest");
    }

    [Theory]
    [InlineData("interpreter")]
    [InlineData("translator")]
    public void Idle_core_goes_on_waiting_behind_a_pause(string engine)
    {
        using LifeBench bench = LifeBench.Create(MachineMode.Bare, engine, 2, Idling);
        bench.Start();
        LifeBench.WaitUntil(() => bench.Result(0) == 1);
        for (int i = 0; i < 100; i++)
        {
            bench.Life.Pause().Should().BeTrue();
            bench.Life.Resume();
        }

        Thread.Sleep(20);
        bench.Result(1).Should().Be(0, "no interrupt has come");
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Machine_can_be_stopped_in_every_state(MachineMode mode, string engine)
    {
        Action<LifeBench>[] states =
        [
            bench => { },
            bench => bench.Start(),
            bench => StartWith(bench, life => life.Pause()),
            bench => StartWith(bench, life => life.WhilePaused(ending => ending.WaitHandle.WaitOne())),
            bench => StartWith(bench, life =>
            {
                life.Pause();
                life.Step(0); // of a core that waits for ever
            }),
        ];
        foreach (Action<LifeBench> enter in states)
        {
            using LifeBench bench = LifeBench.Create(mode, engine, 2, Idling);
            enter(bench);
            AssertStops(bench, ran: enter != states[0]);
        }
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Reset_that_is_asked_for_ends_the_run_as_the_guests_own(MachineMode mode, string engine)
    {
        using LifeBench bench = LifeBench.Create(mode, engine, 1, Idling);
        bench.Start();
        bench.Life.Reset();
        bench.WaitForEnd().Should().Be(MachineEnd.Reset);
    }

    private static void StartWith(LifeBench bench, Action<IMachineLife> ask)
    {
        bench.Start();
        LifeBench.WaitUntil(() => bench.Result(0) == 1);
        new Thread(() => ask(bench.Life)) { IsBackground = true }.Start();
        Thread.Sleep(30);
    }

    private static void AssertStops(LifeBench bench, bool ran = true)
    {
        long start = Environment.TickCount64;
        bench.Life.Stop();
        bench.WaitForEnd().Should().Be(MachineEnd.Stopped);
        (Environment.TickCount64 - start).Should().BeLessThan(2_000);
        bench.Life.State.Should().Be(ran ? MachineState.Ended : MachineState.Created);
    }
}
