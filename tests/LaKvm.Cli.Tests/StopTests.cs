using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace LaKvm.Cli.Tests;

/// <summary>A stop is bounded, whatever the program waits for.</summary>
public sealed class StopTests : IDisposable
{
    private const string Flood = "4: ori $t0, $zero, 'y'\nst.b $t0, $s0, 0\nb 4b\n";

    // Two seconds for the program, and one for a computer that has other things to do.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(3);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lakvm-stop-");

    // Kept from being collected, which would close them.
    private readonly List<Socket> _waiting = [];

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Signal_ends_a_program_that_waits_for_what_never_comes()
    {
        using var kernel = new TestKernel("7: cpucfg $t1, $zero\n" + Flood.Replace("b 4b", "b 7b"));
        using Socket listener = FullListener(out int port);
        string pipe = Path.Combine(_directory.FullName, "pipe"), fifo = Path.Combine(_directory.FullName, "fifo");

        // Open at both ends and full: whoever writes waits for ever. The other pipe is open at no end at all.
        string prepare = $"mkfifo {pipe}$$ {fifo}$$; exec 3<>{pipe}$$; head -c 65536 /dev/zero >&3;";
        string[] commands =
        [
            $"host --kernel {kernel.Path} >&3",
            $"run --kernel {kernel.Path} --cpus 2 >&3",
            $"run --kernel {kernel.Path} --trace {pipe}$$ >/dev/null",
            $"run --kernel {kernel.Path} --stat {pipe}$$ >/dev/null",
            $"run --kernel {kernel.Path} --stat >&3 2>&3",
            $"host --kernel {fifo}$$",
            $"run --kernel {fifo}$$",
            $"run --kernel {kernel.Path} --initrd {fifo}$$",
            $"run --kernel {kernel.Path} --trace {fifo}$$",
            $"run --kernel {kernel.Path} --stat {fifo}$$",
            $"run --kernel {kernel.Path} --netdev tcp=127.0.0.1:{port}",
            $"host --kernel {kernel.Path} --netdev tcp=127.0.0.1:{port}",
        ];
        foreach (string command in commands)
        {
            using LakvmProcess lakvm = LakvmProcess.OfShell($"{prepare} exec $lakvm {command}");
            Thread.Sleep(1000);

            var watch = Stopwatch.StartNew();
            lakvm.Signal(15);
            int exitCode = lakvm.WaitForExit(TimeSpan.FromSeconds(30)).ExitCode;

            (watch.Elapsed < Bound, exitCode).Should().Be((true, 143), "{0} took {1}", command, watch.Elapsed);
        }
    }

    [Theory]
    [InlineData("$lakvm host --kernel {0} >&3")]
    [InlineData("$lakvm run --kernel {0} >&3 2>&3")]
    [InlineData("$lakvm run --kernel {0} --netdev tcp=127.0.0.1:{1}")]
    public void Escape_key_ends_a_program_that_waits_for_what_never_comes(string command)
    {
        using var kernel = new TestKernel(Flood);
        using Socket listener = FullListener(out int port);
        string pipe = Path.Combine(_directory.FullName, "pipe");
        using LakvmProcess terminal = LakvmProcess.OnTerminal(
            $"mkfifo {pipe}; exec 3<>{pipe}; head -c 65536 /dev/zero >&3; " + string.Format(command, kernel.Path, port)
            + "; echo code $?; stty -a | grep -ow -e '-\\?icanon' -e '-\\?echo'");
        Thread.Sleep(2000);

        // More than a serial port's buffer that no guest reads, the help that nobody can read, and then the wish to
        // leave.
        var watch = Stopwatch.StartNew();
        terminal.Type(new string('k', 100) + "\u0001h\u0001s\u0001x");

        terminal.Expect("code 0", Bound);
        (_, string output, _) = terminal.WaitForExit(TimeSpan.FromSeconds(30));
        output.Should().Contain("icanon").And.NotContain("-icanon").And.NotContain("-echo");
    }

    [Fact]
    public void Terminal_that_nobody_reads_is_given_back_after_a_signal()
    {
        using var kernel = new TestKernel(Flood);
        string pid = Path.Combine(_directory.FullName, "pid"), ended = Path.Combine(_directory.FullName, "ended");
        using LakvmProcess terminal = LakvmProcess.OnTerminal(
            $"sh -c \"echo \\$\\$ >{pid}; exec $lakvm host --kernel {kernel.Path}\"; stty -a >{ended}.tmp; mv "
            + $"{ended}.tmp {ended}");
        terminal.Expect("yyyy", TimeSpan.FromSeconds(30));
        terminal.Signal(19); // who shows the terminal stops, as a connection does that hangs
        Thread.Sleep(1000);

        var watch = Stopwatch.StartNew();
        Process.Start("kill", ["-15", File.ReadAllText(pid).Trim()]).WaitForExit();
        SpinWait.SpinUntil(() => File.Exists(ended), TimeSpan.FromSeconds(30)).Should().BeTrue();

        watch.Elapsed.Should().BeLessThan(Bound);
        File.ReadAllText(ended).Should().Contain(" icanon").And.NotContain("-icanon").And.NotContain("-echo ");
        terminal.Signal(9);
    }

    /// <summary>A listener that lets further connections wait.</summary>
    private Socket FullListener(out int port)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        for (int n = 0; n < 4; n++)
        {
            var waiting = new Socket(
                AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            _waiting.Add(waiting);
            try
            {
                waiting.Connect(IPAddress.Loopback, port);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
            {
                // It is on its way, or waits.
            }
        }

        return listener;
    }
}
