using System.Buffers.Binary;

namespace LaKvm.Devices;

/// <summary>
/// The configuration port, as QEMU's fw_cfg (its docs/specs/fw_cfg.rst): a selector, the selected item's bytes one
/// after the other, and transfers into RAM that a structure there describes. Items can't be written.
/// </summary>
/// <param name="items">The items.</param>
/// <param name="memory">RAM.</param>
public sealed class FirmwarePort(FirmwareItems items, IGuestMemory memory) : IBusDevice, IDeviceState
{
    /// <summary>Bytes of the window.</summary>
    public const ulong Size = 0x18;

    private const ulong Selector = 8, Transfer = 16, TransferLow = 20;
    private const int TransferSize = 16, ChunkSize = 1 << 16;
    private const uint Error = 1, ReadItem = 2, Skip = 4, Select = 8, WriteItem = 16;

    private readonly Lock _lock = new();
    private ReadOnlyMemory<byte> _item;
    private ulong _position;
    private uint _transferHigh;

    private static ReadOnlySpan<byte> Signature => "QEMU CFG"u8;

    /// <inheritdoc/>
    public void Reset()
    {
        lock (_lock)
        {
            Choose(0);
            _transferHigh = 0;
        }
    }

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        bytes.Clear();
        if (offset < Selector)
        {
            lock (_lock)
            {
                Take(bytes[..size]);
            }
        }
        else if (offset >= Transfer)
        {
            Signature.Slice((int)(offset - Transfer), size).CopyTo(bytes);
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        lock (_lock)
        {
            switch (offset, size)
            {
                case (Selector, sizeof(ushort)):
                    Choose(BinaryPrimitives.ReverseEndianness((ushort)value));
                    break;
                case (Transfer, sizeof(uint)):
                    _transferHigh = BinaryPrimitives.ReverseEndianness((uint)value);
                    break;
                case (TransferLow, sizeof(uint)):
                    Run(((ulong)_transferHigh << 32) | BinaryPrimitives.ReverseEndianness((uint)value));
                    break;
                case (Transfer, sizeof(ulong)):
                    Run(BinaryPrimitives.ReverseEndianness(value));
                    break;
            }
        }
    }

    private void Choose(ushort number)
    {
        _item = items[number];
        _position = 0;
    }

    /// <summary>The next bytes of the item; behind its end there are zeros.</summary>
    private void Take(Span<byte> destination)
    {
        destination.Clear();
        if (_position < (ulong)_item.Length)
        {
            ReadOnlySpan<byte> rest = _item.Span[(int)_position..];
            rest[..Math.Min(rest.Length, destination.Length)].CopyTo(destination);
        }

        _position += (ulong)destination.Length;
    }

    /// <summary>Control, length and address, big endian; the answer replaces the control.</summary>
    private void Run(ulong address)
    {
        _transferHigh = 0;
        Span<byte> transfer = stackalloc byte[TransferSize];
        if (!memory.Read(address, transfer))
        {
            return;
        }

        uint control = BinaryPrimitives.ReadUInt32BigEndian(transfer);
        uint length = BinaryPrimitives.ReadUInt32BigEndian(transfer[4..]);
        ulong target = BinaryPrimitives.ReadUInt64BigEndian(transfer[8..]);
        if ((control & Select) != 0)
        {
            Choose((ushort)(control >> 16));
        }

        bool done = (control & (ReadItem | WriteItem | Skip)) switch
        {
            0 => true,
            Skip => SkipBytes(length),
            var what => (what & ReadItem) != 0 && Copy(target, length),
        };
        BinaryPrimitives.WriteUInt32BigEndian(transfer, done ? 0 : Error);
        memory.Write(address, transfer[..sizeof(uint)]);
    }

    private bool SkipBytes(uint length)
    {
        _position += length;
        return true;
    }

    private bool Copy(ulong target, uint length)
    {
        if (!memory.Contains(target, length))
        {
            return false;
        }

        byte[] chunk = new byte[Math.Min(length, ChunkSize)];
        for (uint done = 0; done < length; done += (uint)chunk.Length)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(length - done, (uint)chunk.Length));
            Take(part);
            memory.Write(target + done, part);
        }

        return true;
    }
}

/// <summary>The firmware's configuration port, on a board that has a firmware.</summary>
/// <param name="address">First physical address.</param>
public sealed class FirmwarePortSlot(ulong address)
    : BoardSlot("fw_cfg", address, FirmwarePort.Size, AccessWidths.All)
{
    /// <inheritdoc/>
    public override bool IsUsed(BoardDeviceOptions options) => options.Firmware != null;

    /// <inheritdoc/>
    protected internal override IBusDevice Create(BoardWiring wiring) =>
        new FirmwarePort(wiring.Options.Firmware!.Items, wiring.Memory);

    /// <inheritdoc/>
    protected internal override IEnumerable<FdtNode> Describe(BoardTree tree) =>
        [tree.Device(this, "qemu,fw-cfg-mmio").Flag("dma-coherent")];
}
