using LaKvm.Cpu;
using LaKvm.Debugger.Logging;
using LaKvm.Diagnostics;

namespace LaKvm.Cli;

/// <summary>The log of --log, through all resets of the guest.</summary>
internal sealed class GuestLog : IDisposable
{
    private const int BufferBytes = 1 << 16;

    private readonly EventLogOptions _options;
    private bool _isShown;

    /// <summary>Opens the output; <paramref name="failed"/> is told why nothing more can be written.</summary>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    internal GuestLog(EventLogOptions options, Action<string> failed)
    {
        _options = options;
        Stream stream = options.Output == null
            ? Console.OpenStandardError()
            : new FileStream(
                FileChecks.OpenForWriting(EventLogOptions.OutputName, options.Output), FileAccess.Write, 0);
        Events = new EventLog(new StreamWriter(stream, bufferSize: BufferBytes),
            reason => failed($"{EventLogOptions.Name}: nothing more can be written: {reason}"));
    }

    /// <summary>The log.</summary>
    internal EventLog Events { get; }

    /// <summary>What makes engines that log; the code that they execute has these symbols.</summary>
    /// <exception cref="UserErrorException">The log is about a symbol that is not there.</exception>
    internal Func<Core, IExecutionEngine> Watch(Func<Core, IExecutionEngine> create, ISymbols? symbols)
    {
        Events.UseSymbols(symbols);
        if (!_isShown)
        {
            Show();
            _isShown = true;
        }

        return core => new LoggingEngine(core, create(core), Events);
    }

    /// <inheritdoc/>
    public void Dispose() => Events.Dispose();

    private void Show()
    {
        try
        {
            Events.Show(_options.Rules);
        }
        catch (FormatException e)
        {
            throw new UserErrorException($"{EventLogOptions.Name}: {e.Message}.");
        }
    }
}
