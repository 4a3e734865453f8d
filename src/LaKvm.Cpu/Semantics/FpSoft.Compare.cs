namespace LaKvm.Cpu;

/// <summary>
/// How two numbers compare; the bits of fcmp's condition field that are true for each (manual vol. 1, 3.2.2.1).
/// </summary>
[Flags]
public enum FpRelation
{
    /// <summary>The first one is less.</summary>
    Less = 1,

    /// <summary>Equal; zeros of either sign are.</summary>
    Equal = 2,

    /// <summary>At least one is a NaN.</summary>
    Unordered = 4,

    /// <summary>The first one is greater.</summary>
    Greater = 8,
}

/// <content>Comparison, minimum and maximum, classes.</content>
internal static partial class FpSoft<F>
{
    /// <summary>Compares; invalid for a signaling NaN, and for any NaN if <paramref name="signaling"/>.</summary>
    public static FpRelation Compare(ulong a, ulong b, bool signaling, ref FpEnvironment env)
    {
        if (IsNaN(a) || IsNaN(b))
        {
            if (signaling || IsSignaling(a) || IsSignaling(b))
            {
                env.Flags |= FpFlags.Invalid;
            }

            return FpRelation.Unordered;
        }

        long x = Order(a), y = Order(b);
        return x < y ? FpRelation.Less : x == y ? FpRelation.Equal : FpRelation.Greater;
    }

    /// <summary>An integer that orders as the number does.</summary>
    private static long Order(ulong x) => IsNegative(x) ? -(long)Magnitude(x) : (long)Magnitude(x);

    /// <summary>maxNum(a, b): a single quiet NaN gives way to the other operand; +0 is greater than -0.</summary>
    public static ulong Max(ulong a, ulong b, ref FpEnvironment env) =>
        IsNaN(a) || IsNaN(b) ? NumberOf(a, b, ref env) : IsGreater(a, b) ? a : b;

    /// <summary>minNum(a, b).</summary>
    public static ulong Min(ulong a, ulong b, ref FpEnvironment env) =>
        IsNaN(a) || IsNaN(b) ? NumberOf(a, b, ref env) : IsGreater(a, b) ? b : a;

    /// <summary>maxNumMag(a, b): by magnitude, then by value.</summary>
    public static ulong MaxMagnitude(ulong a, ulong b, ref FpEnvironment env) =>
        IsNaN(a) || IsNaN(b) ? NumberOf(a, b, ref env) : IsGreaterMagnitude(a, b) ? a : b;

    /// <summary>minNumMag(a, b).</summary>
    public static ulong MinMagnitude(ulong a, ulong b, ref FpEnvironment env) =>
        IsNaN(a) || IsNaN(b) ? NumberOf(a, b, ref env) : IsGreaterMagnitude(a, b) ? b : a;

    private static ulong NumberOf(ulong a, ulong b, ref FpEnvironment env)
    {
        bool choose = !IsSignaling(a) && !IsSignaling(b) && IsNaN(a) != IsNaN(b);
        return choose ? (IsNaN(a) ? b : a) : Propagate(a, b, ref env);
    }

    private static bool IsGreater(ulong a, ulong b) =>
        Order(a) != Order(b) ? Order(a) > Order(b) : !IsNegative(a);

    private static bool IsGreaterMagnitude(ulong a, ulong b) =>
        Magnitude(a) != Magnitude(b) ? Magnitude(a) > Magnitude(b) : IsGreater(a, b);

    /// <summary>
    /// fclass: one of 10 bits. 0 signaling NaN, 1 quiet NaN; 2 to 5 negative infinity, normal, subnormal, zero; 6 to 9
    /// the same, positive (manual vol. 1, 3.2.1.8).
    /// </summary>
    public static uint Class(ulong x)
    {
        if (IsNaN(x))
        {
            return IsSignaling(x) ? 1u : 2u;
        }

        ulong magnitude = Magnitude(x);
        int kind = magnitude == Infinity ? 0 : magnitude >= 1UL << F.FractionBits ? 1 : magnitude != 0 ? 2 : 3;
        return 1u << (kind + (IsNegative(x) ? 2 : 6));
    }
}
