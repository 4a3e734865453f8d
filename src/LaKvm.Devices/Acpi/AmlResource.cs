using System.Buffers.Binary;

namespace LaKvm.Devices;

/// <summary>Descriptors of resources (ACPI 6.4, 6.4.3), for <see cref="Aml.Resources"/>.</summary>
internal static class AmlResource
{
    private const byte MemorySpace = 0, PortSpace = 1, BusSpace = 2;
    private const byte Fixed = 0xc; // both ends of an address range
    private const byte Consumer = 1;

    /// <summary>Registers of a device.</summary>
    internal static byte[] Registers(ulong address, ulong size) =>
        Range(MemorySpace, Fixed, kind: 1, address, address, size);

    /// <summary>Memory addresses that a bridge hands to its bus, where they are the same.</summary>
    internal static byte[] MemoryWindow(PciWindowSlot window) =>
        Range(MemorySpace, Fixed, kind: 1, window.BusAddress, window.Base, window.Size);

    /// <summary>I/O addresses that a bridge hands to its bus.</summary>
    internal static byte[] PortWindow(PciWindowSlot window) =>
        Range(PortSpace, Fixed, kind: 3, window.BusAddress, window.Base, window.Size);

    /// <summary>Numbers of buses behind a bridge, from 0 on.</summary>
    internal static byte[] Buses(int count) => Range(BusSpace, Fixed, kind: 0, 0, 0, (ulong)count);

    /// <summary>An interrupt, active high.</summary>
    internal static byte[] Interrupt(uint number, PinTrigger trigger, bool shared = false)
    {
        int flags = Consumer | (trigger == PinTrigger.Edge ? 2 : 0) | (shared ? 8 : 0);
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
        return [0x89, 6, 0, (byte)flags, 1, .. bytes];
    }

    /// <summary>An address space descriptor of 64-bit fields: granularity, first, last, translation, length.</summary>
    private static byte[] Range(byte space, byte flags, byte kind, ulong first, ulong cpuAddress, ulong size)
    {
        const int head = 6, fields = 5;
        byte[] descriptor = new byte[head + (fields * sizeof(ulong))];
        (descriptor[0], descriptor[1]) = (0x8a, (byte)(descriptor.Length - 3));
        (descriptor[3], descriptor[4], descriptor[5]) = (space, flags, kind);
        ReadOnlySpan<ulong> values = [0, first, first + size - 1, cpuAddress - first, size];
        for (int i = 0; i < fields; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(descriptor.AsSpan(head + (i * sizeof(ulong))), values[i]);
        }

        return descriptor;
    }
}
