using LaKvm.Devices;
using LaKvm.Linux;

namespace LaKvm.Cli;

/// <summary>
/// Standard input, output and error of a program in the guest. Those that are terminals here are the serial console
/// there; the others are ports of a virtio console: binary, with an end, and waited for, as pipes and files are.
/// </summary>
internal sealed class ProgramStreams
{
    private const string Terminal = "tty", InputName = "stdin", OutputName = "stdout", ErrorName = "stderr";
    private const int BrokenPipeSignal = 13;

    private readonly VirtioPort? _input, _output, _error;
    private int _exitCode;

    /// <summary>Looks at what the process has got.</summary>
    internal ProgramStreams()
    {
        _input = IsTerminal(FileCalls.StandardInput) ? null : new VirtioPort(InputName);
        _output = PortOf(FileCalls.StandardOutput, OutputName);
        _error = PortOf(FileCalls.StandardError, ErrorName);
    }

    /// <summary>Raised once when nobody reads any more what the program writes.</summary>
    internal event Action? Broken;

    /// <summary>Whether the console's input comes from the terminal.</summary>
    internal bool ReadsTerminal => _input == null;

    /// <summary>The descriptor that shows the console; null if there is no terminal for it.</summary>
    internal int? Console => _output == null ? FileCalls.StandardOutput : _error == null ? FileCalls.StandardError
        : null;

    /// <summary>What the guest connects the program to, in order: a port's name, or the console.</summary>
    internal IEnumerable<string> GuestNames => [_input?.Name ?? Terminal, _output?.Name ?? Terminal,
        _error?.Name ?? Terminal];

    /// <summary>The process's exit code once nobody reads what the program writes, as a shell has it; else 0.</summary>
    internal int ExitCode => Volatile.Read(ref _exitCode);

    /// <summary>The device for the streams that are no terminals; null if all are.</summary>
    internal VirtioPorts? CreateDevice()
    {
        VirtioPort[] ports = [.. new[] { _input, _output, _error }.OfType<VirtioPort>()];
        return ports.Length == 0 ? null : new VirtioPorts(ports);
    }

    /// <summary>Begins to read the input, if it is no terminal.</summary>
    internal void Start()
    {
        if (_input is { } port)
        {
            new Thread(() => Forward(port)) { Name = "program input", IsBackground = true }.Start();
        }
    }

    private static bool IsTerminal(int descriptor) => TerminalCalls.GetAttributes(descriptor, out _) == 0;

    private static void Forward(VirtioPort port)
    {
        byte[] buffer = new byte[VirtioPort.InputLimit];
        int count;
        while ((count = FileCalls.Read(FileCalls.StandardInput, buffer)) > 0)
        {
            port.Send(buffer.AsSpan(0, count));
        }

        port.End();
    }

    private VirtioPort? PortOf(int descriptor, string name) =>
        IsTerminal(descriptor) ? null : new VirtioPort(name, bytes => Write(descriptor, bytes));

    private void Write(int descriptor, ReadOnlySpan<byte> bytes)
    {
        if (ExitCode != 0)
        {
            return;
        }

        int error = FileCalls.WriteAll(descriptor, bytes);
        if (error != 0)
        {
            int code = error == LinuxError.BrokenPipe ? 128 + BrokenPipeSignal : Cli.ExitCode.Failure;
            Volatile.Write(ref _exitCode, code);
            Broken?.Invoke();
        }
    }
}
