namespace LaKvm.Cli;

/// <summary>
/// Counts the seconds in which a console shows nothing: its guest waits for input, or for something that never comes.
/// </summary>
/// <param name="output">The console.</param>
/// <param name="patience">How many such seconds there may be.</param>
internal sealed class Silence(ConsoleOutput output, int patience)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private int _left = patience;

    /// <summary>Waits for the next silent second to end; true if it was the last one.</summary>
    internal bool IsOver()
    {
        long before;
        do
        {
            before = output.Sent;
            Thread.Sleep(Second);
        }
        while (output.Sent != before);

        return --_left < 0;
    }
}
