using System.Runtime.CompilerServices;

namespace LaKvm.Cpu;

/// <summary>IEEE 754 exceptions in the order that each 5-bit field of FCSR0 has them (manual vol. 1, 3.1.3).</summary>
[Flags]
public enum FpFlags : uint
{
    /// <summary>No exception.</summary>
    None = 0,

    /// <summary>I: the result was rounded.</summary>
    Inexact = 1,

    /// <summary>U: the result is tiny, detected after rounding, and inexact (or the exception is enabled).</summary>
    Underflow = 2,

    /// <summary>O: the rounded result exceeds the format's largest finite number.</summary>
    Overflow = 4,

    /// <summary>Z: an exact infinity from finite operands.</summary>
    DivideByZero = 8,

    /// <summary>V: no useful result is defined.</summary>
    Invalid = 16,
}

/// <summary>Rounding modes as FCSR0.RM encodes them.</summary>
public enum FpRounding : uint
{
    /// <summary>RNE: to nearest, ties to even.</summary>
    NearestEven = 0,

    /// <summary>RZ: toward zero.</summary>
    TowardZero = 1,

    /// <summary>RP: toward positive infinity.</summary>
    Up = 2,

    /// <summary>RM: toward negative infinity.</summary>
    Down = 3,
}

/// <summary>
/// What an operation needs of FCSR0 and gives back: rounding mode and enables in, exceptions out. The functions of
/// <see cref="Fp32"/> and <see cref="Fp64"/> add to <see cref="Flags"/>, so several lanes may share one environment.
/// </summary>
public struct FpEnvironment
{
    /// <summary>Rounding mode.</summary>
    public readonly FpRounding Rounding;

    /// <summary>
    /// Exceptions that trap. They change no result; but an exact tiny result is an underflow only when that is enabled
    /// (manual vol. 1, 3.1.4.4).
    /// </summary>
    public readonly FpFlags Enables;

    /// <summary>Exceptions of the operations so far.</summary>
    public FpFlags Flags;

    /// <summary>The environment that a value of FCSR0 describes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FpEnvironment(uint fcsr)
    {
        Rounding = (FpRounding)((fcsr & Fcsr.RmMask) >> Fcsr.RmShift);
        Enables = (FpFlags)(fcsr & Fcsr.EnablesMask);
    }

    /// <summary>An environment with the given rounding mode and the enables of this one.</summary>
    public FpEnvironment(FpRounding rounding, FpFlags enables)
    {
        Rounding = rounding;
        Enables = enables;
    }
}

/// <summary>Layout of FCSR0 and the fields that FCSR1 to FCSR3 alias (manual vol. 1, 3.1.2.3).</summary>
public static class Fcsr
{
    /// <summary>Enables, bits 4:0; all of FCSR1.</summary>
    public const uint EnablesMask = 0x1f;

    /// <summary>RM, bits 9:8; all of FCSR3.</summary>
    public const uint RmMask = 3 << RmShift;

    /// <summary>Position of RM.</summary>
    public const int RmShift = 8;

    /// <summary>Position of Flags, bits 20:16.</summary>
    public const int FlagsShift = 16;

    /// <summary>Position of Cause, bits 28:24.</summary>
    public const int CauseShift = 24;

    /// <summary>Cause, bits 28:24.</summary>
    public const uint CauseMask = 0x1fu << CauseShift;

    /// <summary>Cause and Flags; all of FCSR2.</summary>
    public const uint StatusMask = CauseMask | (0x1f << FlagsShift);

    /// <summary>The bits of FCSR<paramref name="number"/>, all of which are FCSR0's; the others read as 0.</summary>
    public static uint Mask(int number) => (number & 3) switch
    {
        0 => EnablesMask | RmMask | StatusMask,
        1 => EnablesMask,
        2 => StatusMask,
        _ => RmMask,
    };

    /// <summary>
    /// FCSR0 after an instruction with these exceptions: Cause is rewritten; Flags accumulate unless one of them traps,
    /// as Flags holds what happened and was not caught.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Update(uint fcsr, FpFlags flags, out bool traps)
    {
        uint raised = (uint)flags;
        fcsr = (fcsr & ~CauseMask) | (raised << CauseShift);
        traps = (raised & fcsr & EnablesMask) != 0;
        return traps ? fcsr : fcsr | (raised << FlagsShift);
    }
}
