using System.Text;

namespace LaKvm.Debugger;

/// <summary>Memory, by virtual address of the general thread, or by physical address after Qqemu.PhyMemMode.</summary>
internal sealed class MemoryCommands(SessionState state)
{
    private const uint CrcPolynomial = 0x04c1_1db7;

    internal void AddTo(CommandTable table)
    {
        table.Add("m", arguments => Read(arguments, bytes => Reply.Of(Hex.Of(bytes))));
        table.Add("x", arguments => Read(arguments, bytes => Reply.Binary('b', bytes)));
        table.Add("M", arguments => Write(arguments, text => Hex.TryBytes(text, out byte[] bytes) ? bytes : null));
        table.Add("X", arguments => Write(arguments, Encoding.Latin1.GetBytes));
        table.Add("qqemu.PhyMemMode", _ => Reply.Of(state.PhysicalMemory ? "1" : "0"));
        table.Add("Qqemu.PhyMemMode", SetPhysical);
        table.Add("qCRC", Checksum);
        table.Add("qSearch", Search);
    }

    private static bool TryRange(string arguments, out ulong address, out ulong length)
    {
        length = 0;
        int comma = arguments.IndexOf(',');
        bool isNumber = Hex.TryNumber(comma < 0 ? "" : arguments.AsSpan(0, comma), out address);
        return isNumber && Hex.TryNumber(arguments.AsSpan(comma + 1), out length);
    }

    private Reply Read(string arguments, Func<byte[], Reply> answer)
    {
        if (!TryRange(arguments, out ulong address, out ulong length) || length > PacketParser.MaxPacket / 2)
        {
            return Reply.Bad;
        }

        if (state.Thread is not { } thread)
        {
            return Reply.Missing;
        }

        byte[] bytes = new byte[length];
        int read = ThreadMemory.Read(thread, address, bytes, state.PhysicalMemory);
        return read == 0 && length != 0 ? Reply.NoMemory : answer(bytes[..read]);
    }

    private Reply Write(string arguments, Func<string, byte[]?> decode)
    {
        int colon = arguments.IndexOf(':');
        if (colon < 0 || !TryRange(arguments[..colon], out ulong address, out ulong length)
            || decode(arguments[(colon + 1)..]) is not { } bytes || (ulong)bytes.Length != length)
        {
            return Reply.Bad;
        }

        return state.Thread is { } thread && ThreadMemory.Write(thread, address, bytes, state.PhysicalMemory)
            ? Reply.Ok
            : Reply.NoMemory;
    }

    private Reply SetPhysical(string arguments)
    {
        if (arguments is not ("0" or "1"))
        {
            return Reply.Bad;
        }

        state.PhysicalMemory = arguments == "1";
        return Reply.Ok;
    }

    /// <summary>What gdb's compare-sections asks for: CRC-32, high bit first, from all ones, not inverted.</summary>
    private Reply Checksum(string arguments)
    {
        if (!TryRange(arguments, out ulong address, out ulong length) || state.Thread is not { } thread)
        {
            return Reply.Bad;
        }

        uint crc = uint.MaxValue;
        Span<byte> page = stackalloc byte[4096];
        while (length > 0)
        {
            Span<byte> part = page[..(int)Math.Min(length, (ulong)page.Length)];
            if (ThreadMemory.Read(thread, address, part, state.PhysicalMemory) != part.Length)
            {
                return Reply.NoMemory;
            }

            crc = Continue(crc, part);
            address += (ulong)part.Length;
            length -= (ulong)part.Length;
        }

        return Reply.Of($"C{crc:x}");
    }

    private static uint Continue(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            crc ^= (uint)value << 24;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc << 1) ^ ((int)crc < 0 ? CrcPolynomial : 0);
            }
        }

        return crc;
    }

    /// <summary>qSearch:memory:ADDRESS;LENGTH;PATTERN.</summary>
    private Reply Search(string arguments)
    {
        string[] parts = arguments.Split([':', ';'], 4);
        if (parts.Length != 4 || parts[0] != "memory" || !Hex.TryNumber(parts[1], out ulong address)
            || !Hex.TryNumber(parts[2], out ulong length) || parts[3].Length == 0 || state.Thread is not { } thread)
        {
            return Reply.Bad;
        }

        byte[] pattern = Encoding.Latin1.GetBytes(parts[3]);
        byte[] window = new byte[4096 + pattern.Length - 1];
        for (ulong done = 0; done + (ulong)pattern.Length <= length; done += 4096)
        {
            int part = (int)Math.Min((ulong)window.Length, length - done);
            int read = ThreadMemory.Read(thread, address + done, window.AsSpan(0, part), state.PhysicalMemory);
            int found = window.AsSpan(0, read).IndexOf(pattern);
            if (found >= 0)
            {
                return Reply.Of($"1,{address + done + (ulong)found:x}");
            }

            if (read != part)
            {
                return Reply.NoMemory;
            }
        }

        return Reply.Of("0");
    }
}
