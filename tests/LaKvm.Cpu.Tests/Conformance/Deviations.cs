namespace LaKvm.Cpu.Tests.Conformance;

/// <summary>
/// Where the manual says otherwise than QEMU does: turns what QEMU recorded into what the manual demands. Further
/// differences are kept out of the recording and have tests of their own: the bounds of asrt* and of the bound-checked
/// accesses are signed numbers, and the FP ones among these take their address from rj alone
/// (<see cref="BoundCheckTests"/>).
/// </summary>
internal static class Deviations
{
    private const uint EnableUnderflow = 1 << 1, CauseUnderflow = 1 << 25, CauseMask = 0x1f00_0000;

    /// <summary>Rows whose result is a float that an operation has rounded, and so may be tiny.</summary>
    private static readonly string[] Rounding =
        ["fadd.", "fsub.", "fmul.", "fdiv.", "fmadd.", "fmsub.", "fnmadd.", "fnmsub.", "frecip.", "fscaleb.",
            "fcvt.s."];

    public static VectorCase Apply(string mnemonic, VectorCase vector)
    {
        if (IsExactTiny(mnemonic, vector))
        {
            // With the underflow exception enabled, a tiny result traps even if it is exact (3.1.4.4).
            uint fcsr = (vector.Before.Fcsr & ~CauseMask) | CauseUnderflow;
            return vector.With(new MachineImage(vector.Before) { Trap = "Fpe", Fcsr = fcsr });
        }

        if (mnemonic is "sc.w" or "sc.d" && vector.Code.Length == 1 && IsMisaligned(mnemonic, vector))
        {
            // sc must be aligned (2.2.7.2); QEMU looks only when the LLbit is set.
            return vector.With(new MachineImage(vector.Before) { Trap = "Ale" });
        }

        if (mnemonic is "ftintrz.w.s" or "ftintrne.w.s" && vector.After.Trap == null)
        {
            // The upper half may be anything (3.1.2.1). QEMU clears it here and extends the sign in its six sisters.
            MachineImage after = new(vector.After);
            int register = (int)(vector.Code[0] & 31) * 4;
            after.Vr[register] = (ulong)(int)after.Vr[register];
            return vector.With(after);
        }

        return vector;
    }

    private static bool IsExactTiny(string mnemonic, VectorCase vector)
    {
        bool candidate = Array.Exists(Rounding, row => mnemonic.StartsWith(row, StringComparison.Ordinal))
            && (vector.Before.Fcsr & EnableUnderflow) != 0 && vector.After.Trap == null;
        if (!candidate)
        {
            return false;
        }

        ulong result = vector.After.Vr[(vector.Code[0] & 31) * 4];
        bool single = mnemonic.EndsWith(".s", StringComparison.Ordinal) || mnemonic == "fcvt.s.d";
        return single ? float.IsSubnormal(BitConverter.UInt32BitsToSingle((uint)result))
            : double.IsSubnormal(BitConverter.UInt64BitsToDouble(result));
    }

    private static bool IsMisaligned(string mnemonic, VectorCase vector)
    {
        uint word = vector.Code[0];
        ulong offset = (ulong)((int)(word << 8) >> 18 << 2);
        ulong address = vector.Before.Gpr[(word >> 5) & 31] + offset;
        return (address & (mnemonic == "sc.w" ? 3u : 7u)) != 0;
    }
}
