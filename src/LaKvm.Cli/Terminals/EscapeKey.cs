namespace LaKvm.Cli;

/// <summary>What the keys behind the escape key ask for.</summary>
internal enum EscapeCommand
{
    /// <summary>Nothing: the byte is for the guest.</summary>
    None,

    /// <summary>Nothing yet, or an unknown key: the byte is for nobody.</summary>
    Swallow,

    /// <summary>Leave.</summary>
    Exit,

    /// <summary>List the keys.</summary>
    Help,

    /// <summary>Show the exits.</summary>
    Statistics,

    /// <summary>Send a break condition.</summary>
    Break,
}

/// <summary>Finds Ctrl-A and the key behind it in what the user types.</summary>
internal struct EscapeKey
{
    /// <summary>Ctrl-A.</summary>
    internal const byte Key = 0x01;

    /// <summary>What <see cref="EscapeCommand.Help"/> shows.</summary>
    internal static ReadOnlySpan<byte> Help => """

        Ctrl-A x       leave LaKvm (the guest loses power)
        Ctrl-A Ctrl-A  send Ctrl-A to the guest
        Ctrl-A b       send a break, which Linux takes for the SysRq key
        Ctrl-A s       exits since the last time (lakvm run --stat)
        Ctrl-A h       this help


        """u8;

    /// <summary>What <see cref="EscapeCommand.Statistics"/> shows where nothing counts exits.</summary>
    internal static ReadOnlySpan<byte> NoStatistics => "\nExits are counted by lakvm run --stat.\n"u8;

    private bool _pressed;

    /// <summary>Takes the next byte.</summary>
    internal EscapeCommand Next(byte typed)
    {
        if (!_pressed)
        {
            _pressed = typed == Key;
            return _pressed ? EscapeCommand.Swallow : EscapeCommand.None;
        }

        _pressed = false;
        return typed switch
        {
            Key => EscapeCommand.None,
            (byte)'x' or (byte)'X' => EscapeCommand.Exit,
            (byte)'b' or (byte)'B' => EscapeCommand.Break,
            (byte)'s' or (byte)'S' => EscapeCommand.Statistics,
            (byte)'h' or (byte)'H' or (byte)'?' => EscapeCommand.Help,
            _ => EscapeCommand.Swallow,
        };
    }
}
