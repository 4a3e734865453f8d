using System.Buffers.Binary;

namespace LaKvm.Devices;

/// <summary>Registers of the configuration space's header of type 0 (PCI Local Bus 3.0, 6.1).</summary>
internal static class PciRegister
{
    internal const int Vendor = 0x00, Device = 0x02, Command = 0x04, Status = 0x06, Revision = 0x08, Class = 0x09,
        CacheLine = 0x0c, BaseAddress0 = 0x10, SubsystemVendor = 0x2c, Subsystem = 0x2e, Capabilities = 0x34,
        InterruptLine = 0x3c, InterruptPin = 0x3d, End = 0x40;
}

/// <summary>
/// The bytes of a function's configuration space, which of their bits software may write, and what they are after
/// reset. Accesses are of 1, 2 or 4 bytes inside the space; whoever shares it between threads locks it.
/// </summary>
internal sealed class PciConfiguration
{
    /// <summary>Bytes of a function without extended capabilities.</summary>
    internal const int Size = 256;

    private const ushort HasCapabilities = 1 << 4;

    private readonly byte[] _bytes = new byte[Size];
    private readonly byte[] _initial = new byte[Size];
    private readonly byte[] _writable = new byte[Size];
    private int _free = PciRegister.End;

    /// <summary>Reads a register.</summary>
    internal uint Read(int offset, int size)
    {
        uint value = 0;
        for (int i = 0; i < size; i++)
        {
            value |= (uint)_bytes[offset + i] << (8 * i);
        }

        return value;
    }

    /// <summary>Software writes a register: only writable bits change.</summary>
    internal void Write(int offset, int size, uint value)
    {
        for (int i = 0; i < size; i++)
        {
            byte mask = _writable[offset + i];
            _bytes[offset + i] = (byte)((_bytes[offset + i] & ~mask) | ((byte)(value >> (8 * i)) & mask));
        }
    }

    /// <summary>The function itself sets bits of a register of 16 bits.</summary>
    internal void SetBits(int offset, ushort mask, bool value)
    {
        Span<byte> register = _bytes.AsSpan(offset, sizeof(ushort));
        ushort old = BinaryPrimitives.ReadUInt16LittleEndian(register);
        BinaryPrimitives.WriteUInt16LittleEndian(register, (ushort)(value ? old | mask : old & ~mask));
    }

    /// <summary>Says what a register is after reset, and which of its bits software may write.</summary>
    internal void Define(int offset, int size, uint value, uint writable = 0)
    {
        for (int i = 0; i < size; i++)
        {
            _bytes[offset + i] = _initial[offset + i] = (byte)(value >> (8 * i));
            _writable[offset + i] = (byte)(writable >> (8 * i));
        }
    }

    /// <summary>Adds a capability in front of those that are there, and returns where it is.</summary>
    /// <param name="id">Its number (PCI Code and ID Assignment, chapter 2).</param>
    /// <param name="body">What follows number and link; not writable unless defined anew.</param>
    internal int AddCapability(byte id, ReadOnlySpan<byte> body)
    {
        int place = _free;
        _free = (place + 2 + body.Length + 3) & ~3;
        Define(place, 1, id);
        Define(place + 1, 1, Read(PciRegister.Capabilities, 1));
        for (int i = 0; i < body.Length; i++)
        {
            Define(place + 2 + i, 1, body[i]);
        }

        Define(PciRegister.Capabilities, 1, (uint)place);
        Define(PciRegister.Status, sizeof(ushort), HasCapabilities);
        return place;
    }

    /// <summary>As after power-on.</summary>
    internal void Reset() => _initial.CopyTo(_bytes, 0);
}
