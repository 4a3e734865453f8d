using System.Net.Sockets;
using LaKvm.Debugger.Tests;

namespace LaKvm.Cli.Tests;

/// <summary>--gdb and --wait, as a debugger finds them.</summary>
public sealed class DebuggerTests : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly string _socket = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
    private readonly TestKernel _kernel = new("again:\n" + TestKernel.Print("x") + TestKernel.PowerOff);

    public void Dispose()
    {
        _kernel.Dispose();
        File.Delete(_socket);
    }

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    public void Machine_waits_for_its_debugger_and_tells_it_of_the_end(string mode)
    {
        using LakvmProcess lakvm = Start(mode, "--wait");
        using RspClient gdb = Connect();
        gdb.Begin().Should().StartWith("T05thread:p1.1;core:0;");
        gdb.ReadRegister(33).Should().Be(0x20_0000);
        lakvm.Output.Should().BeEmpty();

        gdb.Ask("vCont;c").Should().Be("W00");

        lakvm.WaitForExit(_patience).ExitCode.Should().Be(0);
        lakvm.Output.Should().Be("x");
    }

    [Fact]
    public void Debugger_that_kills_ends_the_process()
    {
        using LakvmProcess lakvm = Start("host", "--wait");
        using RspClient gdb = Connect();
        gdb.Begin();
        gdb.Ask("vKill;1").Should().Be("OK");

        lakvm.WaitForExit(_patience).ExitCode.Should().Be(0);
    }

    [Fact]
    public void Socket_that_a_process_has_left_is_in_nobody_s_way()
    {
        using (LakvmProcess first = Start("host", "--wait"))
        {
            Connect().Dispose();
            first.Signal(9);
            first.WaitForExit(_patience);
        }

        using LakvmProcess second = Start("host", "--wait");
        using RspClient gdb = Connect();
        gdb.Begin().Should().StartWith("T05");
    }

    [Fact]
    public void Address_in_use_is_one_sentence()
    {
        using var other = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        other.Bind(new UnixDomainSocketEndPoint(_socket));
        other.Listen();

        (int code, _, string errors) = LakvmProcess.Run("host", "--kernel", _kernel.Path, "--gdb", $"unix:{_socket}");

        code.Should().Be(ExitCode.Failure);
        errors.Should().Contain($"--gdb: nobody can listen on {_socket}:");
    }

    private LakvmProcess Start(string mode, params string[] more) =>
        new([mode, "--kernel", _kernel.Path, "--memory", "64", "--gdb", $"unix:{_socket}", .. more]);

    private RspClient Connect()
    {
        RspClient? client = null;
        SpinWait.SpinUntil(() => TryConnect(out client), _patience).Should().BeTrue("somebody listens");
        return client!;
    }

    private bool TryConnect(out RspClient? client)
    {
        try
        {
            client = new RspClient(new UnixDomainSocketEndPoint(_socket));
            return true;
        }
        catch (SocketException)
        {
            client = null;
            return false;
        }
    }
}
