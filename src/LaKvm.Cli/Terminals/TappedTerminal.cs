using LaKvm.Control;
using LaKvm.Devices;

namespace LaKvm.Cli;

/// <summary>A terminal whose output others see too, and at which they type.</summary>
/// <param name="terminal">The terminal.</param>
/// <param name="hub">Where the others are.</param>
internal sealed class TappedTerminal(ITerminal terminal, ConsoleHub hub) : ITerminal
{
    /// <inheritdoc/>
    public Uart16550? Port
    {
        get => terminal.Port;
        set => terminal.Port = value;
    }

    /// <inheritdoc/>
    public TerminalSize Size => terminal.Size;

    /// <inheritdoc/>
    public void Write(byte value)
    {
        hub.Write(value);
        terminal.Write(value);
    }
}
