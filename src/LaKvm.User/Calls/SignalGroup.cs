using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>Calls about signals.</summary>
internal static class SignalGroup
{
    /// <summary>The call has set the registers itself.</summary>
    internal const long NoResult = long.MinValue;

    private const int SetSize = sizeof(ulong);
    private const int Block = 0, Unblock = 1, SetMask = 2;

    /// <summary>What a handler returns to: ori a7, zero, 139 (rt_sigreturn); syscall 0.</summary>
    internal static ReadOnlySpan<byte> ReturnCode => [0x0b, 0x2c, 0x82, 0x03, 0x00, 0x00, 0x2b, 0x00];

    internal static void AddTo(CallTable table)
    {
        table.Add("rt_sigaction", SetAction);
        table.Add("rt_sigprocmask", SetProcessMask);
        table.Add("rt_sigpending", (UserThread t, in CallArguments a) => a[1] > SetSize ? Fail.Inval
            : t.Memory.TryWrite(a[0], (t.Signals.Pending | t.Process.Pending) & t.Signals.Blocked) ? 0 : Fail.Fault);
        table.Add("rt_sigreturn", Return);
        table.Add("rt_sigsuspend", Suspend);
        table.Add("rt_sigtimedwait", TimedWait);
        table.Add("sigaltstack", SetStack);
        table.Add("kill", Kill);
        table.Add("tkill", (UserThread t, in CallArguments a) => KillThread(t, -1, a.Int(0), a.Int(1)));
        table.Add("tgkill", (UserThread t, in CallArguments a) => KillThread(t, a.Int(0), a.Int(1), a.Int(2)));
    }

    /// <summary>Takes a signal mask for the time of a call; nothing for a null pointer.</summary>
    internal static long SetMaskForCall(UserThread thread, ulong address, ulong size)
    {
        if (address == 0)
        {
            return 0;
        }

        if (size != SetSize)
        {
            return Fail.Inval;
        }

        if (!thread.Memory.TryRead(address, out ulong mask))
        {
            return Fail.Fault;
        }

        thread.Signals.SetForCall(mask);
        return 0;
    }

    private static bool IsSignal(int number) => number is >= 1 and <= Signal.Count;

    private static long SetAction(UserThread thread, in CallArguments a)
    {
        int number = a.Int(0);
        if (!IsSignal(number) || a[3] != SetSize || (a[1] != 0 && number is Signal.Kill or Signal.Stop))
        {
            return Fail.Inval;
        }

        SignalActions actions = thread.Process.Actions;
        SignalAction old = actions[number];
        if (a[1] != 0)
        {
            if (!thread.Memory.TryRead(a[1], out SignalAction action))
            {
                return Fail.Fault;
            }

            actions[number] = action with { Mask = action.Mask & ~Signal.Unblockable };
        }

        return a[2] == 0 || thread.Memory.TryWrite(a[2], old) ? 0 : Fail.Fault;
    }

    private static long SetProcessMask(UserThread thread, in CallArguments a)
    {
        ulong old = thread.Signals.Blocked, set = 0;
        if (a[3] != SetSize)
        {
            return Fail.Inval;
        }

        if (a[1] != 0 && !thread.Memory.TryRead(a[1], out set))
        {
            return Fail.Fault;
        }

        if (a[1] != 0)
        {
            switch (a.Int(0))
            {
                case Block:
                    thread.Signals.Blocked = old | set;
                    break;
                case Unblock:
                    thread.Signals.Blocked = old & ~set;
                    break;
                case SetMask:
                    thread.Signals.Blocked = set;
                    break;
                default:
                    return Fail.Inval;
            }
        }

        return a[2] == 0 || thread.Memory.TryWrite(a[2], old) ? 0 : Fail.Fault;
    }

    private static long Return(UserThread thread, in CallArguments a)
    {
        if (!thread.Signals.Return())
        {
            thread.Process.End(Signal.Segv);
        }

        return NoResult;
    }

    private static long Suspend(UserThread thread, in CallArguments a)
    {
        long error = SetMaskForCall(thread, a[0], a[1]);
        return error < 0 ? error : thread.Wait(() => null) ?? Fail.Intr;
    }

    private static long TimedWait(UserThread thread, in CallArguments a)
    {
        const int infoSize = 128;
        if (a[3] != SetSize)
        {
            return Fail.Inval;
        }

        if (!thread.Memory.TryRead(a[0], out ulong set))
        {
            return Fail.Fault;
        }

        long error = TimeGroup.TryDeadline(thread, a[2], out ulong? deadline);
        if (error < 0)
        {
            return error;
        }

        SignalInfo info = default;
        set &= ~Signal.Unblockable;
        long? result = thread.Wait(
            () => (thread.Signals.Take(set) ?? thread.Process.TakePending(set)) is { } taken ? (info = taken).Number
                : null, deadline);
        if (result is not > 0)
        {
            return result == null ? Fail.Again : Fail.Intr;
        }

        byte[] bytes = new byte[infoSize];
        BitConverter.TryWriteBytes(bytes, info.Number);
        BitConverter.TryWriteBytes(bytes.AsSpan(8), info.Code);
        BitConverter.TryWriteBytes(bytes.AsSpan(16), info.First);
        return a[1] == 0 || HostMemoryAccess.CopyTo(thread.Memory, a[1], bytes) ? result.Value : Fail.Fault;
    }

    private static long SetStack(UserThread thread, in CallArguments a)
    {
        const int stackPointer = 3;
        const ulong least = 2048;
        ThreadSignals signals = thread.Signals;
        bool inUse = signals.Alternate.Holds(thread.Registers.Gpr[stackPointer]);
        AlternateStack old = signals.Alternate with
        {
            Flags = inUse ? AlternateStack.OnStack : signals.Alternate.Flags,
        };
        if (a[0] != 0)
        {
            if (!thread.Memory.TryRead(a[0], out AlternateStack given))
            {
                return Fail.Fault;
            }

            if (inUse || (given.Flags & ~(AlternateStack.Disabled | int.MinValue)) != 0)
            {
                return inUse ? Fail.Perm : Fail.Inval;
            }

            bool disabled = (given.Flags & AlternateStack.Disabled) != 0;
            if (!disabled && given.Size < least)
            {
                return Fail.NoMem;
            }

            signals.Alternate = disabled ? new AlternateStack(0, AlternateStack.Disabled, 0) : given with { Flags = 0 };
        }

        return a[1] == 0 || thread.Memory.TryWrite(a[1], old) ? 0 : Fail.Fault;
    }

    private static long Kill(UserThread thread, in CallArguments a)
    {
        int number = a.Int(1), id = a.Int(0);
        if (number != 0 && !IsSignal(number))
        {
            return Fail.Inval;
        }

        UserKernel kernel = thread.Process.Kernel;
        IReadOnlyList<UserProcess> targets = id > 0
            ? kernel.FindProcess(id) is { } target ? [target] : []
            : [.. kernel.Processes.Where(process => id != -1 || process != thread.Process)];
        foreach (UserProcess process in targets.Where(_ => number != 0))
        {
            process.Post(SignalInfo.FromProcess(number, thread.Process.Id));
        }

        return targets.Count != 0 || kernel.IsZombie(id) ? 0 : Fail.Srch;
    }

    private static long KillThread(UserThread thread, int process, int id, int number)
    {
        if (id <= 0 || (number != 0 && !IsSignal(number)))
        {
            return Fail.Inval;
        }

        if (thread.Process.Kernel.FindThread(id) is not { } target || (process != -1 && target.Process.Id != process))
        {
            return Fail.Srch;
        }

        if (number == Signal.Kill)
        {
            target.Process.End(Signal.Kill);
        }
        else if (number != 0)
        {
            target.Signals.Post(SignalInfo.FromProcess(number, thread.Process.Id, SignalInfo.Thread));
        }

        return 0;
    }
}
