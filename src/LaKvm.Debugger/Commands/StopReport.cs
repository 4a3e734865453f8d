using LaKvm.Cpu;
using LaKvm.Running;

namespace LaKvm.Debugger;

/// <summary>Says why the machine has stopped.</summary>
internal sealed class StopReport(SessionState state)
{
    private const int Interrupted = 2, Trapped = 5;

    /// <summary>The last report, for whoever asks again.</summary>
    internal string Last { get; private set; } = $"S{Trapped:x2}";

    /// <summary>A core has come to its end of a step, or to a breakpoint or watchpoint.</summary>
    internal string Stopped(CpuStop stop)
    {
        int process = state.ProcessOf(stop.Cpu);
        return Make(Trapped, process, stop.Cpu, Reason(stop, process));
    }

    /// <summary>The debugger has asked for it.</summary>
    internal string Paused(bool byInterrupt)
    {
        int cpu = state.Thread?.Cpu ?? 0;
        return Make(byInterrupt ? Interrupted : Trapped, state.ProcessOf(cpu), cpu, "");
    }

    private string Make(int signal, int process, int cpu, string reason)
    {
        state.General = new ThreadName(process, cpu + 1);
        Last = $"T{signal:x2}thread:{state.NameOf(process, cpu)};core:{cpu:x};{reason}";
        return Last;
    }

    private string Reason(CpuStop stop, int process)
    {
        switch (stop.Kind)
        {
            case CpuStopKind.Watchpoint:
                return Watched(stop.Address, process);
            case CpuStopKind.Breakpoint when state.KnowsBreakpointKinds:
                bool isHardware = state.Points.Any(entry => entry.Type == 1 && entry.Point.Address == stop.Address);
                return isHardware ? "hwbreak:;" : "swbreak:;";
            default:
                return "";
        }
    }

    private string Watched(ulong address, int process)
    {
        StopPoint? point = state.Points.Select(entry => (StopPoint?)entry.Point).FirstOrDefault(point =>
            point!.Value.Kind != StopPointKind.Execute && address - point.Value.Address < point.Value.Length);
        string kind = point?.Kind switch
        {
            StopPointKind.Read => "rwatch",
            StopPointKind.Access => "awatch",
            _ => "watch",
        };
        return $"{kind}:{address:x};";
    }
}
