using System.Runtime.ExceptionServices;
using LaKvm.Devices;

namespace LaKvm.Running;

/// <summary>
/// The life of a machine, bare or virtual: a thread for each core, and the thread that called <see cref="Run"/>, which
/// serves what is asked for. It runs once; after a reset a new machine is made.
/// </summary>
public sealed class MachineLife : IMachineLife, IMachineControl
{
    private static readonly TimeSpan _usualPatience = TimeSpan.FromSeconds(2);

    [ThreadStatic] private static MachineLife? _ownerOfThread;

    private readonly object _lock = new();
    private readonly LifeRequests _requests;
    private readonly CpuSeats _seats;
    private readonly LifeState _state;
    private PausableParts _parts = new([]);
    private StepRequest? _step;
    private ExceptionDispatchInfo? _failure;
    private CpuStop[] _stops = [];
    private int _end;
    private volatile bool _called;
    private volatile bool _endedInside;
    private bool _beginsPaused;

    /// <summary>Makes the life of a machine that is being built.</summary>
    public MachineLife()
    {
        _seats = new CpuSeats(_lock);
        _state = new LifeState(_lock);
        _requests = new LifeRequests(_lock);
    }

    /// <inheritdoc/>
    public event Action<MachineState>? Changed
    {
        add => _state.Changed += value;
        remove => _state.Changed -= value;
    }

    /// <inheritdoc/>
    public MachineState State => _state.Now;

    /// <inheritdoc/>
    public IReadOnlyList<CpuStop> Stops => Volatile.Read(ref _stops);

    /// <inheritdoc/>
    public MachineState Told => _state.Told;

    /// <inheritdoc/>
    public bool EndedInside => _endedInside;

    /// <summary>Whether the run is to end, or has ended.</summary>
    public bool IsEnding => Volatile.Read(ref _end) != 0;

    /// <summary>Runs the machine until it ends; then no core runs any more.</summary>
    /// <param name="cpus">The cores, by number.</param>
    /// <param name="parts">What else comes to rest in a pause, in that order.</param>
    /// <param name="stop">Ends the run.</param>
    /// <exception cref="InvalidOperationException">The machine runs already, or has done so.</exception>
    public MachineEnd Run(IReadOnlyList<IMachineCpu> cpus, IReadOnlyList<IPausable> parts, CancellationToken stop)
    {
        Begin(cpus, parts);
        using CancellationTokenRegistration registration = stop.Register(Stop);
        _ownerOfThread = this;
        Thread[] threads = _seats.Start(Protect);
        try
        {
            ServeRequests();
        }
        finally
        {
            End(MachineEnd.Stopped); // if serving has failed
            Array.ForEach(threads, thread => thread.Join());
            _ownerOfThread = null;
            Finish();
        }

        _failure?.Throw();
        return (MachineEnd)_end;
    }

    /// <inheritdoc/>
    public bool Pause(TimeSpan? patience = null)
    {
        lock (_lock)
        {
            if (!_called)
            {
                _beginsPaused = !IsEnding;
                return _beginsPaused;
            }
        }

        return Ask(new PauseRequest(patience ?? _usualPatience));
    }

    /// <inheritdoc/>
    public bool Resume()
    {
        lock (_lock)
        {
            if (!_called)
            {
                _beginsPaused = false;
                return !IsEnding;
            }
        }

        return Ask(new ResumeRequest());
    }

    /// <inheritdoc/>
    public bool Step(int cpu, long instructions = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(instructions, 1);
        return _called && Ask(new StepRequest(cpu, instructions));
    }

    /// <inheritdoc/>
    public bool WhilePaused(Action<CancellationToken> work, TimeSpan? patience = null)
    {
        using var ending = new CancellationTokenSource();
        var request = new HoldRequest(patience ?? _usualPatience, ending);
        if (!_called || !Ask(request))
        {
            return false;
        }

        try
        {
            work(ending.Token);
            return true;
        }
        finally
        {
            lock (_lock)
            {
                request.Done = true;
                Monitor.PulseAll(_lock);
            }
        }
    }

    /// <inheritdoc/>
    public void Stop() => End(MachineEnd.Stopped);

    /// <inheritdoc/>
    public void Reset() => End(MachineEnd.Reset);

    /// <inheritdoc/>
    public void PowerOff() => End(MachineEnd.PowerOff, inside: true);

    /// <inheritdoc/>
    void IMachineControl.Reboot() => End(MachineEnd.Reset, inside: true);

    private void Begin(IReadOnlyList<IMachineCpu> cpus, IReadOnlyList<IPausable> parts)
    {
        lock (_lock)
        {
            if (_called)
            {
                throw new InvalidOperationException("A machine runs once.");
            }

            _called = true;
            _seats.Fill(cpus);
            _parts = new PausableParts(parts);
            if (IsEnding)
            {
                _seats.End();
            }
        }
    }

    /// <summary>
    /// A .NET exception on a core's thread is a bug; it ends the machine and surfaces from <see cref="Run"/>.
    /// </summary>
    private void Protect(CpuSeat seat)
    {
        _ownerOfThread = this;
        try
        {
            seat.Run(() => _requests.Add(new StopReport()));
        }
        catch (Exception e)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
            End(MachineEnd.Stopped);
        }
    }

    /// <summary>The first reason counts.</summary>
    private void End(MachineEnd end, bool inside = false)
    {
        if (Interlocked.CompareExchange(ref _end, (int)end, 0) == 0)
        {
            _endedInside = inside;
            lock (_lock)
            {
                _seats.End();
                Monitor.PulseAll(_lock);
            }
        }
    }

    /// <summary>From now on, requests are refused at once.</summary>
    private void Finish()
    {
        _state.Become(MachineState.Ended);
        _requests.Close();
        _step?.Complete(false);
    }

    private bool Ask(LifeRequest request)
    {
        if (_ownerOfThread == this)
        {
            throw new InvalidOperationException("The machine's own thread would wait for itself.");
        }

        return _requests.Add(request) && request.Answer;
    }

    private void ServeRequests()
    {
        if (_beginsPaused)
        {
            Rest(Timeout.InfiniteTimeSpan);
        }
        else
        {
            Go();
        }

        while (_requests.Next(() => IsEnding) is { } request)
        {
            Serve(request);
        }
    }

    private void Serve(LifeRequest request)
    {
        switch (request)
        {
            case PauseRequest pause:
                pause.Complete(_state.Now == MachineState.Paused || Rest(pause.Patience));
                break;
            case ResumeRequest resume:
                Go();
                resume.Complete(true);
                break;
            case StepRequest step:
                Begin(step);
                break;
            case HoldRequest hold:
                Hold(hold);
                break;
            case StopReport when _state.Now == MachineState.Running && _seats.Stops.Length != 0:
                Rest(Timeout.InfiniteTimeSpan); // what has stopped must not go on, however long a device takes
                break;
        }
    }

    /// <summary>Brings everything to rest; if that takes too long, everything goes on.</summary>
    private bool Rest(TimeSpan patience)
    {
        var wait = new Patience(patience);
        lock (_lock)
        {
            _seats.Call();
            while (!IsEnding && !wait.IsOver && !_seats.Rest)
            {
                Monitor.Wait(_lock, wait.Slice);
            }
        }

        if (IsEnding || !_seats.Rest || !_parts.Pause(wait, () => IsEnding))
        {
            GoOn();
            return false;
        }

        Volatile.Write(ref _stops, _seats.Stops);
        _state.Become(MachineState.Paused);
        _step?.Complete(true);
        _step = null;
        return true;
    }

    /// <summary>
    /// All cores go on, those that had not finished a step included; one that has stopped and not paused the machine
    /// yet is about to.
    /// </summary>
    private void Go()
    {
        bool paused = _state.Now != MachineState.Running;
        if (paused)
        {
            Wake();
        }

        _step?.Complete(false);
        _step = null;
        _seats.ForgetStops(all: paused);
        _seats.Go();
    }

    /// <summary>Clock and devices go on, and cores may.</summary>
    private void Wake()
    {
        _parts.Resume();
        Volatile.Write(ref _stops, []);
        _state.Become(MachineState.Running);
    }

    /// <summary>A pause has not come about. Behind a step there is nothing to go on with.</summary>
    private void GoOn()
    {
        if (_step == null)
        {
            _seats.Go();
        }
    }

    private void Begin(StepRequest step)
    {
        if (_state.Now != MachineState.Paused || !_seats.Contains(step.Cpu))
        {
            step.Complete(false);
            return;
        }

        _step = step;
        Wake();
        _seats.ForgetStops(all: true);
        _seats.Step(step.Cpu, step.Instructions);
    }

    /// <summary>
    /// Nobody is told of this pause, unless it becomes one that lasts: a core had come to a breakpoint just then, or to
    /// the end of a step.
    /// </summary>
    private void Hold(HoldRequest hold)
    {
        bool goesOn = _state.Now == MachineState.Running && _step == null;
        _state.IsHeld = goesOn;
        bool rests = _state.Now == MachineState.Paused || Rest(hold.Patience);
        hold.Complete(rests);
        if (rests)
        {
            WaitForEndOf(hold);
        }

        if (goesOn && rests && !IsEnding)
        {
            GoOnBehindHold();
        }

        _state.IsHeld = false;
    }

    private void GoOnBehindHold()
    {
        if (_stops.Length == 0)
        {
            Go();
            return;
        }

        _state.Tell(MachineState.Paused);
    }

    private void WaitForEndOf(HoldRequest hold)
    {
        lock (_lock)
        {
            while (!hold.Done)
            {
                if (IsEnding)
                {
                    hold.TellEnding();
                }

                Monitor.Wait(_lock);
            }
        }
    }
}
