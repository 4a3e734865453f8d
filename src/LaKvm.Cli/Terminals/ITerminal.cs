
using LaKvm.Devices;

namespace LaKvm.Cli;

/// <summary>What a guest's serial port is connected to: its output is written here.</summary>
internal interface ITerminal : ISerialBackend
{
    /// <summary>
    /// The port that receives what the user types. Null while no guest listens: then the input waits.
    /// </summary>
    Uart16550? Port { get; set; }

    /// <summary>Its size now; 0 by 0 if what is written is not shown on a terminal.</summary>
    TerminalSize Size { get; }
}
