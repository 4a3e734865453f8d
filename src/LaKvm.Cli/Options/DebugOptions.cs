using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LaKvm.Debugger;

namespace LaKvm.Cli;

/// <summary>Where debuggers are listened for, and whether the guest waits for one.</summary>
/// <param name="At">The address: an <see cref="IPEndPoint"/>, or a <see cref="UnixDomainSocketEndPoint"/>.</param>
/// <param name="Waits">Whether the guest's first instruction waits for a debugger's command.</param>
internal sealed record DebugOptions(EndPoint At, bool Waits)
{
    internal const string Name = "--gdb";

    private const string UnixPrefix = "unix:";

    /// <summary>Reads an address; without a host it is the loopback interface's.</summary>
    /// <exception cref="UserErrorException">It has another form, or the host has no address.</exception>
    internal static EndPoint Parse(string text)
    {
        if (text.StartsWith(UnixPrefix, StringComparison.Ordinal))
        {
            return Unix(text[UnixPrefix.Length..]);
        }

        int colon = text.LastIndexOf(':');
        if (!ushort.TryParse(
            text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            throw new UserErrorException($"{Name}: '{text}' is not [HOST:]PORT or unix:PATH.", ExitCode.Usage);
        }

        return new IPEndPoint(colon <= 0 ? IPAddress.Loopback : Address(text[..colon]), port);
    }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="UserErrorException">Nobody can listen there.</exception>
    internal GdbServer Listen()
    {
        try
        {
            return GdbServer.Listen(At);
        }
        catch (SocketException e)
        {
            throw new UserErrorException($"{Name}: nobody can listen on {At}: {e.Message}.");
        }
    }

    private static UnixDomainSocketEndPoint Unix(string path)
    {
        try
        {
            return new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentException)
        {
            throw new UserErrorException($"{Name}: '{path}' is no path that a socket can have.", ExitCode.Usage);
        }
    }

    private static IPAddress Address(string host)
    {
        try
        {
            return IPAddress.TryParse(host, out IPAddress? literal) ? literal : Dns.GetHostAddresses(host)[0];
        }
        catch (SocketException e)
        {
            throw new UserErrorException($"{Name}: '{host}' has no address: {e.Message}");
        }
    }
}

/// <summary>The options for debuggers.</summary>
internal sealed class DebugOptionGroup
{
    private readonly Option<EndPoint?> _at = ValueOption.Parsed<EndPoint?>(DebugOptions.Name, "[HOST:]PORT|unix:PATH",
        "Listen for gdb or lldb, on the loopback interface if no host is named", DebugOptions.Parse);

    private readonly Option<bool> _wait = new("--wait")
    {
        Description = $"Execute nothing until the debugger at {DebugOptions.Name} says so",
    };

    internal DebugOptionGroup() => _wait.Validators.Add(result =>
    {
        if (result.GetResult(_at) == null && result.GetValue(_wait))
        {
            result.AddError($"--wait: there is no debugger to wait for; {DebugOptions.Name} says where it comes.");
        }
    });

    /// <summary>All of them.</summary>
    internal Option[] Options => [_at, _wait];

    /// <summary>Their values; null if no debugger is listened for.</summary>
    internal DebugOptions? Bind(ParseResult result) =>
        result.GetValue(_at) is { } at ? new(at, result.GetValue(_wait)) : null;
}
