using System.Runtime.InteropServices;
using LaKvm.Hypervisor;
using LaKvm.Ioctl;
using LaKvm.Linux;

namespace LaKvm.User;

/// <summary>Calls that wait for files, and files that are made to be waited for.</summary>
internal static class PollGroup
{
    private const int CloseOnExec = FileCalls.CloseOnExec, NonBlocking = 0x800;
    private const short Invalid = 0x20; // POLLNVAL

    internal static void AddTo(CallTable table)
    {
        table.Add("ppoll", Poll);
        table.Add("eventfd2", CreateEvent);
        table.Add("signalfd4", CreateSignalFile);
        table.Add("epoll_create1", CreatePoll);
        table.Add("epoll_ctl", ChangePoll);
        table.Add("epoll_pwait", (UserThread t, in CallArguments a) => WaitPoll(t, a, Milliseconds(t, a.Int(3))));
        table.Add("epoll_pwait2", (UserThread t, in CallArguments a) =>
            TimeGroup.TryDeadline(t, a[3], out ulong? deadline) is var error && error < 0 ? error
                : WaitPoll(t, a, deadline));
        table.Add("timerfd_create", CreateTimer);
        table.Add("timerfd_settime", SetTimer);
        table.Add("timerfd_gettime", GetTimer);
    }

    private static long Poll(UserThread thread, in CallArguments a)
    {
        if (a[1] > DescriptorTable.Limit)
        {
            return Fail.Inval;
        }

        var polls = new PollDescriptor[(int)a[1]];
        Span<byte> bytes = MemoryMarshal.AsBytes(polls.AsSpan());
        if (!thread.Memory.CopyFrom(a[0], bytes))
        {
            return Fail.Fault;
        }

        long error = TimeGroup.TryDeadline(thread, a[2], out ulong? deadline);
        if (error < 0 || (error = SignalGroup.SetMaskForCall(thread, a[3], a[4])) < 0)
        {
            return error;
        }

        long result = WaitFor(thread, polls, deadline);
        return result >= 0 && !thread.Memory.CopyTo(a[0], bytes) ? Fail.Fault
            : result == Fail.Restart ? Fail.RestartWithoutHandler : result;
    }

    private static long WaitFor(UserThread thread, PollDescriptor[] polls, ulong? deadline)
    {
        var files = new Descriptor?[polls.Length];
        var waits = new PollDescriptor[polls.Length + 1];
        for (int i = 0; i < polls.Length; i++)
        {
            files[i] = polls[i].Fd < 0 ? null : thread.Process.Host.Descriptors.Hold(polls[i].Fd);
            waits[i] = new PollDescriptor { Fd = (files[i] as UserFile)?.Number ?? -1, Events = polls[i].Events };
        }

        try
        {
            return thread.WaitFor(() => Look(polls, files), deadline, waits) ?? 0;
        }
        finally
        {
            foreach (Descriptor? file in files)
            {
                file?.Drop();
            }
        }
    }

    /// <summary>How many files have something; null for none.</summary>
    private static long? Look(PollDescriptor[] polls, Descriptor?[] files)
    {
        long ready = 0;
        for (int i = 0; i < polls.Length; i++)
        {
            polls[i].Returned = polls[i].Fd < 0 ? (short)0 : files[i] switch
            {
                null => Invalid,
                UserFile file => file.ReadyEvents(polls[i].Events),
                _ => (short)0,
            };
            ready += polls[i].Returned != 0 ? 1 : 0;
        }

        return ready != 0 ? ready : null;
    }

    private static long CreateEvent(UserThread thread, in CallArguments a)
    {
        long result = EventFile.Create(a.UInt(0), a.Int(1), out EventFile? file);
        return file == null ? result : FileGroup.Install(thread, file, (a.Int(1) & CloseOnExec) != 0);
    }

    private static long CreateSignalFile(UserThread thread, in CallArguments a)
    {
        if (a[2] != sizeof(ulong) || (a.Int(3) & ~(CloseOnExec | NonBlocking)) != 0)
        {
            return Fail.Inval;
        }

        if (!thread.Memory.TryRead(a[1], out ulong set))
        {
            return Fail.Fault;
        }

        set &= ~Signal.Unblockable;
        if (a.Int(0) == -1)
        {
            long ready = DescriptorCalls.CreateEvent(0, CloseOnExec | NonBlocking);
            return ready < 0 ? ready : FileGroup.Install(
                thread, new SignalFile(thread.Process, (int)ready, set, a.Int(3)), (a.Int(3) & CloseOnExec) != 0);
        }

        long fd = a.Int(0);
        return FileGroup.With(thread, a, (UserFile file, in CallArguments _) =>
        {
            if (file is not SignalFile signals)
            {
                return Fail.Inval;
            }

            signals.Set = set;
            signals.Refresh();
            return fd;
        });
    }

    private static long CreatePoll(UserThread thread, in CallArguments a)
    {
        if ((a.Int(0) & ~CloseOnExec) != 0)
        {
            return Fail.Inval;
        }

        long poll = DescriptorCalls.CreatePoll();
        return poll < 0 ? poll : FileGroup.Install(thread, new PollFile((int)poll), (a.Int(0) & CloseOnExec) != 0);
    }

    private static long ChangePoll(UserThread thread, in CallArguments a)
    {
        const int delete = 2;
        uint events = 0;
        ulong data = 0;
        if (a.Int(1) != delete
            && (!thread.Memory.TryRead(a[3], out events) || !thread.Memory.TryRead(a[3] + 8, out data)))
        {
            return Fail.Fault;
        }

        if (thread.Process.Host.Descriptors.Hold(a.Int(2)) is not { } held)
        {
            return Fail.BadF;
        }

        using var reference = new Reference<Descriptor>(held);
        int operation = a.Int(1);
        return FileGroup.With(thread, a, (UserFile file, in CallArguments _) => file is PollFile poll
            ? held is UserFile watched ? poll.Change(operation, watched, events, data) : Fail.Perm
            : Fail.Inval);
    }

    private static long WaitPoll(UserThread thread, in CallArguments a, ulong? deadline)
    {
        const int most = 4096, size = 16;
        if (a.Int(2) <= 0)
        {
            return Fail.Inval;
        }

        long error = SignalGroup.SetMaskForCall(thread, a[4], a[5]);
        if (error < 0)
        {
            return error;
        }

        var events = new PollEvent[Math.Min(a.Int(2), most)];
        ulong address = a[1];
        return FileGroup.With(thread, a, (UserFile file, in CallArguments _) =>
        {
            if (file is not PollFile poll)
            {
                return Fail.Inval;
            }

            long count = poll.Wait(thread, events, deadline);
            for (int i = 0; i < count; i++)
            {
                ulong at = address + (ulong)(i * size);
                if (!thread.Memory.TryWrite(at, (ulong)events[i].Events)
                    || !thread.Memory.TryWrite(at + 8, events[i].Data))
                {
                    return Fail.Fault;
                }
            }

            return count == Fail.Restart ? Fail.Intr : count;
        });
    }

    private static ulong? Milliseconds(UserThread thread, int milliseconds) =>
        milliseconds < 0 ? null : thread.Process.Kernel.Now + ((ulong)milliseconds * 1_000_000);

    private static long CreateTimer(UserThread thread, in CallArguments a)
    {
        long fd = DescriptorCalls.CreateTimer(a.Int(0), a.Int(1) | CloseOnExec);
        return fd < 0 ? fd : FileGroup.Install(
            thread, new HostFile((int)fd, "anon_inode:[timerfd]"), (a.Int(1) & CloseOnExec) != 0);
    }

    private static long SetTimer(UserThread thread, in CallArguments a)
    {
        long[] time = new long[4], old = new long[4];
        if (!thread.Memory.CopyFrom(a[2], MemoryMarshal.AsBytes(time.AsSpan())))
        {
            return Fail.Fault;
        }

        int flags = a.Int(1);
        long result = FileGroup.With(thread, a, (UserFile file, in CallArguments _) =>
            file is HostFile timer ? DescriptorCalls.SetTimer(timer.Number, flags, time, old) : Fail.Inval);
        return result >= 0 && a[3] != 0 && !thread.Memory.CopyTo(a[3], MemoryMarshal.AsBytes(old.AsSpan())) ? Fail.Fault
            : result;
    }

    private static long GetTimer(UserThread thread, in CallArguments a)
    {
        long[] time = new long[4];
        long result = FileGroup.With(thread, a, (UserFile file, in CallArguments _) =>
            file is HostFile timer ? DescriptorCalls.GetTimer(timer.Number, time) : Fail.Inval);
        return result >= 0 && !thread.Memory.CopyTo(a[1], MemoryMarshal.AsBytes(time.AsSpan())) ? Fail.Fault : result;
    }
}
