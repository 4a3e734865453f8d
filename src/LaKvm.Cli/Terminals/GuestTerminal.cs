using LaKvm.Machine;

namespace LaKvm.Cli;

/// <summary>
/// Connects the guest's serial port to stdin and stdout. With a terminal on stdin every key goes to the guest, except
/// for those behind the escape key; otherwise stdin is the guest's input up to its end.
/// </summary>
internal sealed class GuestTerminal : ITerminal, IDisposable
{
    // How long to wait for a guest that takes no input: a person does not notice it, and a full buffer lasts longer.
    private const int RetryMilliseconds = 10;

    // A second: a guest that takes nothing for so long may never do it.
    private const int RefusalsBeforeSilence = 100;

    private readonly ConsoleOutput _output = new();
    private readonly RawMode? _rawMode = RawMode.Enter();
    private readonly GuestObservers _observers;
    private readonly Silence? _silence;
    private EscapeKey _escape;
    private int _started;

    /// <summary>Takes stdin and stdout.</summary>
    /// <param name="options">How they are used.</param>
    /// <param name="observers">Whom a key asks for statistics; they outlive the console and have the last word.</param>
    public GuestTerminal(ConsoleOptions options, GuestObservers observers)
    {
        _observers = observers;
        _escape = new EscapeKey(options.EscapeKey);
        _silence = options.SilenceAfterInput is { } seconds ? new Silence(_output, seconds) : null;
        _output.Broken += () => Left?.Invoke();
    }

    /// <inheritdoc/>
    public Uart16550? Port { get; set; }

    /// <summary>Raised when the user left with the escape key, or closed what shows the output.</summary>
    internal event Action? Left;

    /// <inheritdoc/>
    public void Write(byte value) => _output.Write(value);

    /// <summary>Begins to read stdin, when called for the first time; what was typed before waits there.</summary>
    internal void Start()
    {
        if (Interlocked.Exchange(ref _started, 1) == 0)
        {
            new Thread(ReadInput) { Name = "console input", IsBackground = true }.Start();
        }
    }

    /// <summary>Shows nothing more that would have to be waited for: the user wants to leave.</summary>
    internal void Abandon() => _output.Abandon();

    /// <summary>Shows what the guest has sent and gives the terminal back.</summary>
    public void Dispose()
    {
        _output.Dispose();
        _rawMode?.Dispose();
    }

    private void ReadInput()
    {
        byte[] buffer = new byte[4096];
        int count;
        while ((count = NativeMethods.Read(NativeMethods.StandardInput, buffer)) > 0)
        {
            Deliver(_rawMode == null ? buffer[..count] : WithoutEscapes(buffer.AsSpan(0, count)));
        }

        if (count == 0 && _silence != null)
        {
            EndInput(_silence);
        }
    }

    /// <summary>
    /// A pipe that has ended answers every further read with its end. A serial line has no end, so the key for it is typed
    /// whenever the guest seems to wait for input: its shells and programs end then, as at a pipe.
    /// </summary>
    private void EndInput(Silence silence)
    {
        ReadOnlySpan<byte> endOfTransmission = [0x04];
        while (!silence.IsOver())
        {
            Port?.Receive(endOfTransmission);
        }

        Left?.Invoke();
    }

    private void Deliver(ReadOnlySpan<byte> input)
    {
        int refusals = 0;
        while (input.Length > 0)
        {
            int taken = Port?.Receive(input) ?? 0;
            input = input[taken..];
            refusals = taken == 0 ? refusals + 1 : 0;
            if (refusals >= RefusalsBeforeSilence && _silence?.IsOver() == true)
            {
                Left?.Invoke();
                return;
            }

            if (taken == 0)
            {
                Thread.Sleep(RetryMilliseconds);
            }
        }
    }

    private byte[] WithoutEscapes(ReadOnlySpan<byte> typed)
    {
        var forGuest = new List<byte>(typed.Length);
        foreach (byte key in typed)
        {
            switch (_escape.Next(key))
            {
                case EscapeCommand.None:
                    forGuest.Add(key);
                    break;
                case EscapeCommand.Exit:
                    Left?.Invoke();
                    break;
                case EscapeCommand.Break:
                    Deliver([.. forGuest]);
                    forGuest.Clear();
                    Port?.ReceiveBreak();
                    break;
                case EscapeCommand.Statistics:
                    if (!_observers.ShowStatistics())
                    {
                        Say(EscapeKey.NoStatistics);
                    }

                    break;
                case EscapeCommand.Help:
                    Say(_escape.Help());
                    break;
            }
        }

        return [.. forGuest];
    }

    /// <summary>Not through Console, which would switch the terminal's keypad to another mode.</summary>
    private static void Say(ReadOnlySpan<byte> text) => NativeMethods.WriteAll(NativeMethods.StandardError, text);
}
