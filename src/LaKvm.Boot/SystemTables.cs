using System.Buffers.Binary;
using System.Text;
using LaKvm.Devices;

namespace LaKvm.Boot;

/// <summary>
/// What the machine says of itself to tools like dmidecode (SMBIOS 3.0, DSP0134): system, chassis, processor and
/// memory. The firmware adds itself.
/// </summary>
internal static class SystemTables
{
    private const byte System = 1, Chassis = 3, Processor = 4, MemoryArray = 16, MemoryDevice = 17, End = 127;
    private const ushort SystemHandle = 0x100, ChassisHandle = 0x300, ProcessorHandle = 0x400, ArrayHandle = 0x1000,
        DeviceHandle = 0x1100, EndHandle = 0x7f00, None = 0xfffe;

    private const byte Unknown = 2, Safe = 3;

    /// <summary>The structures.</summary>
    internal static byte[] Build(BoardDeviceTreeOptions options)
    {
        uint megabytes = (uint)Math.Min(options.RamSize >> 20, int.MaxValue);
        byte cores = (byte)options.Cores;
        return
        [
            .. Structure(System, SystemHandle, [1, 2, 3, 0, .. new byte[16], 6, 0, 0], "LaKvm", "virt", "1"),
            .. Structure(Chassis, ChassisHandle,
                [1, 1, 2, 0, 0, Safe, Safe, Safe, Unknown, 0, 0, 0, 0, 0, 0, 0, 0], "LaKvm", "1"),
            .. Structure(Processor, ProcessorHandle,
                [1, 3, 0xfe, 2, .. new byte[8], 3, 0, 0, 0, 0, 0, 0, 0, 0x41, 1, .. Enumerable.Repeat(byte.MaxValue, 6),
                    0, 0, 0, cores, cores, cores, Unknown, 0, 0x58, 2, cores, 0, cores, 0, cores, 0],
                "CPU 0", "Loongson", "3A5000"),
            .. Structure(MemoryArray, ArrayHandle,
                [1, Safe, 6, .. Word((uint)Math.Min(options.RamSize >> 10, 0x8000_0000)), .. Half(None), 1, 0,
                    .. new byte[8]]),
            .. Structure(MemoryDevice, DeviceHandle,
                [.. Half(ArrayHandle), .. Half(None), .. Half(ushort.MaxValue), .. Half(ushort.MaxValue),
                    .. Half(0x7fff), 9, 0, 1, 0, 7, Unknown, 0, .. new byte[6], .. Word(megabytes), .. new byte[8]],
                "DIMM 0"),
            .. Structure(End, EndHandle, []),
        ];
    }

    /// <summary>The structure by which they are found, with the address 0.</summary>
    internal static byte[] Anchor(int length)
    {
        byte[] anchor = [.. "_SM3_"u8, 0, 24, 3, 0, 0, 1, 0, .. Word((uint)length), .. new byte[8]];
        anchor[5] = (byte)-anchor.Sum(b => b);
        return anchor;
    }

    /// <summary>Type, length, handle, fields; then the strings that fields name by number, each ended by 0.</summary>
    private static byte[] Structure(byte type, ushort handle, byte[] fields, params string[] strings)
    {
        IEnumerable<byte> texts = strings.SelectMany(text => Encoding.ASCII.GetBytes(text + '\0'));
        byte[] end = strings.Length == 0 ? [0, 0] : [0];
        return [type, (byte)(4 + fields.Length), .. Half(handle), .. fields, .. texts, .. end];
    }

    private static byte[] Half(ushort value) => [(byte)value, (byte)(value >> 8)];

    private static byte[] Word(uint value)
    {
        byte[] bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }
}
