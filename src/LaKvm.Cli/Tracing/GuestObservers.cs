using LaKvm.Cpu;
using LaKvm.Debugger.Logging;
using LaKvm.Diagnostics;
using LaKvm.Hypervisor;
using LaKvm.Ioctl;
using LaKvm.Vmm;

namespace LaKvm.Cli;

/// <summary>
/// What looks at a virtual machine's exits for the user: the statistics of --stat and the file of --trace. They live as
/// long as the process, so that a guest that resets goes on in the same table and file.
/// </summary>
internal sealed class GuestObservers : IDisposable
{
    private readonly StatReporter? _statistics;
    private readonly TraceFile? _trace;
    private readonly GuestLog? _log;
    private readonly bool _samples;

    /// <summary>Opens the files; <paramref name="failed"/> is told what becomes of them.</summary>
    /// <exception cref="UserErrorException">One cannot be written.</exception>
    public GuestObservers(GuestOptions options, Action<string> failed)
    {
        Sampler = new ExitSampler(options.Cpus);
        _samples = options.Doors.HasHttp;
        string unit = options.IsVirtual ? "vCPU" : "core";
        _statistics = options.Stat == null ? null : new StatReporter(
            options.Stat.Path, options.Cpus, unit);
        _trace = options.Trace == null ? null : new TraceFile(
            options.Trace, options.TraceExits, options.Cpus, unit);
        _log = options.EventLog.IsWanted && !options.ChecksEngine ? new GuestLog(options.EventLog, failed) : null;
    }

    /// <summary>Counts exits for whoever asks.</summary>
    internal ExitSampler Sampler { get; }

    /// <summary>The log of what the guest does, if there is one.</summary>
    internal EventLog? Log => _log?.Events;

    /// <summary>
    /// What makes a core's engine, with all that looks at cores; the machine's kernel has these symbols. Without any it
    /// is what was given.
    /// </summary>
    internal Func<Core, IExecutionEngine> Watch(Func<Core, IExecutionEngine> create, ISymbols? symbols) =>
        _log?.Watch(create, symbols) ?? create;

    /// <summary>
    /// Watches a machine, whose kernel has these symbols, until what is returned is disposed of, which comes before the
    /// machine's own end.
    /// </summary>
    internal IDisposable Attach(HostProcess process, VirtualMachine machine, ISymbols? symbols)
    {
        IDisposable?[] attached =
        [
            _statistics?.Attach(process, machine, symbols), _trace?.Attach(machine.Vm, symbols),
            _log == null ? null : VmLog.Attach(_log.Events, machine.Vm),
            _samples ? Sampler.Attach(exits => exits.Attach(machine.Vm)) : null,
        ];
        return new Attachment(attached);
    }

    /// <summary>
    /// Watches the guests of whatever hypervisor runs on a bare machine's cores, until what is returned is disposed of.
    /// </summary>
    internal IDisposable Attach(IReadOnlyList<Core> cores)
    {
        if (_statistics == null && _trace == null && !_samples)
        {
            return new Attachment([]);
        }

        var tracer = new KvmTracer();
        var exits = new CoreExits(tracer);
        foreach (Core core in cores)
        {
            core.Debug.Observe(exits);
        }

        return new Attachment(
        [
            _statistics?.Attach(tracer), _trace?.Attach(tracer),
            _samples ? Sampler.Attach(counted => counted.Attach(tracer)) : null,
        ]);
    }

    /// <summary>Shows the statistics now: the user has asked for them. False if there are none.</summary>
    internal bool ShowStatistics()
    {
        _statistics?.ShowNow();
        return _statistics != null;
    }

    /// <summary>Writes the summary and the end of the trace.</summary>
    public void Dispose()
    {
        _log?.Dispose();
        _trace?.Dispose();
        _statistics?.Dispose();
    }

    private sealed class Attachment(IDisposable?[] parts) : IDisposable
    {
        public void Dispose()
        {
            foreach (IDisposable? part in parts)
            {
                part?.Dispose();
            }
        }
    }
}
