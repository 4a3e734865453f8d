using LaKvm.Debugger;
using Microsoft.Extensions.Logging;

namespace LaKvm.Cli;

/// <summary>Shows a run's machines, one after another, to whatever debugger comes.</summary>
internal sealed class GuestDebugger : IDisposable
{
    private readonly GdbServer _server;
    private bool _waits;
    private bool _isStarted;

    private GuestDebugger(GdbServer server, bool waits) => (_server, _waits) = (server, waits);

    /// <summary>Begins to listen, if the user wants that.</summary>
    /// <exception cref="UserErrorException">Nobody can listen there.</exception>
    internal static GuestDebugger? Create(DebugOptions? options, ILogger log)
    {
        if (options == null)
        {
            return null;
        }

        GdbServer server = options.Listen();
        if (log.IsEnabled(LogLevel.Information))
        {
            log.LogInformation("Debuggers are listened for on {Address}", server.EndPoint);
        }

        return new GuestDebugger(server, options.Waits);
    }

    /// <summary>A machine is there, which does not run yet.</summary>
    internal void Attach(IGuest guest)
    {
        _server.Adopt(guest.CreateDebugView());
        if (_waits)
        {
            guest.Life.Pause();
            _waits = false;
        }

        if (!_isStarted)
        {
            _server.Start();
            _isStarted = true;
        }
    }

    /// <summary>The machine has ended.</summary>
    internal void Detach() => _server.Adopt(null);

    /// <summary>There will be no other machine.</summary>
    internal void Finish(int exitCode) => _server.Finish(exitCode);

    /// <inheritdoc/>
    public void Dispose() => _server.Dispose();
}
