namespace LaKvm.Devices;

/// <summary>What a function says it is.</summary>
/// <param name="Vendor">Vendor, of the subsystem too unless that is another.</param>
/// <param name="Device">Device of the vendor.</param>
/// <param name="Class">Class, subclass and interface, from the highest of the 24 bits on.</param>
/// <param name="Revision">Revision.</param>
public sealed record PciIdentity(ushort Vendor, ushort Device, uint Class, byte Revision = 0)
{
    /// <summary>The subsystem's vendor; that of all of QEMU's functions.</summary>
    public ushort SubsystemVendor { get; init; } = 0x1af4;

    /// <summary>The subsystem; that of all of QEMU's functions.</summary>
    public ushort Subsystem { get; init; } = 0x1100;
}

/// <summary>
/// A function on the PCI bus: its configuration space, the memory ranges that software places, and its interrupts, by
/// pin or by MSI-X messages. Any thread.
/// </summary>
public class PciFunction : IDeviceState, IDisposable
{
    private const ushort DecodeMemory = 1 << 1, InterruptDisable = 1 << 10;
    private const ushort WritableCommand = 0x0146 | InterruptDisable; // memory, master, parity, SERR
    private const ushort InterruptStatus = 1 << 3;
    private const byte MsixCapability = 0x11;
    private const uint MsixEnable = 1 << 15, MsixFunctionMask = 1 << 14;

    private readonly Lock _lock = new();
    private readonly PciConfiguration _configuration = new();
    private readonly List<PciBar> _bars = [];
    private readonly PciSocket _socket;
    private MsixTable? _msix;
    private int _msixControl;
    private bool _pin;

    /// <summary>Makes a function without memory, capabilities or interrupt.</summary>
    public PciFunction(PciIdentity identity, PciSocket socket)
    {
        _socket = socket;
        _configuration.Define(PciRegister.Vendor, 2, identity.Vendor);
        _configuration.Define(PciRegister.Device, 2, identity.Device);
        _configuration.Define(PciRegister.Command, 2, 0, WritableCommand);
        _configuration.Define(PciRegister.Revision, 1, identity.Revision);
        _configuration.Define(PciRegister.Class, 3, identity.Class);
        _configuration.Define(PciRegister.CacheLine, 1, 0, byte.MaxValue);
        _configuration.Define(PciRegister.SubsystemVendor, 2, identity.SubsystemVendor);
        _configuration.Define(PciRegister.Subsystem, 2, identity.Subsystem);
    }

    /// <summary>Whether messages are used in place of the pin.</summary>
    protected bool UsesMessages => _msix?.Enabled == true;

    private bool DecodesMemory => (Command & DecodeMemory) != 0;

    private uint Command => _configuration.Read(PciRegister.Command, sizeof(ushort));

    /// <summary>Reads 1, 2 or 4 bytes of the configuration space; all ones beyond its end.</summary>
    internal uint ReadConfiguration(int offset, int size)
    {
        if (offset >= PciConfiguration.Size)
        {
            return uint.MaxValue;
        }

        PrepareRead(offset, size);
        lock (_lock)
        {
            return _configuration.Read(offset, size);
        }
    }

    /// <summary>Writes 1, 2 or 4 bytes of the configuration space.</summary>
    internal void WriteConfiguration(int offset, int size, uint value)
    {
        if (offset >= PciConfiguration.Size)
        {
            return;
        }

        lock (_lock)
        {
            _configuration.Write(offset, size, value);
            Apply();
        }

        Written(offset, size);
    }

    /// <summary>As after power-on: where nobody has placed it yet.</summary>
    public virtual void Reset()
    {
        lock (_lock)
        {
            _configuration.Reset();
            _msix?.Reset();
            _pin = false;
            Apply();
        }
    }

    /// <summary>Frees what the function holds.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);

    /// <summary>Gives the function a memory range; in its constructor only, as all that adds something.</summary>
    protected void AddBar(PciBar bar)
    {
        _bars.Add(bar);
        bar.Define(_configuration);
    }

    /// <summary>Gives the function a capability, and returns where that is.</summary>
    protected int AddCapability(byte id, ReadOnlySpan<byte> body) => _configuration.AddCapability(id, body);

    /// <summary>Says which bits of a register software may write, and what they are after reset.</summary>
    protected void DefineRegister(int offset, int size, uint value, uint writable) =>
        _configuration.Define(offset, size, value, writable);

    /// <summary>Gives the function pin A.</summary>
    protected void AddPin()
    {
        _configuration.Define(PciRegister.InterruptLine, 1, 0, byte.MaxValue);
        _configuration.Define(PciRegister.InterruptPin, 1, 1);
    }

    /// <summary>Gives the function MSI-X, with table and pending bits in a memory range of their own.</summary>
    /// <param name="vectors">Number of messages, 1 to 128.</param>
    /// <param name="bar">Number of the range's register.</param>
    protected void AddMessages(int vectors, int bar)
    {
        _msix = new MsixTable(vectors, _socket.Messages);
        AddBar(new PciBar(bar, MsixTable.Size, wide: false, _msix) { Widths = AccessWidths.Word });
        var pendingBits = (byte)(MsixTable.PendingBits >> 8);
        int place = AddCapability(MsixCapability, [0, 0, (byte)bar, 0, 0, 0, (byte)bar, pendingBits, 0, 0]);
        _msixControl = place + 2;
        _configuration.Define(_msixControl, 2, (uint)(vectors - 1), MsixEnable | MsixFunctionMask);
    }

    /// <summary>Number of messages.</summary>
    protected int Vectors => _msix?.Vectors ?? 0;

    /// <summary>Sends a message, or has it wait while it is masked.</summary>
    protected void RaiseMessage(int vector) => _msix?.Raise(vector);

    /// <summary>Drives the pin; it is not seen where messages are used, or software has switched it off.</summary>
    protected void SetPin(bool level)
    {
        lock (_lock)
        {
            _pin = level;
            ApplyPin();
        }
    }

    /// <summary>Reads a register as software does, but as it is.</summary>
    protected uint Register(int offset, int size)
    {
        lock (_lock)
        {
            return _configuration.Read(offset, size);
        }
    }

    /// <summary>Changes a register as software does, without further effect.</summary>
    protected void SetRegister(int offset, int size, uint value)
    {
        lock (_lock)
        {
            _configuration.Write(offset, size, value);
        }
    }

    /// <summary>Software is about to read a register; no lock is held.</summary>
    protected virtual void PrepareRead(int offset, int size)
    {
    }

    /// <summary>Software has written a register; no lock is held.</summary>
    protected virtual void Written(int offset, int size)
    {
    }

    /// <summary>A memory range has come to another place, or has gone; under the function's lock.</summary>
    /// <param name="bar">The range.</param>
    /// <param name="address">Where processors see all of it; null if nowhere.</param>
    protected virtual void Moved(PciBar bar, ulong? address)
    {
    }

    private void Apply()
    {
        bool decodes = DecodesMemory;
        foreach (PciBar bar in _bars)
        {
            if (bar.Follow(_configuration, decodes, _socket.Memory, _socket.Name))
            {
                Moved(bar, bar.CpuAddress(_socket.Memory));
            }
        }

        if (_msix != null)
        {
            uint control = _configuration.Read(_msixControl, sizeof(ushort));
            _msix.Configure((control & MsixEnable) != 0, (control & MsixFunctionMask) != 0);
        }

        ApplyPin();
    }

    private void ApplyPin()
    {
        _configuration.SetBits(PciRegister.Status, InterruptStatus, _pin);
        _socket.Pin.Set(_pin && !UsesMessages && (Command & InterruptDisable) == 0);
    }
}
