using System.Diagnostics;

namespace LaKvm.Cli.Tests.Attacks;

/// <summary>How a guest is run and ended.</summary>
/// <param name="Command">host or run.</param>
/// <param name="Cpus">Number of cores.</param>
/// <param name="Engine">What executes it.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Seed">Makes the guest, and when and how it is stopped.</param>
public sealed record AttackCase(string Command, int Cpus, string Engine, AttackKind Kind, int Seed);

/// <summary>
/// lakvm with a hostile guest, from start to a stop at some moment: it must end in time, not grow, and not flood the
/// log. A guest may switch itself off before; a reset boots it again.
/// </summary>
internal sealed class AttackRun : IDisposable
{
    /// <summary>How long a stop may take.</summary>
    internal static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(2);

    // Runtime and compiled program, 64 MiB of RAM (run: its host's too), 16 MiB of machine code and the software TLBs
    // of 4 cores.
    private const long MemoryLimit = 900L << 20;
    private const int LinesPerSecond = 10, Sigterm = 15, ExitOfSigterm = 128 + Sigterm;

    private readonly AttackCase _case;
    private readonly string _directory = Directory.CreateTempSubdirectory("lakvm-attack-").FullName;
    private readonly List<string> _errors = [];
    private readonly Stopwatch _watch = new();

    internal AttackRun(AttackCase attack)
    {
        _case = attack;
        File.WriteAllBytes(Kernel, AttackGuest.Create(attack.Kind, attack.Seed));
        File.WriteAllBytes(Disk(0), new byte[1 << 20]);
        File.WriteAllBytes(Disk(1), new byte[1 << 20]);
    }

    private string Kernel => Path.Combine(_directory, "attack.bin");

    private string Arguments => $"{_case.Command} --kernel {Kernel} --load 0x{AttackGuest.LoadAddress:x} --memory 64M "
        + $"--cpus {_case.Cpus} --engine {_case.Engine} --code-memory 16M --drive {Disk(0)} --drive {Disk(1)},snapshot";

    /// <summary>
    /// Runs for a time and stops by SIGTERM: the first one asks a guest that seems to listen to the power button, the
    /// second one ends it.
    /// </summary>
    internal void RunUntilSignal(TimeSpan time)
    {
        // exec: the process is lakvm itself. What the guest prints is of no interest.
        using Process process = Start("sh", ["-c", $"exec '{LakvmProcess.Executable}' {Arguments} > /dev/null"]);
        long peak = Watch(process, time);
        bool switchedOff = process.HasExited;
        Stop(process, () =>
        {
            Kill(process);
            if (!process.WaitForExit(TimeSpan.FromMilliseconds(500)))
            {
                Kill(process);
            }
        });

        peak.Should().BeLessThan(MemoryLimit, "{0}", _case);
        process.ExitCode.Should()
            .BeOneOf(switchedOff ? [0] : [0, ExitOfSigterm], "{0}: {1}", _case, string.Join('\n', _errors));
        _errors.Count.Should().BeLessThan((int)((_watch.Elapsed.TotalSeconds + 2) * LinesPerSecond), "{0}", _case);
    }

    /// <summary>
    /// Runs for a time on a terminal that nobody reads while the guest prints, and leaves by Ctrl-A x.
    /// </summary>
    internal void RunUntilKey(TimeSpan time)
    {
        using Process process = Start("script",
            ["--quiet", "--return", "--command", $"'{LakvmProcess.Executable}' {Arguments}; echo code $?",
            "/dev/null"]);
        process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        process.WaitForExit(time);
        Stop(process, () =>
        {
            process.StandardInput.Write("\u0001x");
            process.StandardInput.Flush();
        });
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Disk(int number) => Path.Combine(_directory, $"disk{number}.img");

    private Process Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _watch.Start();
        Process process = Process.Start(start)!;
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data != null)
            {
                _errors.Add(line.Data);
            }
        };
        process.BeginErrorReadLine();
        return process;
    }

    /// <summary>The most memory that the process had.</summary>
    private static long Watch(Process process, TimeSpan time)
    {
        long peak = 0;
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < time && !process.WaitForExit(50);)
        {
            process.Refresh();
            peak = Math.Max(peak, process.HasExited ? 0 : process.WorkingSet64);
        }

        return peak;
    }

    private void Stop(Process process, Action stop)
    {
        if (process.HasExited)
        {
            return;
        }

        stop();
        if (!process.WaitForExit(StopLimit))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{_case} does not stop within {StopLimit.TotalSeconds} s");
        }

        process.WaitForExit(); // for the rest of stderr
    }

    private static void Kill(Process process)
    {
        using Process kill = Process.Start("kill", [$"-{Sigterm}", $"{process.Id}"]);
        kill.WaitForExit();
    }
}
