namespace LaKvm.Debugger;

/// <summary>
/// How packets name threads: <c>pPID.TID</c> in hexadecimal, 0 for any one, -1 for all; without a process by debuggers
/// that know only one.
/// </summary>
/// <param name="Process">Number from 1, 0 for any, -1 for all.</param>
/// <param name="Thread">Number from 1, 0 for any, -1 for all.</param>
internal readonly record struct ThreadName(int Process, int Thread)
{
    internal const int Any = 0, All = -1;

    /// <summary>Reads a name; <paramref name="process"/> is the one that is meant if none is named.</summary>
    internal static bool TryParse(ReadOnlySpan<char> text, int process, out ThreadName name)
    {
        name = default;
        if (!text.StartsWith("p"))
        {
            bool isThread = TryNumber(text, out int alone);
            name = new ThreadName(process, alone);
            return isThread;
        }

        int dot = text.IndexOf('.');
        bool ok = TryNumber(dot < 0 ? text[1..] : text[1..dot], out int number);
        int thread = All;
        ok &= dot < 0 || TryNumber(text[(dot + 1)..], out thread);
        name = new ThreadName(number, thread);
        return ok;
    }

    /// <summary>Whether it means a thread.</summary>
    internal bool Matches(int process, int thread) =>
        (Process <= 0 || Process == process) && (Thread <= 0 || Thread == thread);

    private static bool TryNumber(ReadOnlySpan<char> text, out int number)
    {
        number = All;
        if (text is "-1")
        {
            return true;
        }

        bool ok = Hex.TryNumber(text, out ulong value) && value < int.MaxValue;
        number = (int)value;
        return ok;
    }
}
