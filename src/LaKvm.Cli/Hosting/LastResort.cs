using LaKvm.Linux;

namespace LaKvm.Cli;

/// <summary>
/// The end of a process that was asked to end and does not: something it waits for (a terminal or pipe that nobody
/// reads, a connection, a disk) may never come, and no stop in order can be had without it.
/// </summary>
internal static class LastResort
{
    /// <summary>How long the stop in order may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.2);

    private static int _armed;

    /// <summary>Raised just before the end; handlers must not wait for anybody.</summary>
    internal static event Action? Leaving;

    /// <summary>From here on the process has little time left; the first call counts.</summary>
    /// <param name="exitCode">Its exit code if it does not end by itself.</param>
    internal static void Arm(int exitCode)
    {
        if (Interlocked.Exchange(ref _armed, 1) == 0)
        {
            new Thread(() => End(exitCode)) { Name = "last resort", IsBackground = true }.Start();
        }
    }

    private static void End(int exitCode)
    {
        Thread.Sleep(Patience);
        Leaving?.Invoke();
        ProcessCalls.ExitNow(exitCode);
    }
}
