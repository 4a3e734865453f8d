namespace LaKvm.Devices;

/// <summary>
/// The root of the PCI bus: bus 0 with up to 32 devices of one function each, whose configuration spaces software
/// reaches through ECAM (PCI Express Base 5.0, 7.2.2): address bits 27:20 are the bus, 19:15 the device, 14:12 the
/// function, 11:0 the register. Functions that are absent read as all ones.
/// </summary>
public sealed class PciHost : IBusDevice, IDeviceState, IDisposable
{
    /// <summary>Devices on a bus.</summary>
    public const int MaxDevices = 32;

    /// <summary>Pins of a device, A to D.</summary>
    internal const int Pins = 4;

    private const int RegisterBits = 12, DeviceShift = 15;

    private readonly PciFunction?[] _functions = new PciFunction?[MaxDevices];
    private readonly PciSpace _memory;
    private readonly PciMessages _messages;
    private readonly SharedLine[] _lines;

    /// <summary>Makes the bus, with the host bridge's own function as QEMU's has it.</summary>
    /// <param name="memory">The bus's memory addresses.</param>
    /// <param name="messages">Takes messages.</param>
    /// <param name="lines">The wires of INTA to INTD.</param>
    internal PciHost(PciSpace memory, PciMessages messages, IEnumerable<IInterruptLine> lines)
    {
        (_memory, _messages) = (memory, messages);
        _lines = [.. lines.Select(line => new SharedLine(line))];
        Plug(0, socket => new PciFunction(new PciIdentity(0x1b36, 0x0008, 0x06_00_00), socket));
    }

    /// <summary>The functions, by device number.</summary>
    public IReadOnlyList<PciFunction?> Functions => _functions;

    /// <summary>Which of INTA to INTD, from 0 on, a device's pin A is: neighbours have different ones.</summary>
    internal static int LineOf(int device) => device % Pins;

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size)
    {
        PciFunction? function = Find(offset);
        int register = Register(offset);
        return function == null ? ulong.MaxValue
            : size == sizeof(ulong)
                ? function.ReadConfiguration(register, 4) | ((ulong)function.ReadConfiguration(register + 4, 4) << 32)
                : function.ReadConfiguration(register, size);
    }

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        PciFunction? function = Find(offset);
        int register = Register(offset);
        function?.WriteConfiguration(register, Math.Min(size, sizeof(uint)), (uint)value);
        if (size == sizeof(ulong))
        {
            function?.WriteConfiguration(register + sizeof(uint), sizeof(uint), (uint)(value >> 32));
        }
    }

    /// <summary>Functions that do something by themselves.</summary>
    public IEnumerable<IPausable> Pausable => _functions.OfType<IPausable>();

    /// <inheritdoc/>
    public void Reset()
    {
        foreach (PciFunction? function in _functions)
        {
            function?.Reset();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PciFunction? function in _functions)
        {
            function?.Dispose();
        }
    }

    /// <summary>Plugs a function in.</summary>
    internal void Plug(int device, Func<PciSocket, PciFunction> create) => _functions[device] = create(
        new PciSocket($"00:{device:x2}.0", _memory, _lines[LineOf(device)].AddDriver(), _messages));

    private static int Register(ulong offset) => (int)offset & ((1 << RegisterBits) - 1);

    /// <summary>The function of an address: other buses, and all but a device's first, have none.</summary>
    private PciFunction? Find(ulong offset)
    {
        ulong number = offset >> RegisterBits;
        return (number & ((1 << (DeviceShift - RegisterBits)) - 1)) == 0 && offset >> DeviceShift < MaxDevices
            ? _functions[offset >> DeviceShift]
            : null;
    }
}
