using System.Runtime.InteropServices;
using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>Calls about threads and processes.</summary>
internal static class ThreadGroup
{
    private const ulong ExitSignalMask = 0xff, SharesMemory = 0x100, WaitsForChild = 0x4000, IsThread = 0x1_0000;
    private const ulong SetsTls = 0x8_0000, SetsParentId = 0x10_0000, ClearsChildId = 0x20_0000,
        SetsChildId = 0x100_0000;
    private const int StackPointer = 3, FirstArgument = 4, ThreadPointer = 2;

    internal static void AddTo(CallTable table)
    {
        table.Add("clone", Clone);
        table.Add("execve", Execute);
        table.Add("exit", Exit);
        table.Add("exit_group", (UserThread t, in CallArguments a) =>
        {
            t.Process.End((a.Int(0) & 0xff) << 8);
            return SignalGroup.NoResult;
        });
        table.Add("wait4", Wait);
        table.Add("set_tid_address", (UserThread t, in CallArguments a) =>
        {
            t.ClearChildId = a[0];
            return t.Id;
        });
        table.Add("set_robust_list", (UserThread t, in CallArguments a) =>
        {
            const ulong headSize = 24;
            t.RobustList = a[1] == headSize ? a[0] : t.RobustList;
            return a[1] == headSize ? 0 : Fail.Inval;
        });
        table.Add("gettid", (UserThread t, in CallArguments _) => t.Id);
        table.Add("getpid", (UserThread t, in CallArguments _) => t.Process.Id);
        table.Add("getppid", (UserThread t, in CallArguments _) => t.Process.Parent?.Id ?? 0);
        table.Add("futex", Futex);
        table.Add("sched_yield", (UserThread t, in CallArguments _) => t.Mode.Yield() || Thread.Yield() ? 0 : 0);
        table.Add("sched_getaffinity", GetAffinity);
        table.Add("sched_setaffinity", SetAffinity);
    }

    /// <summary>The key of a word that processes share: its physical address. Null for a bad address.</summary>
    internal static FutexKey? SharedKey(UserThread thread, ulong address)
    {
        if (thread.Memory.Pin(address, write: true, out ulong page, out _) != Errno.None)
        {
            return null;
        }

        thread.Memory.Unpin(page);
        return new FutexKey(null, page | (address & (thread.Memory.Pages.PageSize - 1)));
    }

    private static long Clone(UserThread thread, in CallArguments a)
    {
        ulong flags = a[0];
        return (flags & IsThread) != 0 ? CloneThread(thread, a) : CloneProcess(thread, a);
    }

    private static long CloneThread(UserThread thread, in CallArguments a)
    {
        if ((a[0] & SharesMemory) == 0)
        {
            return Fail.Inval;
        }

        UserThread? child = thread.Process.AddThread(thread.Process.Kernel.NextId());
        return child == null ? Fail.Again : Begin(thread, child, a);
    }

    /// <summary>
    /// fork and its kin. A child that would share its parent's memory (vfork) gets a copy, and is waited for.
    /// </summary>
    private static long CloneProcess(UserThread thread, in CallArguments a)
    {
        if (thread.Process.Fork((int)(a[0] & ExitSignalMask)) is not { } process)
        {
            return Fail.NoMem;
        }

        UserThread child = process.AddThread(process.Id)!;
        child.Signals.Blocked = thread.Signals.Blocked;
        if ((a[0] & WaitsForChild) == 0)
        {
            return Begin(thread, child, a);
        }

        bool released = false;
        child.Released = () =>
        {
            Volatile.Write(ref released, true);
            thread.Waker.Ring();
        };
        long id = Begin(thread, child, a);
        while (!Volatile.Read(ref released) && !thread.IsEnding)
        {
            thread.Wait(() => Volatile.Read(ref released) ? 0 : null, thread.Process.Kernel.Now + 10_000_000);
        }

        return id;
    }

    private static long Begin(UserThread parent, UserThread child, in CallArguments a)
    {
        UserRegisters registers = child.Registers;
        registers.CopyFrom(parent.Registers);
        registers.Gpr[FirstArgument] = 0;
        registers.Gpr[StackPointer] = a[1] != 0 ? a[1] : registers.Gpr[StackPointer];
        if ((a[0] & SetsTls) != 0)
        {
            registers.Gpr[ThreadPointer] = a[4];
        }

        child.Host.Affinity = parent.Host.Affinity;
        if ((a[0] & IsThread) != 0)
        {
            child.Signals.Blocked = parent.Signals.Blocked;
        }

        child.ClearChildId = (a[0] & ClearsChildId) != 0 ? a[3] : 0;
        if ((a[0] & SetsParentId) != 0)
        {
            parent.Memory.TryWrite(a[2], child.Id);
        }

        if ((a[0] & SetsChildId) != 0)
        {
            child.Memory.TryWrite(a[3], child.Id);
        }

        child.Start();
        return child.Id;
    }

    private static long Exit(UserThread thread, in CallArguments a)
    {
        if (thread.Process.Threads.Count == 1)
        {
            thread.Process.End((a.Int(0) & 0xff) << 8);
        }

        thread.End();
        return SignalGroup.NoResult;
    }

    private static long Execute(UserThread thread, in CallArguments a)
    {
        UserProcess process = thread.Process;
        if (thread.Memory.ReadText(a[0]) is not { } path || Words(thread, a[1]) is not { } arguments
            || Words(thread, a[2]) is not { } environment)
        {
            return Fail.Fault;
        }

        thread.Mode.GiveUpCore();
        LoadedProgram program;
        try
        {
            program = ProgramLoader.Load(process.Kernel, process, path, arguments, environment);
        }
        catch (UserProgramException e)
        {
            return e.Error;
        }

        process.EndOthers(thread);
        process.BeginProgram(thread, program);
        program.Start(thread.Registers);
        return SignalGroup.NoResult;
    }

    private static List<string>? Words(UserThread thread, ulong address)
    {
        const int most = 1 << 16;
        var words = new List<string>();
        for (; address != 0 && words.Count < most; address += sizeof(ulong))
        {
            if (!thread.Memory.TryRead(address, out ulong word))
            {
                return null;
            }

            if (word == 0)
            {
                break;
            }

            if (thread.Memory.ReadText(word) is not { } text)
            {
                return null;
            }

            words.Add(text);
        }

        return words;
    }

    private static long Wait(UserThread thread, in CallArguments a)
    {
        const int noHang = 1, known = noHang | 2 | 8 | 0x2000_0000 | 0x4000_0000 | int.MinValue;
        int wanted = a.Int(0);
        if ((a.Int(2) & ~known) != 0)
        {
            return Fail.Inval;
        }

        UserProcess? ended = null;
        long? Look() => FindEnded(thread.Process, wanted, out ended);
        long? result = (a.Int(2) & noHang) != 0 ? Look() ?? 0 : thread.Wait(Look);
        if (result is not > 0)
        {
            return result!.Value;
        }

        thread.Process.Kernel.Reap(ended!);
        bool written = (a[1] == 0 || thread.Memory.TryWrite(a[1], ended!.ExitStatus!.Value))
            && (a[3] == 0 || HostMemoryAccess.CopyTo(thread.Memory, a[3], new byte[SystemGroup.UsageSize]));
        return written ? result.Value : Fail.Fault;
    }

    /// <summary>
    /// A child that has ended, which is then no child any more; ECHILD without any, null if none has.
    /// </summary>
    private static long? FindEnded(UserProcess process, int wanted, out UserProcess? ended)
    {
        lock (process.Kernel.FamilyLock)
        {
            ended = process.Children.Find(child => Matches(child, wanted) && child.HasEnded);
            if (ended == null)
            {
                return process.Children.Exists(child => Matches(child, wanted)) ? null : Fail.Child;
            }

            process.Children.Remove(ended);
            return ended.Id;
        }
    }

    private static bool Matches(UserProcess child, int wanted) => wanted <= 0 || child.Id == wanted;

    private static long Futex(UserThread thread, in CallArguments a)
    {
        const uint isPrivate = 128, realTime = 256;
        const uint wait = 0, wake = 1, requeue = 3, compareRequeue = 4, wakeOperation = 5, waitBits = 9, wakeBits = 10;
        uint operation = a.UInt(1), command = operation & ~(isPrivate | realTime);
        Futexes futexes = thread.Process.Kernel.Futexes;
        if ((a[0] & 3) != 0 || (command is waitBits or wakeBits && a.UInt(5) == 0))
        {
            return Fail.Inval;
        }

        FutexKey? Key(ulong address) =>
            (operation & isPrivate) != 0 ? new FutexKey(thread.Memory, address) : SharedKey(thread, address);
        if (Key(a[0]) is not { } key)
        {
            return Fail.Fault;
        }

        switch (command)
        {
            case wait or waitBits:
                return WaitFor(thread, key, a, command == wait, (operation & realTime) != 0);
            case wake or wakeBits:
                return futexes.Wake(key, a.UInt(2), command == wake ? uint.MaxValue : a.UInt(5));
            case requeue or compareRequeue:
                return Key(a[4]) is { } target
                    ? futexes.Requeue(thread.Memory, (key, a[0]), a.UInt(2), target, a.UInt(3), command == requeue
                        ? null : a.UInt(5))
                    : Fail.Fault;
            case wakeOperation:
                return Key(a[4]) is { } second
                    ? futexes.WakeOperation(thread.Memory, key, a.UInt(2), (second, a[4]), a.UInt(3), a.UInt(5))
                    : Fail.Fault;
            default:
                return Fail.NoSys;
        }
    }

    /// <summary>FUTEX_WAIT waits for some time, FUTEX_WAIT_BITSET up to a time.</summary>
    private static long WaitFor(UserThread thread, FutexKey key, in CallArguments a, bool relative, bool realTime)
    {
        const int realTimeClock = 0, monotonicClock = 1;
        ulong? deadline = null;
        if (a[3] != 0)
        {
            long error = TimeGroup.TryRead(thread, a[3], out ulong time);
            if (error < 0)
            {
                return error;
            }

            deadline = relative ? TimeGroup.Monotonic + time
                : TimeGroup.ToMonotonic(realTime ? realTimeClock : monotonicClock, time);
        }

        return thread.Process.Kernel.Futexes.Wait(
            thread, key, a[0], a.UInt(2), relative ? uint.MaxValue : a.UInt(5), deadline);
    }

    private static long GetAffinity(UserThread thread, in CallArguments a)
    {
        UserThread? target = a.Int(0) == 0 ? thread : thread.Process.Kernel.FindThread(a.Int(0));
        if (target == null || a[1] < sizeof(ulong) || (a[1] & 7) != 0)
        {
            return target == null ? Fail.Srch : Fail.Inval;
        }

        return thread.Memory.TryWrite(a[2], target.Host.Affinity & AllCpus(thread)) ? sizeof(ulong) : Fail.Fault;
    }

    private static long SetAffinity(UserThread thread, in CallArguments a)
    {
        UserThread? target = a.Int(0) == 0 ? thread : thread.Process.Kernel.FindThread(a.Int(0));
        byte[] bytes = new byte[sizeof(ulong)];
        if (target == null)
        {
            return Fail.Srch;
        }

        if (!HostMemoryAccess.CopyFrom(thread.Memory, a[2], bytes.AsSpan(0, (int)Math.Min(a[1], sizeof(ulong)))))
        {
            return Fail.Fault;
        }

        ulong set = MemoryMarshal.Read<ulong>(bytes) & AllCpus(thread);
        target.Host.Affinity = set == 0 ? target.Host.Affinity : set;
        return set == 0 ? Fail.Inval : 0;
    }

    private static ulong AllCpus(UserThread thread) =>
        thread.Process.Kernel.Machine.CpuCount >= 64 ? ulong.MaxValue
            : (1UL << thread.Process.Kernel.Machine.CpuCount) - 1;
}
