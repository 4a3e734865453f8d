using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// fclass (manual vol. 1, 3.2.1.6), on the bits in general registers: C libraries ask it of every argument.
/// </summary>
internal sealed unsafe class FpClassEmitter(EmitContext context, FpuState fpu)
{
    /// <summary>Classes of negative numbers; those of positive ones are four bits higher.</summary>
    private const int Infinite = 1 << 2, Normal = 1 << 3, Subnormal = 1 << 4, ZeroNumber = 1 << 5, SignalingNaN = 1,
        QuietNaN = 1 << 1;

    private const int PositiveShift = 4;

    private readonly Emitter _e = context.Emitter;
    private readonly VectorCache _vectors = context.Vectors;

    public void Emit(in Instruction i, bool isDouble)
    {
        fpu.CheckUnit(i);
        Width width = isDouble ? Width.W64 : Width.W32;
        _e.Vector(isDouble ? Simd.MovqStore : Simd.MovdStore, 8, _vectors.Read(i.J, 8), Reg.Rcx);

        // Without the sign, all of a class lie between two numbers.
        _e.Lea(Reg.Rdx, Rm.At(Reg.Rcx, Reg.Rcx, 0), width);
        CompareMagnitude(isDouble, 0xFFE0_0000_0000_0000, 0xFF00_0000);
        byte* isNaN = _e.JumpShort(Condition.Above);
        _e.MovImmediate(Reg.Rax, Infinite);
        byte* isInfinite = _e.JumpShort(Condition.Equal);
        CompareMagnitude(isDouble, 0x0020_0000_0000_0000, 0x0100_0000);
        _e.MovImmediate(Reg.Rax, Normal);
        byte* isNormal = _e.JumpShort(Condition.AboveOrEqual);
        _e.MovImmediate(Reg.Rax, Subnormal);
        _e.Test(Reg.Rdx, Reg.Rdx, width);
        byte* isSubnormal = _e.JumpShort(Condition.NotEqual);
        _e.MovImmediate(Reg.Rax, ZeroNumber);
        _e.Land(isInfinite);
        _e.Land(isNormal);
        _e.Land(isSubnormal);
        _e.Test(Reg.Rcx, Reg.Rcx, width);
        byte* isNegative = _e.JumpShort(Condition.Sign);
        _e.ShiftImmediate(Shift.Shl, Reg.Rax, PositiveShift, Width.W32);
        byte* isPositive = _e.JumpShort();
        _e.Land(isNaN);
        CompareMagnitude(isDouble, 0xFFF0_0000_0000_0000, 0xFF80_0000);
        _e.MovImmediate(Reg.Rax, SignalingNaN);
        byte* isSignaling = _e.JumpShort(Condition.Below);
        _e.MovImmediate(Reg.Rax, QuietNaN);
        _e.Land(isSignaling);
        _e.Land(isNegative);
        _e.Land(isPositive);
        int d = _vectors.Fresh();
        _e.Vector(Simd.MovqLoad, 8, d, Reg.Rax);
        _vectors.Commit(i.D, d, 8);
    }

    private void CompareMagnitude(bool isDouble, ulong twiceDouble, uint twiceSingle)
    {
        if (isDouble)
        {
            _e.MovImmediate(Reg.Rax, twiceDouble);
            _e.Op(Alu.Cmp, Reg.Rdx, Reg.Rax);
        }
        else
        {
            _e.OpImmediate(Alu.Cmp, Reg.Rdx, (int)twiceSingle, Width.W32);
        }
    }
}
