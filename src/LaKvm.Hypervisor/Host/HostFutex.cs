using System.Runtime.InteropServices;

namespace LaKvm.Hypervisor;

/// <summary>
/// Sleeping until another thread changes a word, with nanosecond timeouts: a guest's timer may be due in microseconds,
/// and .NET's own waits count milliseconds.
/// </summary>
internal static unsafe partial class HostFutex
{
    private const int WaitPrivate = 128, WakePrivate = 129;

    private static readonly nint Number = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 202 : 98;

    /// <summary>Sleeps while the word is <paramref name="expected"/>, at most <paramref name="nanoseconds"/> (-1: no limit).</summary>
    internal static void Wait(int* word, int expected, long nanoseconds)
    {
        TimeSpec timeout = new(nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
        _ = Syscall(Number, word, WaitPrivate, expected, nanoseconds < 0 ? null : &timeout);
    }

    /// <summary>Wakes all sleepers.</summary>
    internal static void WakeAll(int* word) => _ = Syscall(Number, word, WakePrivate, int.MaxValue, null);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint Syscall(nint number, int* word, int operation, int value, TimeSpec* timeout);

    private readonly record struct TimeSpec(long Seconds, long Nanoseconds);
}
