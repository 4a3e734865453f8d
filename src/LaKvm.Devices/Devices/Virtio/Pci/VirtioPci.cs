using LaKvm.Diagnostics;

namespace LaKvm.Devices;

/// <summary>
/// The PCI transport of virtio devices (virtio 1.2, 4.1), modern only: a function whose capabilities say where in its
/// memory ranges a driver finds a <see cref="VirtioControl"/>, with a message for each queue and one for the
/// configuration. Everything lies where QEMU's functions have it.
/// </summary>
public sealed class VirtioPci : PciFunction, IPausable
{
    /// <summary>Number of the memory range that holds the device's registers.</summary>
    public const int RegistersBar = 4;

    private const int MessagesBar = 1;
    private const ushort Vendor = 0x1af4, FirstDevice = 0x1040;
    private const byte VendorCapability = 9;

    private readonly VirtioControl _control;
    private readonly VirtioPciRegisters _registers;
    private readonly IDriverBell? _bell;
    private readonly int _access;
    private ulong? _bells;

    /// <summary>Attaches a device.</summary>
    /// <param name="device">The device; belongs to the function from now on.</param>
    /// <param name="socket">Where the function is plugged in.</param>
    /// <param name="memory">RAM.</param>
    /// <param name="log">Reports faults.</param>
    /// <param name="bell">Rung by notifications that do not come here; null if all do.</param>
    public VirtioPci(
        VirtioDevice device, PciSocket socket, IGuestMemory memory, GuestErrorLog log, IDriverBell? bell = null)
        : base(Identity(device.Type), socket)
    {
        int vectors = device.QueueSizes.Count + 1;
        _bell = bell;
        _control = new VirtioControl(device, memory, new Interrupt(this), log, bell);
        _registers = new VirtioPciRegisters(_control, vectors);
        AddRegion(VirtioPciRegion.Common);
        AddRegion(VirtioPciRegion.InterruptStatus);
        AddRegion(VirtioPciRegion.Device);
        AddRegion(VirtioPciRegion.Notify, [VirtioPciRegisters.NotifyStride, 0, 0, 0]);
        _access = AddAccess();
        AddMessages(vectors, MessagesBar);
        AddBar(new PciBar(RegistersBar, VirtioPciRegisters.Size, wide: true, _registers)
        {
            Widths = VirtioPciRegisters.Widths,
        });
        AddPin();
    }

    // The capability by which registers are reached through the configuration space (virtio 1.2, 4.1.4.9).
    private int AccessBar => _access + 4;

    private int AccessOffset => _access + 8;

    private int AccessLength => _access + 12;

    private int AccessData => _access + 16;

    /// <summary>As after power-on.</summary>
    public override void Reset()
    {
        _registers.Reset();
        base.Reset();
    }

    /// <inheritdoc/>
    public bool Pause(TimeSpan patience) => _control.Pause(patience);

    /// <inheritdoc/>
    public void Resume() => _control.Resume();

    /// <summary>Ends the device.</summary>
    public override void Dispose()
    {
        _control.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override void PrepareRead(int offset, int size)
    {
        if (Touches(offset, size) && AccessedRegister() is { } register)
        {
            SetRegister(AccessData, sizeof(uint), (uint)_registers.Read(register.Offset, register.Size));
        }
    }

    /// <inheritdoc/>
    protected override void Written(int offset, int size)
    {
        if (Touches(offset, size) && AccessedRegister() is { } register)
        {
            _registers.Write(register.Offset, register.Size, Register(AccessData, register.Size));
        }
    }

    /// <summary>The bell hears the writes of notifications where they are now.</summary>
    protected override void Moved(PciBar bar, ulong? address)
    {
        if (_bell == null || bar.Index != RegistersBar)
        {
            return;
        }

        if (_bells is { } old)
        {
            ForNotifications(old, _bell.Ignore);
        }

        _bells = address;
        if (address is { } now)
        {
            ForNotifications(now, _bell.Listen);
        }
    }

    private static PciIdentity Identity(VirtioType type) =>
        new(Vendor, (ushort)(FirstDevice + (uint)type), Class(type), Revision: 1);

    private static uint Class(VirtioType type) => type switch
    {
        VirtioType.Network => 0x02_00_00,
        VirtioType.Block => 0x01_00_00,
        VirtioType.Console => 0x07_80_00,
        VirtioType.Share => 0x00_02_00,
        _ => 0x00_ff_00,
    };

    private void ForNotifications(ulong registers, Action<ulong, int> action)
    {
        for (int queue = 0; queue < _control.QueueCount; queue++)
        {
            action(registers + VirtioPciRegisters.NotifyOffset(queue), sizeof(ushort));
        }
    }

    /// <summary>Length, region, range and two fields that are 0; then offset and length in it.</summary>
    private void AddRegion(VirtioPciRegion region, ReadOnlySpan<byte> more = default)
    {
        const int common = 16;
        ushort start = VirtioPciRegisters.OffsetOf(region);
        var length = (ushort)VirtioPciRegisters.RegionSize;
        AddCapability(VendorCapability,
        [
            (byte)(common + more.Length), (byte)region, RegistersBar, 0, 0, 0, (byte)start, (byte)(start >> 8), 0, 0,
            (byte)length, (byte)(length >> 8), 0, 0, .. more,
        ]);
    }

    private int AddAccess()
    {
        Span<byte> body = stackalloc byte[18];
        body.Clear();
        (body[0], body[1]) = (20, (byte)VirtioPciRegion.Access);
        int place = AddCapability(VendorCapability, body);
        DefineRegister(place + 4, 1, 0, byte.MaxValue);
        for (int field = 8; field < 20; field += sizeof(uint))
        {
            DefineRegister(place + field, sizeof(uint), 0, uint.MaxValue);
        }

        return place;
    }

    private bool Touches(int offset, int size) => offset < AccessData + sizeof(uint) && offset + size > AccessData;

    /// <summary>What the capability points to; null if that is no register.</summary>
    private (ulong Offset, int Size)? AccessedRegister()
    {
        uint offset = Register(AccessOffset, sizeof(uint));
        uint size = Register(AccessLength, sizeof(uint));
        bool possible = Register(AccessBar, 1) == RegistersBar && size is 1 or 2 or 4
            && offset % size == 0 && offset < VirtioPciRegisters.Size;
        return possible ? (offset, (int)size) : null;
    }

    /// <summary>Messages where the driver has switched them on, else the pin.</summary>
    private sealed class Interrupt(VirtioPci function) : IVirtioInterrupt
    {
        public void Raise(ushort vector, bool isNewCause)
        {
            if (!function.UsesMessages)
            {
                function.SetPin(true);
            }
            else if (vector != VirtioControl.NoVector)
            {
                function.RaiseMessage(vector);
            }
        }

        public void Release() => function.SetPin(false);
    }
}
