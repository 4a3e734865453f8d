using System.Text;

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

    /// <summary>Press the power button.</summary>
    PowerButton,

    /// <summary>List the keys.</summary>
    Help,

    /// <summary>Show the exits.</summary>
    Statistics,

    /// <summary>Send a break condition.</summary>
    Break,

    /// <summary>Go from the guest's console to the monitor, or back.</summary>
    Monitor,
}

/// <summary>Finds the escape key and the key behind it in what the user types.</summary>
/// <param name="key">The escape key; without one every byte is the guest's.</param>
internal struct EscapeKey(ControlKey key)
{
    private readonly ControlKey _key = key;
    private bool _pressed;

    /// <summary>What <see cref="EscapeCommand.Statistics"/> shows where nothing counts exits.</summary>
    internal static ReadOnlySpan<byte> NoStatistics => "\nExits are counted by lakvm run --stat.\n"u8;

    /// <summary>What <see cref="EscapeCommand.PowerButton"/> shows.</summary>
    internal readonly byte[] PowerButton(PowerPress press) => Encoding.UTF8.GetBytes(press switch
    {
        PowerPress.Heard => $"\nThe guest is asked to shut down; {_key} p ends it.\n",
        PowerPress.Unheard => $"\nThe guest does not listen to its power button; {_key} x leaves it.\n",
        _ => "\n",
    });

    /// <summary>What <see cref="EscapeCommand.Help"/> shows.</summary>
    internal readonly byte[] Help()
    {
        (string Key, string Effect)[] lines =
        [
            ("x", "leave LaKvm (the guest loses power)"),
            ("p", "press the power button: the guest shuts down; a second time ends it"),
            ($"{_key}", $"send {_key} to the guest"),
            ("c", "to LaKvm's monitor and back to the guest"),
            ("b", "send a break, which Linux takes for the SysRq key"),
            ("s", "exits since the last time (lakvm run --stat)"),
            ("h", "this help"),
        ];
        string key = $"{_key}";
        return Encoding.UTF8.GetBytes(
            $"\n{string.Concat(lines.Select(line => $"{key} {line.Key,-6}  {line.Effect}\n"))}\n");
    }

    /// <summary>Takes the next byte.</summary>
    internal EscapeCommand Next(byte typed)
    {
        if (!_pressed)
        {
            _pressed = typed == _key.Code;
            return _pressed ? EscapeCommand.Swallow : EscapeCommand.None;
        }

        _pressed = false;
        return typed == _key.Code ? EscapeCommand.None : typed switch
        {
            (byte)'x' or (byte)'X' => EscapeCommand.Exit,
            (byte)'p' or (byte)'P' => EscapeCommand.PowerButton,
            (byte)'b' or (byte)'B' => EscapeCommand.Break,
            (byte)'c' or (byte)'C' => EscapeCommand.Monitor,
            (byte)'s' or (byte)'S' => EscapeCommand.Statistics,
            (byte)'h' or (byte)'H' or (byte)'?' => EscapeCommand.Help,
            _ => EscapeCommand.Swallow,
        };
    }
}
