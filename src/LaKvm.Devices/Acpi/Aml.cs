using System.Buffers.Binary;
using System.Text;

namespace LaKvm.Devices;

/// <summary>
/// Encodes the ACPI machine language (ACPI 6.4, chapter 20): every method returns the bytes of one term, and takes
/// those of the terms inside. Names are written as in ASL, "_CRS" or "\_SB.PCI0".
/// </summary>
internal static class Aml
{
    private const byte ExtendedPrefix = 0x5b;

    /// <summary>An integer, in the shortest form.</summary>
    internal static byte[] Integer(ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return value switch
        {
            0 or 1 => [(byte)value],
            <= byte.MaxValue => [0x0a, (byte)value],
            <= ushort.MaxValue => [0x0b, .. bytes[..2]],
            <= uint.MaxValue => [0x0c, .. bytes[..4]],
            _ => [0x0e, .. bytes],
        };
    }

    /// <summary>A string.</summary>
    internal static byte[] Text(string text) => [0x0d, .. Encoding.ASCII.GetBytes(text), 0];

    /// <summary>
    /// An identifier of a device: three letters and four hexadecimal digits are packed into an integer (ACPI 6.4,
    /// 19.3.4), others stay strings.
    /// </summary>
    internal static byte[] HardwareId(string id) => id.Length == 7
        ? Integer(BinaryPrimitives.ReverseEndianness((uint)(Letter(id[0]) << 26 | Letter(id[1]) << 21
            | Letter(id[2]) << 16 | Convert.ToUInt16(id[3..], 16))))
        : Text(id);

    /// <summary>A name as such: a reference to what it names.</summary>
    internal static byte[] Reference(string path)
    {
        string[] segments = path.TrimStart('\\', '^').Split('.');
        string prefix = path[..^path.TrimStart('\\', '^').Length];
        byte[] count = segments.Length switch { 1 => [], 2 => [0x2e], _ => [0x2f, (byte)segments.Length] };
        return [.. Encoding.ASCII.GetBytes(prefix), .. count, .. segments.SelectMany(Segment)];
    }

    /// <summary>An object with a name.</summary>
    internal static byte[] Name(string name, byte[] value) => [0x08, .. Reference(name), .. value];

    /// <summary>Terms in the scope of an object that is elsewhere.</summary>
    internal static byte[] Scope(string name, params byte[][] terms) => Block([0x10], Reference(name), terms);

    /// <summary>A device with its objects.</summary>
    internal static byte[] Device(string name, params byte[][] terms) =>
        Block([ExtendedPrefix, 0x82], Reference(name), terms);

    /// <summary>A method; only one thread at a time runs it.</summary>
    internal static byte[] Method(string name, int arguments, params byte[][] terms)
    {
        const int serialized = 1 << 3;
        return Block([0x14], [.. Reference(name), (byte)(arguments | serialized)], terms);
    }

    /// <summary>A list of elements, at most 255.</summary>
    internal static byte[] Package(params byte[][] elements) => Block([0x12], [(byte)elements.Length], elements);

    /// <summary>Bytes.</summary>
    internal static byte[] Buffer(params byte[] bytes) => Block([0x11], Integer((ulong)bytes.Length), bytes);

    /// <summary>The bytes of a UUID as ASL's ToUUID orders them.</summary>
    internal static byte[] Uuid(string uuid) => Buffer(new Guid(uuid).ToByteArray());

    /// <summary>Resources of a device (ACPI 6.4, 6.4), to be returned by _CRS.</summary>
    internal static byte[] Resources(params byte[][] descriptors) =>
        Buffer([.. descriptors.SelectMany(d => d), 0x79, 0]); // end tag without checksum

    /// <summary>Registers in the physical address space.</summary>
    internal static byte[] MemoryRegion(string name, ulong address, uint size) =>
        [ExtendedPrefix, 0x80, .. Reference(name), 0, .. Integer(address), .. Integer(size)];

    /// <summary>One field of 32 bits at the start of a region, accessed with 32 bits.</summary>
    internal static byte[] WordField(string region, string name)
    {
        const byte accessWord = 3, bits = 32;
        return Block([ExtendedPrefix, 0x81], [.. Reference(region), accessWord], Segment(name), Length(bits, 0));
    }

    /// <summary>A name for 32 bits of a buffer.</summary>
    internal static byte[] BufferWord(byte[] buffer, int offset, string name) =>
        [0x8a, .. buffer, .. Integer((ulong)offset), .. Reference(name)];

    /// <summary>Terms that count only if a value is true.</summary>
    internal static byte[] If(byte[] condition, params byte[][] terms) => Block([0xa0], condition, terms);

    /// <summary>Terms that count if those before did not.</summary>
    internal static byte[] Else(params byte[][] terms) => Block([0xa1], [], terms);

    /// <summary>Whether two values are equal.</summary>
    internal static byte[] Equal(byte[] left, byte[] right) => [0x93, .. left, .. right];

    /// <summary>Bits that are in both values; stored in the target too.</summary>
    internal static byte[] And(byte[] left, byte[] right, byte[]? target = null) =>
        [0x7b, .. left, .. right, .. target ?? [0]];

    /// <summary>Bits that are in one of the values, stored in the target.</summary>
    internal static byte[] Or(byte[] left, byte[] right, byte[] target) => [0x7d, .. left, .. right, .. target];

    /// <summary>Stores a value.</summary>
    internal static byte[] Store(byte[] value, byte[] target) => [0x70, .. value, .. target];

    /// <summary>Ends a method with a value.</summary>
    internal static byte[] Return(byte[] value) => [0xa4, .. value];

    /// <summary>Tells the driver of a device about an event.</summary>
    internal static byte[] Notify(string device, ulong code) => [0x86, .. Reference(device), .. Integer(code)];

    /// <summary>An argument of the method.</summary>
    internal static byte[] Argument(int number) => [(byte)(0x68 + number)];

    /// <summary>A variable of the method.</summary>
    internal static byte[] Local(int number) => [(byte)(0x60 + number)];

    private static int Letter(char letter) => letter - '@';

    private static byte[] Segment(string segment) => Encoding.ASCII.GetBytes(segment.PadRight(4, '_'));

    private static byte[] Block(byte[] code, byte[] head, params byte[][] terms)
    {
        int size = head.Length + terms.Sum(term => term.Length);
        return [.. code, .. Length(size, counted: 1), .. head, .. terms.SelectMany(term => term)];
    }

    /// <summary>
    /// A length of one to four bytes (ACPI 6.4, 20.2.4), which counts itself where <paramref name="counted"/> is 1.
    /// </summary>
    private static byte[] Length(int size, int counted)
    {
        int bytes = size + counted < 1 << 6 ? 1 : size + (2 * counted) < 1 << 12 ? 2 : 3;
        int value = size + (bytes * counted);
        return bytes switch
        {
            1 => [(byte)value],
            2 => [(byte)(1 << 6 | (value & 0xf)), (byte)(value >> 4)],
            _ => [(byte)(2 << 6 | (value & 0xf)), (byte)(value >> 4), (byte)(value >> 12)],
        };
    }
}
