using System.Numerics;

namespace LaKvm.Cpu;

/// <summary>
/// Results of the CRC instructions (manual vol. 1, 2.2.9): message in <c>j</c>, checksum so far in <c>k</c>, both
/// least-significant bit first; the new checksum sign-extended.
/// </summary>
public static class CrcArithmetic
{
    private const uint IeeePolynomial = 0xEDB8_8320;

    private static readonly uint[] IeeeTable = BuildTable(IeeePolynomial);

    /// <summary>crc.w.b.w.</summary>
    public static ulong CrcWBW(ulong j, ulong k) => Ieee(j, k, 1);

    /// <summary>crc.w.h.w.</summary>
    public static ulong CrcWHW(ulong j, ulong k) => Ieee(j, k, 2);

    /// <summary>crc.w.w.w.</summary>
    public static ulong CrcWWW(ulong j, ulong k) => Ieee(j, k, 4);

    /// <summary>crc.w.d.w.</summary>
    public static ulong CrcWDW(ulong j, ulong k) => Ieee(j, k, 8);

    /// <summary>crcc.w.b.w (Castagnoli's polynomial).</summary>
    public static ulong CrccWBW(ulong j, ulong k) => SignExtend(BitOperations.Crc32C((uint)k, (byte)j));

    /// <summary>crcc.w.h.w.</summary>
    public static ulong CrccWHW(ulong j, ulong k) => SignExtend(BitOperations.Crc32C((uint)k, (ushort)j));

    /// <summary>crcc.w.w.w.</summary>
    public static ulong CrccWWW(ulong j, ulong k) => SignExtend(BitOperations.Crc32C((uint)k, (uint)j));

    /// <summary>crcc.w.d.w.</summary>
    public static ulong CrccWDW(ulong j, ulong k) => SignExtend(BitOperations.Crc32C((uint)k, j));

    private static ulong Ieee(ulong message, ulong checksum, int bytes)
    {
        uint crc = (uint)checksum;
        for (int n = 0; n < bytes; n++)
        {
            crc = IeeeTable[(byte)(crc ^ message)] ^ (crc >> 8);
            message >>= 8;
        }

        return SignExtend(crc);
    }

    private static uint[] BuildTable(uint polynomial)
    {
        var table = new uint[256];
        for (uint n = 0; n < 256; n++)
        {
            uint crc = n;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ polynomial : crc >> 1;
            }

            table[n] = crc;
        }

        return table;
    }

    private static ulong SignExtend(uint word) => (ulong)(int)word;
}
