using X86 = System.Runtime.Intrinsics.X86;

namespace LaKvm.Translator;

/// <summary>
/// The instruction sets that translations use where the host has them. Without one, handlers do that work.
/// </summary>
/// <param name="Sse41">Scalar floating point (SSE4.1).</param>
/// <param name="Avx2">Vectors, and three operands for all that works on them (AVX2).</param>
/// <param name="Fma">Fused multiply-add (FMA3); needs <paramref name="Avx2"/>.</param>
/// <param name="Bmi2">Shifts and rotations with three operands (BMI2).</param>
/// <param name="Crc">Checksums: CRC-32C (SSE4.2), and products without carries for CRC-32 (PCLMULQDQ).</param>
public readonly record struct HostFeatures(bool Sse41, bool Avx2, bool Fma, bool Bmi2, bool Crc)
{
    /// <summary>Those of this computer.</summary>
    public static HostFeatures Detect() => new(
        X86.Sse41.IsSupported,
        X86.Avx2.IsSupported,
        X86.Fma.IsSupported,
        X86.Bmi2.IsSupported,
        X86.Sse42.IsSupported && X86.Pclmulqdq.IsSupported);
}
