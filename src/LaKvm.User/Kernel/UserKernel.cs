using System.Runtime.ExceptionServices;
using LaKvm.Diagnostics;
using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>
/// A small Linux in C#: runs LoongArch programs on the cores of a <see cref="HostMachine"/>, whose KVM is their
/// /dev/kvm. It is no sandbox: files, descriptors and sockets are the computer's own.
/// </summary>
public sealed class UserKernel : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, UserProcess> _processes = [];
    private readonly HashSet<int> _zombies = [];
    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _lastId;

    /// <summary>Makes a kernel that runs nothing yet.</summary>
    public UserKernel(HostMachine machine, UserOptions options)
    {
        Machine = machine;
        Options = options;
        Calls = new CallTable(options.Log);
        Trace = options.Trace == null ? null : new CallTrace(options.Trace);
    }

    /// <summary>The machine.</summary>
    public HostMachine Machine { get; }

    /// <summary>Where is reported what guests of the programs do wrong.</summary>
    public GuestErrorLog GuestErrors { get; init; } = GuestErrorLog.Silent;

    /// <summary>How programs are run.</summary>
    internal UserOptions Options { get; }

    /// <summary>The system calls.</summary>
    internal CallTable Calls { get; }

    /// <summary>What shows them, or null.</summary>
    internal CallTrace? Trace { get; }

    /// <summary>What programs' threads run on.</summary>
    internal Workers Workers { get; } = new();

    /// <summary>Where threads wait for words of memory.</summary>
    internal Futexes Futexes { get; } = new();

    /// <summary>Files in /dev/shm.</summary>
    internal SharedFiles SharedFiles { get; } = new();

    /// <summary>Descriptors that tell of signals.</summary>
    internal SignalFiles SignalFiles { get; } = new();

    /// <summary>Guards who is whose child.</summary>
    internal Lock FamilyLock { get; } = new();

    /// <summary>Nanoseconds of CLOCK_MONOTONIC.</summary>
    #pragma warning disable CA1822 // A kernel's own clock, to whoever asks.
    internal ulong Now => TimeGroup.Monotonic;
#pragma warning restore CA1822

    /// <summary>
    /// Runs a program to its end, and ends what it leaves behind. Returns its exit code; 128 and the number of the
    /// signal that has ended it.
    /// </summary>
    /// <exception cref="UserProgramException">The program cannot be started.</exception>
    public int Run(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
    {
        LoadedProgram program;
        var process = UserProcess.Create(this, NextId());
        Add(process);
        StandardFiles.Open(process);
        try
        {
            program = ProgramLoader.Load(this, process, path, arguments, environment);
        }
        catch
        {
            process.Abandon();
            throw;
        }

        process.BeginProgram(null, program);
        UserThread thread = process.AddThread(process.Id)!;
        program.Start(thread.Registers);
        thread.Start();
        int status = _ended.Task.GetAwaiter().GetResult();
        EndAll();
        return (status & 0x7f) != 0 ? 128 + (status & 0x7f) : (status >> 8) & 0xff;
    }

    /// <summary>Sends a signal to the first process, as a terminal does. Any thread.</summary>
    public void Signal(int number) => FindProcess(1)?.Post(new SignalInfo(number, SignalInfo.Kernel));

    /// <summary>Ends all programs. Any thread.</summary>
    public void Kill()
    {
        foreach (UserProcess process in Processes)
        {
            process.End(LaKvm.User.Signal.Kill);
        }
    }

    /// <summary>Ends what still runs.</summary>
    public void Dispose()
    {
        EndAll();
        Workers.Dispose();
    }

    /// <summary>All processes that have not ended.</summary>
    internal IReadOnlyList<UserProcess> Processes
    {
        get
        {
            lock (_lock)
            {
                return [.. _processes.Values];
            }
        }
    }

    /// <summary>A number for a process or thread.</summary>
    internal int NextId() => Interlocked.Increment(ref _lastId);

    /// <summary>Makes a process known.</summary>
    internal void Add(UserProcess process)
    {
        lock (_lock)
        {
            _processes.Add(process.Id, process);
        }
    }

    /// <summary>The process with a number, or null.</summary>
    internal UserProcess? FindProcess(int id)
    {
        lock (_lock)
        {
            return _processes.GetValueOrDefault(id);
        }
    }

    /// <summary>The thread with a number, or null.</summary>
    internal UserThread? FindThread(int id) =>
        Processes.SelectMany(process => process.Threads).FirstOrDefault(thread => thread.Id == id);

    /// <summary>A process has ended: its parent is told, its children have none any more.</summary>
    internal void Ended(UserProcess process)
    {
        UserProcess? parent;
        lock (FamilyLock)
        {
            parent = process.Parent;
            foreach (UserProcess child in process.Children)
            {
                child.Parent = null;
            }

            process.Children.Clear();
        }

        lock (_lock)
        {
            _processes.Remove(process.Id);
            if (parent != null)
            {
                _zombies.Add(process.Id);
            }
        }

        process.HasEnded = true;
        if (parent != null)
        {
            foreach (UserThread thread in parent.Threads)
            {
                thread.Waker.Ring();
            }

            if (process.ExitSignal != 0)
            {
                parent.Post(SignalInfo.FromProcess(process.ExitSignal, process.Id, 1));
            }
        }
        else if (process.Id == 1)
        {
            _ended.TrySetResult(process.ExitStatus!.Value);
        }
    }

    /// <summary>A process that has ended was waited for.</summary>
    internal void Reap(UserProcess process)
    {
        lock (_lock)
        {
            _zombies.Remove(process.Id);
        }
    }

    /// <summary>Whether a process has ended and was not waited for yet.</summary>
    internal bool IsZombie(int id)
    {
        lock (_lock)
        {
            return _zombies.Contains(id);
        }
    }

    /// <summary>A fault of ours on a program's thread: it becomes the result of <see cref="Run"/>.</summary>
    internal void Fault(Exception e)
    {
        _ended.TrySetException(ExceptionDispatchInfo.SetCurrentStackTrace(e));
        Kill();
    }

    private void EndAll()
    {
        SpinWait spin = default;
        while (Processes.Count != 0)
        {
            Kill();
            spin.SpinOnce();
        }
    }
}
