using LaKvm.Cpu;
using LaKvm.Hypervisor;
using LaKvm.Linux;

namespace LaKvm.User;

/// <summary>
/// A thread of a program, which is a .NET thread: runs user code, makes its calls, delivers its signals.
/// </summary>
internal sealed class UserThread : IDisposable
{
    private const int CallNumber = 11, FirstArgument = 4, StackPointer = 3; // a7, a0, sp
    private const int InstructionSize = 4;

    private long? _callResult;
    private ulong _firstArgument;

    internal UserThread(UserProcess process, int id)
    {
        (Process, Id) = (process, id);
        Mode = new UserMode(process.Kernel.Machine, Host, process.Translation);
        Signals = new ThreadSignals(this);
    }

    /// <summary>The process.</summary>
    internal UserProcess Process { get; private set; }

    /// <summary>Thread number.</summary>
    internal int Id { get; }

    /// <summary>Name, as its program has set it.</summary>
    internal string Name { get; set; } = "";

    /// <summary>What the hypervisor knows of the thread.</summary>
    internal HostThread Host { get; } = new();

    /// <summary>What it sleeps on.</summary>
    internal Waker Waker { get; } = new();

    /// <summary>Its user code.</summary>
    internal UserMode Mode { get; private set; }

    /// <summary>Its signals.</summary>
    internal ThreadSignals Signals { get; }

    /// <summary>Its registers.</summary>
    internal UserRegisters Registers => Mode.Registers;

    /// <summary>Its memory.</summary>
    internal HostAddressSpace Memory => Process.Memory;

    /// <summary>Word to clear and to wake at when the thread ends (set_tid_address), or 0.</summary>
    internal ulong ClearChildId { get; set; }

    /// <summary>List of locks to give up when the thread ends (set_robust_list), or 0.</summary>
    internal ulong RobustList { get; set; }

    /// <summary>Whether the thread is to end.</summary>
    internal bool IsEnding { get; private set; }

    /// <summary>Whether the parent waits until the child runs a program of its own or ends (vfork).</summary>
    internal Action? Released { get; set; }

    /// <summary>Starts to run at what the registers hold.</summary>
    internal void Start() => Process.Kernel.Workers.Start(Run);

    /// <summary>The thread ends as soon as it gets to it. By itself, or after a SIGKILL.</summary>
    internal void End() => IsEnding = true;

    /// <summary>A new program in a memory of its own: only its own thread is left by then.</summary>
    internal void BeginProgram(UserMode mode)
    {
        Mode.Dispose();
        Mode = mode;
        ClearChildId = RobustList = 0;
        Release();
    }

    /// <summary>Lets a parent go on that waits for this.</summary>
    internal void Release()
    {
        Released?.Invoke();
        Released = null;
    }

    /// <summary>
    /// Waits until <paramref name="attempt"/> has a result; who changes what it looks at rings the <see cref="Waker"/>.
    /// Null when the time is up, <see cref="Fail.Restart"/> if a signal comes.
    /// </summary>
    /// <param name="attempt">What is waited for; null for not yet.</param>
    /// <param name="deadline">Nanoseconds of the machine's clock, or null.</param>
    /// <param name="fd">A descriptor that also ends the sleep, or -1.</param>
    /// <param name="events">When it does.</param>
    internal long? Wait(Func<long?> attempt, ulong? deadline = null, int fd = -1, short events = 0)
    {
        Span<PollDescriptor> descriptors = stackalloc PollDescriptor[2];
        descriptors[0] = new PollDescriptor { Fd = fd, Events = events };
        return WaitFor(attempt, deadline, descriptors);
    }

    /// <summary>The same for several descriptors; the last element is free for the waker's.</summary>
    internal long? WaitFor(Func<long?> attempt, ulong? deadline, Span<PollDescriptor> descriptors)
    {
        if (attempt() is { } ready)
        {
            return ready;
        }

        Mode.GiveUpCore();
        Host.Enter(Waker);
        try
        {
            while (true)
            {
                Waker.Clear();
                if (attempt() is { } result)
                {
                    return result;
                }

                if (Host.IsSignalPending())
                {
                    return Fail.Restart;
                }

                ulong now = Process.Kernel.Now;
                if (now >= deadline)
                {
                    return null;
                }

                Waker.Sleep(descriptors, (long?)(deadline - now));
            }
        }
        finally
        {
            Host.Leave();
        }
    }

    /// <summary>Frees what the thread has of the computer.</summary>
    public void Dispose()
    {
        Mode.Dispose();
        Waker.Dispose();
    }

    private void Run()
    {
        Host.Begin();
        try
        {
            while (!IsEnding)
            {
                UserTrap trap = Mode.Run();
                _callResult = null;
                if (trap.Code == Trap.Sys)
                {
                    MakeCall();
                }
                else if (trap.Code != Trap.None)
                {
                    Signals.Raise(UserFaults.SignalOf(trap, Registers));
                }

                FinishCall();
            }
        }
        catch (Exception e)
        {
            Process.Kernel.Fault(e);
        }
        finally
        {
            Mode.GiveUpCore();
            Process.Leave(this);
        }
    }

    private void MakeCall()
    {
        Registers.Pc += InstructionSize;
        ulong number = Registers.Gpr[CallNumber];
        _firstArgument = Registers.Gpr[FirstArgument];
        var arguments = new CallArguments(Registers);
        CallTrace? trace = Process.Kernel.Trace;
        trace?.Entering(this, number, arguments);
        long result = Process.Kernel.Calls.Invoke(this, number, arguments);
        trace?.Left(this, number, arguments, result);
        if (result != SignalGroup.NoResult)
        {
            Registers.Gpr[FirstArgument] = (ulong)result;
            _callResult = result;
        }
    }

    /// <summary>Delivers signals, and settles what becomes of a call that one of them has interrupted.</summary>
    private void FinishCall()
    {
        SignalAction? handled = null;
        while (!IsEnding && Signals.TakeNext() is { } info)
        {
            SignalAction action = Process.Actions.Take(info.Number);
            if (action.Handler == SignalAction.Default && !Signal.IsIgnoredByDefault(info.Number))
            {
                Process.End(info.Number);
            }
            else if (action.Handler > SignalAction.Ignore)
            {
                if (handled == null)
                {
                    SettleRestart(action);
                    handled = action;
                }

                Signals.Deliver(info, action);
            }
        }

        if (handled == null)
        {
            SettleRestart(null);
            Signals.RestoreMask();
        }
    }

    private void SettleRestart(SignalAction? action)
    {
        if (_callResult is not (Fail.Restart or Fail.RestartWithoutHandler))
        {
            return;
        }

        bool again = action is not { } handled
            || (_callResult == Fail.Restart && (handled.Flags & SignalAction.Restart) != 0);
        Registers.Gpr[FirstArgument] = again ? _firstArgument : unchecked((ulong)Fail.Intr);
        Registers.Pc -= again ? InstructionSize : 0u;
        _callResult = null;
    }
}
