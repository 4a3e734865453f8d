using System.Text;
using LaKvm.Devices;
using LaKvm.Linux;

namespace LaKvm.Cli;

/// <summary>
/// Connects the guest's serial port to stdin and stdout. With a terminal on stdin every key goes to the guest, except
/// for those behind the escape key; otherwise stdin is the guest's input up to its end.
/// </summary>
internal sealed class GuestTerminal : ITerminal, IDisposable
{
    // A second: a guest that takes nothing for so long may never do it.
    private const int RefusalsBeforeSilence = 100;

    private readonly ConsoleOutput _output;
    private readonly int? _screen;
    private readonly bool _reads;
    private readonly RawMode? _rawMode;
    private readonly GuestObservers _observers;
    private readonly Silence? _silence;
    private readonly ConsoleInput _input;
    private EscapeKey _escape;
    private int _refusals;
    private bool _listens;

    /// <summary>Takes stdin and stdout.</summary>
    /// <param name="options">How they are used.</param>
    /// <param name="observers">Whom a key asks for statistics; they outlive the console and have the last word.</param>
    /// <param name="streams">What a program in the guest is connected to, which leaves the rest for the
    /// console.</param>
    public GuestTerminal(ConsoleOptions options, GuestObservers observers, ProgramStreams? streams)
    {
        _rawMode = options.IsConnected ? RawMode.Enter() : null;
        _screen = !options.IsConnected ? null : streams == null ? FileCalls.StandardOutput : streams.Console;
        _reads = options.IsConnected && streams is not { ReadsTerminal: false };
        _output = new ConsoleOutput(_screen);
        _observers = observers;
        _escape = new EscapeKey(options.EscapeKey);
        _silence = options.SilenceAfterInput is { } seconds ? new Silence(_output, seconds) : null;
        _output.Broken += () => Broken?.Invoke();
        _input = new ConsoleInput(_rawMode != null, TakeInput, Deliver, EndInput);
    }

    /// <inheritdoc/>
    public Uart16550? Port { get; set; }

    /// <inheritdoc/>
    public TerminalSize Size =>
        _screen is { } screen && TerminalCalls.GetSize(screen, out ushort columns, out ushort rows)
        ? new(columns, rows)
        : default;

    /// <summary>The monitor, which a key leads to.</summary>
    internal ConsoleMonitor? Monitor { get; set; }

    /// <summary>Raised when the user left with the escape key.</summary>
    internal event Action? Left;

    /// <summary>Presses the power button; must wait for nobody.</summary>
    internal Func<PowerPress>? PressPowerButton { get; set; }

    /// <summary>Raised when the output cannot be shown any more.</summary>
    internal event Action? Broken;

    /// <inheritdoc/>
    public void Write(byte value) => _output.Write(value);

    /// <summary>Shows a text of LaKvm's own behind what the guest has sent; waits like <see cref="Write"/>.</summary>
    internal void Show(string text)
    {
        foreach (byte value in Encoding.UTF8.GetBytes(text))
        {
            _output.Write(value);
        }
    }

    /// <summary>Begins to read stdin; what is typed before a guest listens waits for it.</summary>
    internal void Start()
    {
        if (_reads)
        {
            _input.Start();
        }
    }

    /// <summary>Tells the user what the console said last, if nobody has seen it.</summary>
    internal void ShowUnseen()
    {
        if (_screen == null)
        {
            Say(_output.Kept);
        }
    }

    /// <summary>Shows nothing more that would have to be waited for: the user wants to leave.</summary>
    internal void Abandon() => _output.Abandon();

    /// <summary>Shows what the guest has sent, up to the last byte.</summary>
    /// <exception cref="UserErrorException">That was not possible: something of the output is lost.</exception>
    internal void Flush() => _output.Flush();

    /// <summary>Gives the terminal back.</summary>
    public void Dispose()
    {
        _output.Dispose();
        _rawMode?.Dispose();
    }

    private void TakeInput(byte[] bytes)
    {
        if (_rawMode == null)
        {
            _input.Add(bytes);
            return;
        }

        foreach (byte key in bytes)
        {
            Type(key);
        }
    }

    /// <summary>
    /// Hands input over when the guest listens, and did so at the last try: the start-up of its driver must not drop
    /// what came early.
    /// </summary>
    private int Deliver(byte[] input)
    {
        bool listened = _listens;
        Uart16550? port = Port; // a reset may take it away meanwhile
        _listens = port is { SoftwareListens: true };
        int taken = listened && _listens ? port!.Receive(input) : 0;
        _refusals = taken == 0 ? _refusals + 1 : 0;
        if (_refusals >= RefusalsBeforeSilence && _rawMode == null && _silence?.IsOver() == true)
        {
            Left?.Invoke();
        }

        return taken;
    }

    /// <summary>
    /// A pipe that has ended answers every further read with its end. A serial line has no end, so the key for it is
    /// typed whenever the guest seems to wait for input: its shells and programs end then, as at a pipe.
    /// </summary>
    private void EndInput()
    {
        if (_silence == null)
        {
            return;
        }

        ReadOnlySpan<byte> endOfTransmission = [0x04];
        while (!_silence.IsOver())
        {
            Port?.Receive(endOfTransmission);
        }

        Left?.Invoke();
    }

    private void Type(byte key)
    {
        switch (_escape.Next(key))
        {
            case EscapeCommand.None when Monitor is { IsActive: true } monitor:
                monitor.Type(key);
                break;
            case EscapeCommand.None:
                _input.Add([key]);
                break;
            case EscapeCommand.Monitor:
                Monitor?.Toggle();
                break;
            case EscapeCommand.Exit:
                Left?.Invoke();
                break;
            case EscapeCommand.PowerButton:
                Say(_escape.PowerButton(PressPowerButton?.Invoke() ?? PowerPress.Unheard));
                break;
            case EscapeCommand.Break:
                _input.Deliver();
                Port?.ReceiveBreak();
                break;
            case EscapeCommand.Statistics:
                ShowStatistics();
                break;
            case EscapeCommand.Help:
                Say(_escape.Help());
                break;
        }
    }

    /// <summary>
    /// On another thread: where they are shown, nobody may be reading, and the next key may be the one to leave.
    /// </summary>
    private void ShowStatistics() => ThreadPool.QueueUserWorkItem(_ =>
    {
        if (!_observers.ShowStatistics())
        {
            Say(EscapeKey.NoStatistics);
        }
    });

    /// <summary>
    /// Not through Console, which would switch the terminal's keypad to another mode; and not at all where nobody
    /// reads, or the key to leave would not be heard.
    /// </summary>
    private static void Say(ReadOnlySpan<byte> text)
    {
        if (FileCalls.WaitFor(FileCalls.StandardError, FileCalls.Writable, 0))
        {
            _ = FileCalls.WriteAll(FileCalls.StandardError, text);
        }
    }
}
