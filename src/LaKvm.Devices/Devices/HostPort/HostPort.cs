namespace LaKvm.Devices;

/// <summary>Size of a terminal in characters; 0 by 0 where there is none.</summary>
/// <param name="Columns">Characters in a line.</param>
/// <param name="Rows">Lines.</param>
public readonly record struct TerminalSize(ushort Columns, ushort Rows);

/// <summary>
/// What software in the machine and the program around it tell each other. Not on QEMU's board; see docs/memory-map.md.
/// </summary>
/// <param name="terminal">Size of the terminal that shows the first serial port, asked at each read.</param>
public sealed class HostPort(Func<TerminalSize> terminal) : IBusDevice, IDeviceState
{
    /// <summary>Bytes of the window.</summary>
    public const ulong Size = 8;

    /// <summary>
    /// The low byte is the program's exit code when the machine is switched off; the rest reads as 0.
    /// </summary>
    public const ulong ExitCodeRegister = 0;

    /// <summary>Read only: columns in the low half, rows in the high one; 0 where there is no terminal.</summary>
    public const ulong TerminalRegister = 4;

    private volatile byte _exitCode;

    /// <summary>What software has left for the program around the machine; 0 after power-on.</summary>
    public byte ExitCode => _exitCode;

    /// <inheritdoc/>
    public void Reset() => _exitCode = 0;

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size)
    {
        if (offset == ExitCodeRegister)
        {
            return _exitCode;
        }

        TerminalSize now = terminal();
        return now.Columns | (ulong)now.Rows << 16;
    }

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        if (offset == ExitCodeRegister)
        {
            _exitCode = (byte)value;
        }
    }
}
