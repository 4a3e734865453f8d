namespace LaKvm.User;

/// <summary>A thread's signals: what waits, what is blocked, and how a handler is entered and left.</summary>
internal sealed class ThreadSignals(UserThread thread)
{
    private const int ReturnAddress = 1, StackPointer = 3, FirstArgument = 4; // ra, sp, a0

    private readonly SignalQueue _queue = new();
    private ulong? _maskToRestore;

    /// <summary>Where handlers run that ask for it.</summary>
    internal AlternateStack Alternate { get; set; } = new(0, AlternateStack.Disabled, 0);

    /// <summary>Signals that wait for the thread itself.</summary>
    internal ulong Pending => _queue.Pending;

    /// <summary>Signals that wait until they are no longer blocked.</summary>
    internal ulong Blocked
    {
        get => thread.Host.Blocked;
        set
        {
            thread.Host.Blocked = value & ~Signal.Unblockable;
            thread.Process.ClaimSignals(thread);
        }
    }

    /// <summary>
    /// Blocks other signals for a call that waits; the old ones come back after it, or after a handler.
    /// </summary>
    internal void SetForCall(ulong mask)
    {
        _maskToRestore ??= Blocked;
        Blocked = mask;
    }

    /// <summary>Ends <see cref="SetForCall"/>, where no handler does.</summary>
    internal void RestoreMask()
    {
        if (_maskToRestore is { } mask)
        {
            _maskToRestore = null;
            Blocked = mask;
        }
    }

    /// <summary>Makes a signal wait for the thread, and wakes it. Any thread.</summary>
    internal void Post(in SignalInfo info)
    {
        if (!thread.Process.Actions.Ignores(info.Number) || (Blocked & Signal.Bit(info.Number)) != 0)
        {
            _queue.Add(info);
            thread.Host.Signal(info.Number);
        }
    }

    /// <summary>
    /// An exception of the thread's own code: it cannot go on, so that a handler is called, or the process ends, though
    /// the signal be blocked or ignored.
    /// </summary>
    internal void Raise(in SignalInfo info)
    {
        if (thread.Process.Actions[info.Number].Handler <= SignalAction.Ignore
            || (Blocked & Signal.Bit(info.Number)) != 0)
        {
            thread.Process.End(info.Number);
            return;
        }

        _queue.Add(info);
        thread.Host.Signal(info.Number);
    }

    /// <summary>The next signal that is not blocked, or null.</summary>
    internal SignalInfo? TakeNext() => Take(~Blocked);

    /// <summary>Takes a signal of a set, whether it is blocked or not.</summary>
    internal SignalInfo? Take(ulong set)
    {
        if (!thread.Host.IsSignalPending(~set))
        {
            return null;
        }

        if (!_queue.TryTake(set, out SignalInfo info, out bool last))
        {
            return null;
        }

        if (last)
        {
            thread.Host.TakeSignal(info.Number);
        }

        return info;
    }

    /// <summary>Has the thread call a handler when it goes on.</summary>
    internal void Deliver(in SignalInfo info, in SignalAction action)
    {
        Span<ulong> gpr = thread.Registers.Gpr;
        ulong stack = gpr[StackPointer];
        bool onStack = Alternate.Holds(stack);
        if ((action.Flags & SignalAction.OnStack) != 0 && Alternate.Flags != AlternateStack.Disabled && !onStack)
        {
            stack = Alternate.Address + Alternate.Size;
        }

        ulong mask = _maskToRestore ?? Blocked;
        _maskToRestore = null;
        ulong frame = SignalFrame.Push(thread.Memory, thread.Registers, stack, info, mask, Alternate);
        if (frame == 0)
        {
            thread.Process.End(Signal.Segv);
            return;
        }

        gpr[FirstArgument] = (ulong)info.Number;
        gpr[FirstArgument + 1] = frame;
        gpr[FirstArgument + 2] = SignalFrame.ContextOf(frame);
        gpr[ReturnAddress] = thread.Process.SignalReturn;
        gpr[StackPointer] = frame;
        thread.Registers.Pc = action.Handler;
        Blocked |= action.Mask | ((action.Flags & SignalAction.NoDefer) == 0 ? Signal.Bit(info.Number) : 0);
    }

    /// <summary>
    /// rt_sigreturn: what was before the handler comes back; false if the frame is not there any more.
    /// </summary>
    internal bool Return()
    {
        if (!SignalFrame.TryPop(
            thread.Memory, thread.Registers.Gpr[StackPointer], thread.Registers, out ulong mask,
                out AlternateStack alternate))
        {
            return false;
        }

        Alternate = alternate with { Flags = alternate.Flags & AlternateStack.Disabled };
        Blocked = mask;
        return true;
    }
}
