using LaKvm.Cpu;

namespace LaKvm.Debugger;

/// <summary>
/// Breakpoints and watchpoints. All are the machine's: software breakpoints, too, which a debugger would else write
/// into the guest's memory. They count from when the machine next goes on.
/// </summary>
internal sealed class StopPointCommands(SessionState state)
{
    private const int MostPoints = 4096;

    internal void AddTo(CommandTable table)
    {
        table.Add("Z", arguments => Parse(arguments) is { } entry ? Add(entry) : Reply.Unknown);
        table.Add("z", arguments => Parse(arguments) is { } entry ? Remove(entry) : Reply.Unknown);
    }

    private Reply Add(StopPointEntry entry)
    {
        if (state.Points.Count >= MostPoints)
        {
            return Reply.Fail($"there are {MostPoints} breakpoints and watchpoints already");
        }

        state.Add(entry);
        return Reply.Ok;
    }

    private Reply Remove(StopPointEntry entry)
    {
        state.Remove(entry);
        return Reply.Ok;
    }

    /// <summary>TYPE,ADDRESS,KIND, and conditions, which the debugger looks at itself.</summary>
    private StopPointEntry? Parse(string arguments)
    {
        string[] parts = arguments.Split(';')[0].Split(',');
        if (parts.Length != 3 || !Hex.TryNumber(parts[0], out ulong type) || type > 4
            || !Hex.TryNumber(parts[1], out ulong address) || !Hex.TryNumber(parts[2], out ulong length)
            || state.FindProcess(state.Process) is not { } process)
        {
            return null;
        }

        StopPointKind kind = type switch
        {
            2 => StopPointKind.Write,
            3 => StopPointKind.Read,
            4 => StopPointKind.Access,
            _ => StopPointKind.Execute,
        };
        ulong size = kind == StopPointKind.Execute ? sizeof(uint) : Math.Max(length, 1);
        return new StopPointEntry(state.Process, (int)type, new StopPoint(kind, address, size, process.IsGuest));
    }
}
