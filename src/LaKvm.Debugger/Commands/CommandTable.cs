namespace LaKvm.Debugger;

/// <summary>The packets that are understood, by their names.</summary>
internal sealed class CommandTable
{
    private static readonly System.Buffers.SearchValues<char> _delimiters =
        System.Buffers.SearchValues.Create(":;,");

    private readonly Dictionary<string, Func<string, Reply>> _commands = [];

    /// <summary>Adds a packet; the function gets what is behind its name.</summary>
    internal void Add(string name, Func<string, Reply> command) => _commands.Add(name, command);

    /// <summary>
    /// Executes a packet, bytes as characters of the same number. A name is one letter, but for <c>q</c>, <c>Q</c> and
    /// <c>v</c>, whose names go up to a delimiter.
    /// </summary>
    internal Reply Execute(string packet)
    {
        if (packet.Length == 0)
        {
            return Reply.Unknown;
        }

        int length = 1;
        if (packet[0] is 'q' or 'Q' or 'v')
        {
            int delimiter = packet.AsSpan().IndexOfAny(_delimiters);
            length = delimiter < 0 ? packet.Length : delimiter;
        }

        if (!_commands.TryGetValue(packet[..length], out Func<string, Reply>? command))
        {
            return Reply.Unknown;
        }

        bool hasDelimiter = length > 1 && length < packet.Length;
        return command(packet[(hasDelimiter ? length + 1 : length)..]);
    }
}
