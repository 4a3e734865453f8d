using System.Runtime.InteropServices;

namespace LaKvm.Linux;

/// <summary>Calls about the process itself and its threads.</summary>
public static partial class ProcessCalls
{
    private const int SetTimerSlack = 29;

    [ThreadStatic] private static bool _isPunctual;

    /// <summary>
    /// By default the kernel may wake a thread 50 us late, to save wake-ups; this thread wants none of that.
    /// </summary>
    public static void BePunctual()
    {
        if (!_isPunctual)
        {
            _ = ProcessControl(SetTimerSlack, 1, 0, 0, 0);
            _isPunctual = true;
        }
    }

    /// <summary>Ends the process at once: no thread is waited for, nothing is flushed.</summary>
    [LibraryImport("libc", EntryPoint = "_exit")]
    public static partial void ExitNow(int code);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    internal static partial int ProcessControl(int option, nuint first, nuint second, nuint third, nuint fourth);
}
