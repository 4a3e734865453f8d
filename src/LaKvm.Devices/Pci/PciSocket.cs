namespace LaKvm.Devices;

/// <summary>What a function on the PCI bus is wired to.</summary>
public sealed class PciSocket
{
    internal PciSocket(string name, PciSpace memory, IInterruptLine pin, PciMessages messages)
    {
        Name = name;
        Memory = memory;
        Pin = pin;
        Messages = messages;
    }

    /// <summary>Name of the place, as "00:01.0".</summary>
    public string Name { get; }

    /// <summary>The bus's memory addresses.</summary>
    internal PciSpace Memory { get; }

    /// <summary>The wire of pin A.</summary>
    internal IInterruptLine Pin { get; }

    /// <summary>Takes messages.</summary>
    internal PciMessages Messages { get; }
}
