namespace LaKvm.Cpu;

/// <summary>A binary interchange format of IEEE 754: sign, exponent and fraction from high to low.</summary>
internal interface IFpFormat
{
    /// <summary>Bits of the fraction field.</summary>
    static abstract int FractionBits { get; }

    /// <summary>Bits of the exponent field.</summary>
    static abstract int ExponentBits { get; }
}

/// <summary>binary16: exists only as a source and result of vector conversions.</summary>
internal readonly struct Binary16 : IFpFormat
{
    public static int FractionBits => 10;

    public static int ExponentBits => 5;
}

/// <summary>binary32.</summary>
internal readonly struct Binary32 : IFpFormat
{
    public static int FractionBits => 23;

    public static int ExponentBits => 8;
}

/// <summary>binary64.</summary>
internal readonly struct Binary64 : IFpFormat
{
    public static int FractionBits => 52;

    public static int ExponentBits => 11;
}

/// <summary>
/// A finite number other than zero: (-1)^Sign * Significand * 2^(Exponent - 63), bit 63 of the significand set.
/// </summary>
internal readonly record struct FpNumber(bool Sign, int Exponent, ulong Significand);
