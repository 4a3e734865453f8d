using System.Diagnostics;
using System.Runtime.InteropServices;
using LaKvm.Hypervisor;
using LaKvm.Linux;

namespace LaKvm.User;

/// <summary>Calls about time.</summary>
internal static class TimeGroup
{
    private const ulong Second = 1_000_000_000;
    private const int RealTime = 0, MonotonicClock = 1, ProcessTime = 2, ThreadTime = 3, LastClock = 11;
    private const int Absolute = 1;

    /// <summary>Nanoseconds of CLOCK_MONOTONIC.</summary>
    internal static ulong Monotonic => (ulong)Stopwatch.GetTimestamp() * (Second / (ulong)Stopwatch.Frequency);

    internal static void AddTo(CallTable table)
    {
        table.Add("clock_gettime", (UserThread t, in CallArguments a) =>
            !IsClock(a.Int(0)) ? Fail.Inval : Write(t, a[1], Read(a.Int(0))));
        table.Add("clock_getres", (UserThread t, in CallArguments a) =>
            !IsClock(a.Int(0)) ? Fail.Inval : a[1] == 0 ? 0 : Write(t, a[1], 1));
        table.Add("gettimeofday", TimeOfDay);
        table.Add("nanosleep", (UserThread t, in CallArguments a) => Sleep(t, MonotonicClock, 0, a[0], a[1]));
        table.Add("clock_nanosleep", (UserThread t, in CallArguments a) =>
            !IsClock(a.Int(0)) ? Fail.Inval : Sleep(t, a.Int(0), a.Int(1), a[2], a[3]));
        table.Add("setitimer", SetInterval);
        table.Add("getitimer", (UserThread t, in CallArguments a) =>
            a.Int(0) != 0 ? Fail.Inval : WriteInterval(t, a[1], t.Process.Timers.Get()));
        table.Add("times", (UserThread t, in CallArguments a) =>
            a[0] == 0 || HostMemoryAccess.CopyTo(t.Memory, a[0], new byte[32])
            ? (long)(Monotonic / (Second / 100)) : Fail.Fault);
    }

    /// <summary>
    /// The time on the machine's clock at which a relative timespec is over; none for a null pointer. A negative error
    /// number if it is bad.
    /// </summary>
    internal static long TryDeadline(UserThread thread, ulong address, out ulong? deadline)
    {
        deadline = null;
        if (address == 0)
        {
            return 0;
        }

        long error = TryRead(thread, address, out ulong nanoseconds);
        deadline = SaturatingAdd(Monotonic, nanoseconds);
        return error;
    }

    /// <summary>The time on the machine's clock of a time on one of Linux's.</summary>
    internal static ulong ToMonotonic(int clock, ulong time)
    {
        ulong now = Read(clock);
        return time <= now ? 0 : SaturatingAdd(Monotonic, time - now);
    }

    /// <summary>Reads a timespec as nanoseconds.</summary>
    internal static long TryRead(UserThread thread, ulong address, out ulong nanoseconds)
    {
        nanoseconds = 0;
        if (!thread.Memory.TryRead(address, out long seconds) || !thread.Memory.TryRead(address + 8, out long part))
        {
            return Fail.Fault;
        }

        if (seconds < 0 || part is < 0 or >= (long)Second)
        {
            return Fail.Inval;
        }

        nanoseconds = (ulong)seconds > long.MaxValue / Second ? long.MaxValue : ((ulong)seconds * Second) + (ulong)part;
        return 0;
    }

    private static ulong SaturatingAdd(ulong a, ulong b) => a + b < a ? ulong.MaxValue : a + b;

    private static bool IsClock(int clock) => clock is >= 0 and <= LastClock;

    private static ulong Read(int clock) => clock switch
    {
        RealTime or 5 or 8 or 11 => (ulong)(DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100,
        ProcessTime or ThreadTime => (ulong)Environment.CpuUsage.TotalTime.Ticks * 100,
        _ => Monotonic,
    };

    private static long Write(UserThread thread, ulong address, ulong nanoseconds) =>
        thread.Memory.TryWrite(address, nanoseconds / Second)
            && thread.Memory.TryWrite(address + 8, nanoseconds % Second)
            ? 0 : Fail.Fault;

    private static long TimeOfDay(UserThread thread, in CallArguments a)
    {
        ulong now = Read(RealTime);
        return a[0] == 0 || (thread.Memory.TryWrite(a[0], now / Second)
            && thread.Memory.TryWrite(a[0] + 8, now % Second / 1000)) ? 0 : Fail.Fault;
    }

    private static long Sleep(UserThread thread, int clock, int flags, ulong address, ulong left)
    {
        long error = TryRead(thread, address, out ulong time);
        if (error < 0)
        {
            return error;
        }

        bool absolute = (flags & Absolute) != 0;
        ulong end = absolute ? ToMonotonic(clock, time) : SaturatingAdd(Monotonic, time);
        if (thread.Wait(() => null, end) == null)
        {
            return 0;
        }

        // A sleep for some time that a handler interrupts ends; one up to a time begins anew.
        ulong now = Monotonic;
        return absolute ? Fail.RestartWithoutHandler
            : left != 0 && Write(thread, left, end > now ? end - now : 0) < 0 ? Fail.Fault : Fail.Intr;
    }

    private static long SetInterval(UserThread thread, in CallArguments a)
    {
        long[] value = new long[4]; // interval, then value: seconds and microseconds
        if (a.Int(0) != 0)
        {
            return Fail.Inval;
        }

        if (a[1] != 0 && !HostMemoryAccess.CopyFrom(thread.Memory, a[1], MemoryMarshal.AsBytes(value.AsSpan())))
        {
            return Fail.Fault;
        }

        (long, long) old =
            thread.Process.Timers.Set((value[2] * 1_000_000) + value[3], (value[0] * 1_000_000) + value[1]);
        return a[2] == 0 ? 0 : WriteInterval(thread, a[2], old);
    }

    private static long WriteInterval(UserThread thread, ulong address, (long Left, long Interval) timer)
    {
        long[] value =
            [timer.Interval / 1_000_000, timer.Interval % 1_000_000, timer.Left / 1_000_000, timer.Left % 1_000_000];
        return HostMemoryAccess.CopyTo(thread.Memory, address, MemoryMarshal.AsBytes(value.AsSpan())) ? 0 : Fail.Fault;
    }
}
