using LaKvm.Devices;

namespace LaKvm.Running.Tests;

/// <summary>States and requests, with cores that do what each test needs.</summary>
public sealed class MachineLifeTests : IDisposable
{
    private static readonly TimeSpan _soon = TimeSpan.FromSeconds(20);

    private readonly MachineLife _life = new();
    private readonly FakeCpu[] _cpus = [new(), new()];
    private readonly List<MachineState> _states = [];
    private readonly CancellationTokenSource _cancel = new();
    private Task<MachineEnd> _run = Task.FromResult(MachineEnd.Stopped);

    public MachineLifeTests() => _life.Changed += state =>
    {
        lock (_states)
        {
            _states.Add(state);
        }
    };

    public void Dispose()
    {
        _life.Stop();
        Task.WhenAny(_run).Wait(_soon).Should().BeTrue("every run can be stopped");
        _cancel.Dispose();
    }

    [Fact]
    public void Machine_runs_pauses_goes_on_and_ends_and_tells_each_state()
    {
        _life.State.Should().Be(MachineState.Created);
        Start();
        _life.Pause().Should().BeTrue();
        _life.State.Should().Be(MachineState.Paused);
        _life.Pause().Should().BeTrue("it is paused");
        _life.Resume().Should().BeTrue();
        _life.State.Should().Be(MachineState.Running);
        _life.PowerOff();
        _life.Reset();
        End().Should().Be(MachineEnd.PowerOff, "the first reason counts");
        _life.State.Should().Be(MachineState.Ended);
        (_life.Pause(), _life.Resume(), _life.Step(0), _life.WhilePaused(_ => { }))
            .Should().Be((false, false, false, false));
        _states.Should().Equal(
            MachineState.Running, MachineState.Paused, MachineState.Running, MachineState.Ended);
    }

    [Fact]
    public void Machine_paused_before_its_run_begins_paused()
    {
        _life.Pause().Should().BeTrue();
        _life.State.Should().Be(MachineState.Created);
        Start();
        WaitFor(MachineState.Paused);
        _cpus.Should().OnlyContain(cpu => cpu.Turns == 0);
        _life.Resume().Should().BeTrue();
        WaitUntil(() => _cpus.All(cpu => cpu.Turns == 1));
    }

    [Fact]
    public void Machine_stopped_before_its_run_executes_nothing()
    {
        _life.Stop();
        _life.Pause().Should().BeFalse();
        Start();
        End().Should().Be(MachineEnd.Stopped);
        _cpus.Should().OnlyContain(cpu => cpu.Turns == 0);
    }

    [Fact]
    public void Run_that_is_cancelled_stops()
    {
        Start();
        _cancel.Cancel();
        End().Should().Be(MachineEnd.Stopped);
    }

    [Fact]
    public void Pause_that_a_core_does_not_come_to_in_time_is_given_up()
    {
        using var door = new ManualResetEventSlim();
        _cpus[1].Turn = turn =>
        {
            door.Wait();
            return _cpus[1].WaitForEnd(turn);
        };
        Start();
        WaitUntil(() => _cpus.All(cpu => cpu.Turns == 1));
        _life.Pause(TimeSpan.FromMilliseconds(50)).Should().BeFalse();
        _life.State.Should().Be(MachineState.Running);
        WaitUntil(() => _cpus[0].Turns == 2);
        door.Set();
        _life.Pause().Should().BeTrue();
    }

    [Fact]
    public void Pause_that_a_device_does_not_come_to_in_time_is_given_up()
    {
        var clock = new FakePart();
        var disk = new FakePart { IsBusy = true };
        Start(clock, disk);
        _life.Pause(TimeSpan.FromMilliseconds(50)).Should().BeFalse();
        (clock.Paused, disk.Paused).Should().Be((false, false), "all or nothing");
        disk.IsBusy = false;
        _life.Pause().Should().BeTrue();
        (clock.Paused, disk.Paused).Should().Be((true, true));
        _life.Resume();
        (clock.Paused, disk.Paused).Should().Be((false, false));
    }

    [Fact]
    public void Core_that_stops_pauses_the_machine_however_long_a_device_takes()
    {
        var disk = new FakePart { IsBusy = true };
        var stop = new CpuStop(1, CpuStopKind.Breakpoint, 0x1234);
        _cpus[1].Turn = turn => _cpus[1].Turns == 1 ? stop : _cpus[1].WaitForEnd(turn);
        Start(disk);
        Thread.Sleep(100);
        _life.State.Should().Be(MachineState.Running);
        disk.IsBusy = false;
        WaitFor(MachineState.Paused);
        _life.Stops.Should().Equal(stop);
        _cpus[1].Turns.Should().Be(1, "it must not go on");
        _life.Resume();
        _life.Stops.Should().BeEmpty();
        WaitUntil(() => _cpus[1].Turns == 2);
    }

    [Fact]
    public void Step_runs_one_core_for_the_instructions_and_pauses_again()
    {
        Start();
        _life.Step(1, 5).Should().BeFalse("it is not paused");
        _life.Pause();
        long instructions = 0;
        (int first, int second) = (_cpus[0].Turns, _cpus[1].Turns);
        _cpus[1].Turn = turn =>
        {
            instructions = turn.Instructions;
            return new CpuStop(1, CpuStopKind.InstructionCount);
        };
        _life.Step(1, 5).Should().BeTrue();
        instructions.Should().Be(5);
        (_cpus[0].Turns, _cpus[1].Turns).Should().Be((first, second + 1));
        _life.State.Should().Be(MachineState.Paused);
        _life.Stops.Should().Equal(new CpuStop(1, CpuStopKind.InstructionCount));
        _life.Step(2).Should().BeFalse("there is no such core");
    }

    [Fact]
    public void Step_of_a_core_that_waits_ends_with_a_pause_and_is_overtaken_by_resume()
    {
        Start();
        _life.Pause();
        Task<bool> step = Task.Run(() => _life.Step(0, 1));
        WaitFor(MachineState.Running);
        _life.Pause().Should().BeTrue();
        Result(step).Should().BeTrue();
        _life.Stops.Should().BeEmpty("it was not completed");

        int turns = _cpus[1].Turns;
        step = Task.Run(() => _life.Step(0, 1));
        WaitFor(MachineState.Running);
        _life.Resume().Should().BeTrue();
        Result(step).Should().BeFalse();
        WaitUntil(() => _cpus[1].Turns == turns + 1);
        _life.State.Should().Be(MachineState.Running);
    }

    [Fact]
    public void Work_while_paused_keeps_everybody_else_from_going_on()
    {
        Start();
        Task<bool>? resume = null;
        _life.WhilePaused(_ =>
        {
            resume = Task.Run(_life.Resume);
            Thread.Sleep(50);
            _life.State.Should().Be(MachineState.Paused);
            resume.IsCompleted.Should().BeFalse();
        }).Should().BeTrue();
        Result(resume!).Should().BeTrue();
        _life.State.Should().Be(MachineState.Running);

        _life.Pause();
        _life.WhilePaused(_ => { }).Should().BeTrue();
        _life.State.Should().Be(MachineState.Paused, "as it was before");
        _life.Invoking(life => life.WhilePaused(_ => throw new IOException("disk full"))).Should().Throw<IOException>();
        _life.Resume().Should().BeTrue("what failed holds nothing");
    }

    [Fact]
    public void Work_while_paused_is_no_new_state()
    {
        Start();
        WaitFor(MachineState.Running);
        _life.WhilePaused(_ => (_life.State, _life.Told).Should().Be((MachineState.Paused, MachineState.Running)))
            .Should().BeTrue();
        _life.Pause();
        _life.WhilePaused(_ => { }).Should().BeTrue();
        _life.Stop();
        End();
        _states.Should().Equal(MachineState.Running, MachineState.Paused, MachineState.Ended);
    }

    [Fact]
    public void Core_that_stops_while_others_are_brought_to_rest_for_some_work_leaves_the_machine_paused()
    {
        _cpus[1].Turn = turn =>
        {
            _cpus[1].WaitForEnd(turn);
            return new CpuStop(1, CpuStopKind.Breakpoint, 0x1000);
        };
        Start();
        WaitUntil(() => _cpus[1].Turns == 1);
        _life.WhilePaused(_ => { }).Should().BeTrue();
        WaitUntil(() => _states.Count == 2);
        _life.Stops.Should().Equal(new CpuStop(1, CpuStopKind.Breakpoint, 0x1000));
        _life.State.Should().Be(MachineState.Paused, "a breakpoint's stop lasts");
        _states.Should().Equal(MachineState.Running, MachineState.Paused);
    }

    [Fact]
    public void End_by_the_machine_itself_is_told_from_one_by_others()
    {
        Start();
        ((IMachineControl)_life).Reboot();
        End().Should().Be(MachineEnd.Reset);
        _life.EndedInside.Should().BeTrue();

        var other = new MachineLife();
        other.Reset();
        other.Run([], [], default).Should().Be(MachineEnd.Reset);
        other.EndedInside.Should().BeFalse();
    }

    [Fact]
    public void Work_while_paused_is_told_of_the_end_which_waits_for_it()
    {
        Start();
        bool told = false;
        _life.WhilePaused(ending =>
        {
            _life.Stop();
            told = ending.WaitHandle.WaitOne(_soon);
            _run.IsCompleted.Should().BeFalse();
        });
        told.Should().BeTrue();
        End().Should().Be(MachineEnd.Stopped);
    }

    [Fact]
    public void Request_of_the_machines_own_thread_that_would_wait_for_itself_is_refused()
    {
        Exception? thrown = null;
        _cpus[0].Turn = turn =>
        {
            thrown ??= Record.Exception(() => _life.Pause());
            return _cpus[0].WaitForEnd(turn);
        };
        Start();
        WaitUntil(() => thrown != null);
        thrown.Should().BeOfType<InvalidOperationException>();
    }

    [Fact]
    public void Fault_on_a_cores_thread_ends_the_machine_and_surfaces()
    {
        _cpus[1].Turn = _ => throw new InvalidDataException("a bug");
        Start();
        ((Func<MachineEnd>)End).Should().Throw<InvalidDataException>();
        _life.State.Should().Be(MachineState.Ended);
    }

    [Fact]
    public void Machine_runs_once()
    {
        Start();
        WaitFor(MachineState.Running);
        _life.Invoking(life => life.Run(_cpus, [], CancellationToken.None))
            .Should().Throw<InvalidOperationException>();
    }

    private void Start(params IPausable[] parts)
    {
        _run = Task.Factory.StartNew(() => _life.Run(_cpus, parts, _cancel.Token), TaskCreationOptions.LongRunning);
        WaitUntil(() => _life.State != MachineState.Created || _run.IsCompleted);
    }

    private MachineEnd End() => Result(_run);

    private static T Result<T>(Task<T> task) => task.WaitAsync(_soon).GetAwaiter().GetResult();

    private void WaitFor(MachineState state) => WaitUntil(() => _life.State == state);

    private static void WaitUntil(Func<bool> condition) =>
        SpinWait.SpinUntil(condition, _soon).Should().BeTrue("it does not take {0}", _soon);

    private sealed class FakePart : IPausable
    {
        internal volatile bool IsBusy;

        internal bool Paused { get; private set; }

        public bool Pause(TimeSpan patience)
        {
            if (IsBusy)
            {
                Thread.Sleep(patience);
            }

            return Paused = !IsBusy;
        }

        public void Resume() => Paused = false;
    }
}
