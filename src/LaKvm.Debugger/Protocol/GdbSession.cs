using System.Collections.Concurrent;
using LaKvm.Running;

namespace LaKvm.Debugger;

/// <summary>
/// A debugger's conversation with the machine, from its connection to its end: packets are answered one after another
/// on one thread, which is none of the machine's. While the machine runs only Ctrl-C is listened for. Whatever ends the
/// conversation takes the breakpoints away and lets the machine go on.
/// </summary>
internal sealed class GdbSession : IDisposable
{
    /// <summary>Packets that wait at most; who sends more is not read from meanwhile.</summary>
    private const int MostWaiting = 16;

    /// <summary>Instructions of a core that goes on alone: more than it can execute.</summary>
    private const long Endless = long.MaxValue / 2;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);

    private readonly BlockingCollection<SessionEvent> _events = [];
    private readonly SemaphoreSlim _room = new(MostWaiting);
    private readonly CancellationTokenSource _over = new();
    private readonly Lock _gate = new();
    private readonly SessionState _state = new();
    private readonly CommandTable _table = new();
    private readonly StopReport _report;
    private readonly Action<ReadOnlySpan<byte>> _send;
    private readonly Action _useNoAcknowledgements;
    private Phase _phase;
    private bool _isOver;
    private volatile bool _isInterrupted;

    /// <summary>Begins a conversation.</summary>
    /// <param name="send">Sends the data of a packet; may take its time.</param>
    /// <param name="useNoAcknowledgements">Called when packets are no longer acknowledged.</param>
    internal GdbSession(Action<ReadOnlySpan<byte>> send, Action useNoAcknowledgements)
    {
        _send = send;
        _useNoAcknowledgements = useNoAcknowledgements;
        _report = new StopReport(_state);
        var threads = new ThreadCommands(_state);
        threads.AddTo(_table);
        new RegisterCommands(_state).AddTo(_table);
        new MemoryCommands(_state).AddTo(_table);
        new StopPointCommands(_state).AddTo(_table);
        new QueryCommands(_state, threads).AddTo(_table);
        AddCommands();
    }

    private enum Phase
    {
        Stopped,
        Running,
        Stepping,
    }

    /// <summary>Something has happened. Any thread; never waits.</summary>
    internal void Post(SessionEvent happened) => _events.TryAdd(happened);

    /// <summary>A packet has come. Waits while too many do.</summary>
    /// <exception cref="OperationCanceledException">The conversation is over.</exception>
    internal void PostPacket(string packet)
    {
        _room.Wait(_over.Token);
        Post(new(SessionEventKind.Packet, packet));
    }

    /// <summary>
    /// A machine is there from now on, or none. If it does not run yet, what the debugger has set holds from its first
    /// instruction.
    /// </summary>
    internal void Adopt(IDebugMachine? machine)
    {
        lock (_gate)
        {
            if (_state.Machine is { } old)
            {
                old.Life.Changed -= OnChanged;
            }

            _state.Adopt(machine);
            if (machine != null)
            {
                machine.Life.Changed += OnChanged;
                Begin(machine);
            }
        }
    }

    /// <summary>Answers until the debugger goes or the process ends.</summary>
    internal void Run()
    {
        lock (_gate)
        {
            WaitUntilBegun();
        }

        while (!_isOver)
        {
            SessionEvent happened = _events.Take();
            lock (_gate)
            {
                Handle(happened);
            }
        }

        _over.Cancel();
        while (!TryLeave())
        {
            Thread.Sleep(_patience); // a device that waits for something keeps the machine from pausing
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _over.Dispose();
        _room.Dispose();
        _events.Dispose();
    }

    private void OnChanged(MachineState state) => Post(new(SessionEventKind.MachineChanged));

    private void Begin(IDebugMachine machine)
    {
        if (machine.Life.State != MachineState.Created)
        {
            return;
        }

        _state.ApplyPoints();
        if (_phase != Phase.Running)
        {
            machine.Life.Pause();
            Finish(Phase.Stepping, () => _report.Paused(byInterrupt: false));
        }
    }

    /// <summary>Registers are those of the machine's first instruction once it has begun, paused.</summary>
    private void WaitUntilBegun()
    {
        if (_state.Machine is not { Life: { State: MachineState.Created } life })
        {
            return;
        }

        life.Pause();
        DateTime end = DateTime.UtcNow + _patience;
        while (life.State == MachineState.Created && DateTime.UtcNow < end)
        {
            Thread.Sleep(1);
        }
    }

    private void Handle(SessionEvent happened)
    {
        switch (happened.Kind)
        {
            case SessionEventKind.Packet:
                _room.Release();
                Answer(happened.Data);
                break;
            case SessionEventKind.Interrupt when _phase != Phase.Stopped:
                Interrupt();
                break;
            case SessionEventKind.MachineChanged or SessionEventKind.StepEnded:
                LookForStop(happened.Kind == SessionEventKind.StepEnded);
                break;
            case SessionEventKind.Finished:
                Send(Reply.Of($"W{happened.Data}"));
                _isOver = true;
                break;
            case SessionEventKind.Gone:
                _isOver = true;
                break;
        }
    }

    private void Answer(string packet)
    {
        Reply reply = _phase != Phase.Stopped ? Reply.Fail("the machine runs")
            : !IsAtRest() ? Reply.Fail("the machine cannot pause now: a device waits for something")
            : _table.Execute(packet);
        if (reply.IsNow)
        {
            Send(reply);
        }
    }

    private bool IsAtRest() => _state.Machine is not { Life: { State: MachineState.Running } life }
        || life.Pause(_patience);

    private void Send(Reply reply) => _send(reply.Data);

    /// <summary>A stop that the debugger waits for has come.</summary>
    private void Finish(Phase from, Func<string> report)
    {
        if (_phase == from)
        {
            _phase = Phase.Stopped;
            Send(Reply.Of(report()));
        }
    }

    private void Interrupt()
    {
        _isInterrupted = true;
        if (_phase == Phase.Stepping)
        {
            _state.Machine?.Life.Pause(_patience); // the step's end reports
            return;
        }

        if (_state.Machine?.Life.Pause(_patience) == true)
        {
            Finish(Phase.Running, () => StopOf(_state.Machine) is { } stop
                ? _report.Stopped(stop)
                : _report.Paused(byInterrupt: true));
        }
    }

    private static CpuStop? StopOf(IDebugMachine machine) => machine.Life.Stops is [var first, ..] ? first : null;

    private void LookForStop(bool isStep)
    {
        if (_state.Machine is not { Life.State: MachineState.Paused } machine)
        {
            return;
        }

        if (isStep)
        {
            Finish(Phase.Stepping, () => StopOf(machine) is { } stop
                ? _report.Stopped(stop)
                : _report.Paused(byInterrupt: true));
        }
        else if (StopOf(machine) is { } stop)
        {
            Finish(Phase.Running, () => _report.Stopped(stop));
        }
    }

    private void AddCommands()
    {
        _table.Add("?", _ => Reply.Of(_state.Machine == null ? _report.Last : _report.Paused(byInterrupt: false)));
        _table.Add("QStartNoAckMode", _ => StopAcknowledging());
        _table.Add("vCont?", _ => Reply.Of("vCont;c;C;s;S;t;r"));
        _table.Add("vCont", Continue);
        _table.Add("c", _ => Continue("c"));
        _table.Add("s", _ => Continue("s"));
        _table.Add("C", _ => Continue("c"));
        _table.Add("S", _ => Continue("s"));
        _table.Add("vCtrlC", _ => Reply.Ok);
        _table.Add("vAttach", Attach);
        _table.Add("D", Detach);
        _table.Add("k", _ => Kill());
        _table.Add("vKill", _ => Kill());
        _table.Add("R", _ => Restart());
    }

    private Reply StopAcknowledging()
    {
        _send(Reply.Ok.Data);
        _useNoAcknowledgements();
        return Reply.Later;
    }

    private Reply Continue(string actions)
    {
        if (!ResumeRequest.TryParse(_state, actions, out ResumeRequest request))
        {
            return Reply.Bad;
        }

        if (_phase != Phase.Stopped || _state.Machine is not { } machine)
        {
            return Reply.Fail("the machine is not stopped");
        }

        _isInterrupted = false;
        _state.ApplyPoints();
        if (request.IsAlone)
        {
            _phase = Phase.Stepping;
            machine.HoldInterrupts(request.Cpu, hold: !request.Runs);
            Task.Run(() => GoAlone(machine, request));
            return Reply.Later;
        }

        _phase = Phase.Running;
        return machine.Life.Resume() ? Reply.Later : Reply.Fail("the machine has ended");
    }

    /// <summary>
    /// Lets one core go on while the others rest: until something stops it, through a range, or for one instruction.
    /// Interrupts wait while it steps, so that it does not end in their handlers, as with QEMU.
    /// </summary>
    private void GoAlone(IDebugMachine machine, ResumeRequest request)
    {
        IDebugThread thread = machine.Processes[request.Process - 1].Threads[request.Cpu];
        bool goesOn;
        do
        {
            goesOn = machine.Life.Step(request.Cpu, request.Runs ? Endless : 1)
                && StopOf(machine) is { Kind: CpuStopKind.InstructionCount }
                && (request.Runs || thread.Pc - request.Start < request.End - request.Start);
        }
        while (goesOn && !_isInterrupted);
        lock (_gate)
        {
            if (_state.Machine == machine)
            {
                machine.HoldInterrupts(request.Cpu, hold: false);
            }
        }

        Post(new(SessionEventKind.StepEnded));
    }

    /// <summary>To the guest of the hypervisor that runs on the machine; the stop is the one that there is.</summary>
    private Reply Attach(string arguments)
    {
        if (!Hex.TryNumber(arguments, out ulong process) || _state.FindProcess((int)process) is null)
        {
            return Reply.Fail("there is no such process; 1 is the machine, 2 the guest of a hypervisor on it");
        }

        _state.Attached.Add((int)process);
        _state.General = new ThreadName((int)process, 1);
        return Reply.Of($"T05thread:{_state.NameOf((int)process, 0)};");
    }

    /// <summary>From one process, or from all; behind the last one the machine goes on.</summary>
    private Reply Detach(string arguments)
    {
        if (!Hex.TryNumber(arguments.AsSpan().TrimStart(';'), out ulong process))
        {
            process = 0;
        }

        if (process != 0 && !_state.Attached.Remove((int)process))
        {
            return Reply.Missing;
        }

        _state.RemovePointsOf((int)process);
        if (process == 0 || _state.Attached.Count == 0)
        {
            _send(Reply.Ok.Data);
            _isOver = true;
            return Reply.Later;
        }

        return Reply.Ok;
    }

    private Reply Kill()
    {
        _send(Reply.Ok.Data);
        _state.Machine?.Life.Stop();
        _isOver = true;
        return Reply.Later;
    }

    private Reply Restart()
    {
        _state.Machine?.Life.Reset();
        return Reply.Later;
    }

    /// <summary>Takes the breakpoints away and lets the machine go on; false if that cannot be done now.</summary>
    private bool TryLeave()
    {
        lock (_gate)
        {
            if (_state.Machine is not { } machine || machine.Life.State == MachineState.Ended)
            {
                return true;
            }

            if (!machine.Life.Pause(_patience))
            {
                return machine.Life.State == MachineState.Ended;
            }

            machine.SetStopPoints([]);
            machine.Life.Resume();
            return true;
        }
    }
}
