using LaKvm.Hypervisor;
using LaKvm.Ioctl;

namespace LaKvm.User;

/// <summary>
/// A process: memory, descriptors, threads, signals, children. It is what KVM takes for its user: memory slots name
/// addresses of its memory.
/// </summary>
internal sealed class UserProcess
{
    private readonly Lock _lock = new();
    private readonly List<UserThread> _threads = [];
    private readonly SignalQueue _pending = new();
    private bool _ending;

    private UserProcess(UserKernel kernel, int id, UserProcess? parent, HostAddressSpace memory,
        DescriptorTable descriptors)
    {
        (Kernel, Id, Parent) = (kernel, id, parent);
        Translation = new UserTranslation(kernel.Machine, memory);
        Host = new HostProcess(kernel.Machine, memory, new ProgramMemory(memory), descriptors,
            id) { Log = kernel.GuestErrors };
    }

    /// <summary>What all processes have in common.</summary>
    internal UserKernel Kernel { get; }

    /// <summary>Process number.</summary>
    internal int Id { get; }

    /// <summary>The process that made this one; null for the first.</summary>
    internal UserProcess? Parent { get; set; }

    /// <summary>Its memory.</summary>
    internal HostAddressSpace Memory => Translation.Space;

    /// <summary>How its memory gets into the cores' TLBs.</summary>
    internal UserTranslation Translation { get; private set; }

    /// <summary>Descriptors, and the way to KVM.</summary>
    internal HostProcess Host { get; private set; }

    /// <summary>Where pointers of its calls point into.</summary>
    internal IUserMemory Pointers => new ProgramMemory(Memory);

    /// <summary>Where its memory has what.</summary>
    internal UserLayout Layout { get; private set; } = new();

    /// <summary>What it does with signals.</summary>
    internal SignalActions Actions { get; private init; } = new();

    /// <summary>Processes that it has made and not yet waited for.</summary>
    internal List<UserProcess> Children { get; } = [];

    /// <summary>The program, as paths name it.</summary>
    internal string Executable { get; private set; } = "";

    /// <summary>Its words.</summary>
    internal IReadOnlyList<string> Arguments { get; private set; } = [];

    /// <summary>The directory that relative paths begin at.</summary>
    internal string WorkingDirectory { get; set; } = Environment.CurrentDirectory;

    /// <summary>Signal to the parent at the end; 0 for none.</summary>
    internal int ExitSignal { get; private init; } = Signal.Chld;

    /// <summary>How it has ended, as wait(2) says it; null before.</summary>
    internal int? ExitStatus { get; private set; }

    /// <summary>Whether nothing of it is left but how it has ended.</summary>
    internal bool HasEnded { get; set; }

    /// <summary>Address of the two instructions that a handler returns to.</summary>
    internal ulong SignalReturn => Layout.SignalReturn;

    /// <summary>Its timers that send signals.</summary>
    internal IntervalTimers Timers { get; private set; } = null!;

    /// <summary>Its threads now.</summary>
    internal IReadOnlyList<UserThread> Threads
    {
        get
        {
            lock (_lock)
            {
                return [.. _threads];
            }
        }
    }

    /// <summary>Signals that wait for any thread.</summary>
    internal ulong Pending => _pending.Pending;

    /// <summary>A process that runs nothing yet.</summary>
    internal static UserProcess Create(UserKernel kernel, int id)
    {
        var process =
            new UserProcess(kernel, id, null, new HostAddressSpace(kernel.Machine.Pages), new DescriptorTable());
        process.Timers = new IntervalTimers(process);
        return process;
    }

    /// <summary>fork: a copy with one thread, which the caller sets up; null if there is no memory for it.</summary>
    internal UserProcess? Fork(int exitSignal)
    {
        if (Memory.Fork() is not { } memory)
        {
            return null;
        }

        var child = new UserProcess(Kernel, Kernel.NextId(), this, memory, Host.Descriptors.Clone())
        {
            Layout = Layout,
            Actions = Actions.Clone(),
            Executable = Executable,
            Arguments = Arguments,
            WorkingDirectory = WorkingDirectory,
            ExitSignal = exitSignal,
        };
        child.Timers = new IntervalTimers(child);
        lock (Kernel.FamilyLock)
        {
            Children.Add(child);
        }

        Kernel.Add(child);
        return child;
    }

    /// <summary>execve: a memory of its own for a new program; the old one is gone.</summary>
    internal void BeginProgram(UserThread? thread, LoadedProgram program)
    {
        (HostProcess oldHost, UserTranslation oldTranslation) = (Host, Translation);
        var translation = new UserTranslation(Kernel.Machine, program.Memory);
        var host = new HostProcess(
            Kernel.Machine, program.Memory, new ProgramMemory(program.Memory), oldHost.Descriptors,
                Id) { Log = Kernel.GuestErrors };
        (Host, Translation, Layout) = (host, translation, program.Layout);
        (Executable, Arguments) = (program.Path, program.Arguments);
        Actions.ResetForExec();
        host.Descriptors.CloseForExec();
        if (thread != null)
        {
            thread.BeginProgram(new UserMode(Kernel.Machine, thread.Host, translation));
        }

        oldTranslation.Dispose();
        oldTranslation.Space.Dispose();
    }

    /// <summary>A new thread; the caller sets its registers and starts it. Null if the process is ending.</summary>
    internal UserThread? AddThread(int id)
    {
        var thread = new UserThread(this, id);
        lock (_lock)
        {
            if (!_ending)
            {
                _threads.Add(thread);
                return thread;
            }
        }

        thread.Dispose();
        return null;
    }

    /// <summary>Ends all threads; the first status given counts. Any thread.</summary>
    /// <param name="status">As wait(2) says it: a signal, or a code shifted by 8.</param>
    internal void End(int status)
    {
        UserThread[] threads;
        lock (_lock)
        {
            if (!_ending)
            {
                _ending = true;
                ExitCode = status;
            }

            threads = [.. _threads];
        }

        foreach (UserThread thread in threads)
        {
            thread.End();
            thread.Host.Signal(Signal.Kill);
        }
    }

    /// <summary>Ends all threads but one (execve), and waits until they are gone.</summary>
    internal void EndOthers(UserThread survivor)
    {
        SpinWait spin = default;
        while (true)
        {
            UserThread[] others = [.. Threads.Where(t => t != survivor)];
            if (others.Length == 0)
            {
                return;
            }

            foreach (UserThread other in others)
            {
                other.End();
                other.Host.Signal(Signal.Kill);
            }

            spin.SpinOnce();
        }
    }

    /// <summary>A thread has left its loop; with the last one the process ends.</summary>
    internal void Leave(UserThread thread)
    {
        ThreadEnd.Tidy(thread);
        bool last;
        lock (_lock)
        {
            _threads.Remove(thread);
            last = _threads.Count == 0;
            _ending |= last;
        }

        if (last)
        {
            Timers.Dispose();
            Host.Exit();
        }

        thread.Dispose();
        thread.Release();
        if (last)
        {
            Translation.Dispose();
            ExitStatus = ExitCode;
            Kernel.Ended(this);
        }
    }

    /// <summary>A process that no program could be loaded into goes.</summary>
    internal void Abandon()
    {
        Timers.Dispose();
        Host.Exit();
        Translation.Dispose();
        ExitStatus = 0;
        Kernel.Ended(this);
    }

    /// <summary>A signal for whichever thread takes it. Any thread.</summary>
    internal void Post(in SignalInfo info)
    {
        if (info.Number == Signal.Kill)
        {
            End(Signal.Kill);
            return;
        }

        IReadOnlyList<UserThread> threads = Threads;
        ulong bit = Signal.Bit(info.Number);
        if (threads.FirstOrDefault(t => (t.Signals.Blocked & bit) == 0) is { } taker)
        {
            taker.Signals.Post(info);
            return;
        }

        _pending.Add(info);
        foreach (UserThread thread in threads)
        {
            thread.Waker.Ring(); // one may wait for it with sigtimedwait or a signalfd
        }

        Kernel.SignalFiles.Changed();
    }

    /// <summary>A thread has changed what it blocks: gives it what waits for such a thread.</summary>
    internal void ClaimSignals(UserThread thread)
    {
        while (_pending.TryTake(~thread.Signals.Blocked, out SignalInfo info, out _))
        {
            thread.Signals.Post(info);
        }
    }

    /// <summary>Takes a signal of a set that waits for the process.</summary>
    internal SignalInfo? TakePending(ulong set) => _pending.TryTake(set, out SignalInfo info, out _) ? info : null;

    /// <summary>The status to end with, once that is decided.</summary>
    private int ExitCode { get; set; }
}
