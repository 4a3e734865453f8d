namespace LaKvm.Hypervisor;

/// <summary>What fewer than 8 bytes are in a register.</summary>
internal static class RegisterData
{
    /// <summary>The low bytes, zero-extended.</summary>
    internal static ulong Low(ulong value, int size) => size == 8 ? value : value & ((1UL << (8 * size)) - 1);

    /// <summary>The low bytes, sign-extended.</summary>
    internal static ulong SignExtend(ulong value, int size)
    {
        int shift = 64 - (8 * size);
        return (ulong)((long)(value << shift) >> shift);
    }
}
