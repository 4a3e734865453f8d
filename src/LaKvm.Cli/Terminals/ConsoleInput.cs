using LaKvm.Linux;

namespace LaKvm.Cli;

/// <summary>
/// Stdin as the guest's keyboard, read on a thread of its own from the start on: what the guest does not take yet waits
/// here, so that keys for LaKvm itself are found whatever the guest does.
/// </summary>
/// <param name="isTerminal">
/// Whether somebody types, whose keys are read at once and dropped when very many wait; a pipe is read as the guest
/// takes it.
/// </param>
/// <param name="take">Receives what has been read, and adds what of it is for the guest.</param>
/// <param name="deliver">Hands bytes to the guest and says how many it took.</param>
/// <param name="end">Called when the guest has got all that there was.</param>
internal sealed class ConsoleInput(bool isTerminal, Action<byte[]> take, Func<byte[], int> deliver, Action end)
{
    // How long to wait for a guest that takes no input: a person does not notice it, and a full buffer lasts longer.
    private const int RetryMilliseconds = 10;

    // How long until it is looked again whether the terminal is ours.
    private const int BackgroundMilliseconds = 100;

    private const int MostWaiting = 1 << 16;

    private readonly byte[] _buffer = new byte[4096];
    private readonly List<byte> _waiting = [];
    private bool _ended;

    /// <summary>Begins to read.</summary>
    internal void Start() => new Thread(Run) { Name = "console input", IsBackground = true }.Start();

    /// <summary>Adds input for the guest; to be called on the thread that reads.</summary>
    internal void Add(ReadOnlySpan<byte> input) =>
        _waiting.AddRange(input[..Math.Min(input.Length, MostWaiting - _waiting.Count)]);

    /// <summary>Hands over what the guest takes now; to be called on the thread that reads.</summary>
    internal void Deliver()
    {
        if (_waiting.Count > 0)
        {
            _waiting.RemoveRange(0, deliver([.. _waiting]));
        }
    }

    private void Run()
    {
        while (!_ended || _waiting.Count > 0)
        {
            if (_ended || (!isTerminal && _waiting.Count > 0))
            {
                Thread.Sleep(RetryMilliseconds);
            }
            else if (FileCalls.WaitFor(
                FileCalls.StandardInput, FileCalls.Readable, _waiting.Count > 0 ? RetryMilliseconds : -1))
            {
                Read();
            }

            Deliver();
        }

        end();
    }

    private void Read()
    {
        if (!TerminalCalls.IsForeground(FileCalls.StandardInput))
        {
            Thread.Sleep(BackgroundMilliseconds);
            return;
        }

        int count = FileCalls.Read(FileCalls.StandardInput, _buffer);
        _ended = count <= 0;
        if (!_ended)
        {
            take(_buffer[..count]);
        }
    }
}
