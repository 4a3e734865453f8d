namespace LaKvm.Debugger;

/// <summary>Puts data into packets of gdb's remote protocol.</summary>
internal static class PacketWriter
{
    /// <summary>The packet of some data.</summary>
    internal static byte[] Write(ReadOnlySpan<byte> data)
    {
        var packet = new List<byte>(data.Length + 4) { (byte)'$' };
        byte sum = 0;
        foreach (byte value in data)
        {
            if (value is (byte)'$' or (byte)'#' or (byte)'}' or (byte)'*')
            {
                packet.Add((byte)'}');
                packet.Add((byte)(value ^ 0x20));
                sum += (byte)('}' + (value ^ 0x20));
            }
            else
            {
                packet.Add(value);
                sum += value;
            }
        }

        packet.Add((byte)'#');
        packet.AddRange("0123456789abcdef"u8.Slice(sum >> 4, 1));
        packet.AddRange("0123456789abcdef"u8.Slice(sum & 0xf, 1));
        return [.. packet];
    }
}
