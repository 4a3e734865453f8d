namespace LaKvm.Translator;

/// <content>Instructions on general registers that have three operands, and leave the flags alone.</content>
internal sealed unsafe partial class Emitter
{
    /// <summary>Rotates right into another register; needs BMI2.</summary>
    public void RotateRight(Reg to, Rm from, int count, Width width)
    {
        EncodeVex(width, 3, 3, 0xF0, to, from, 0);
        Byte(count);
    }

    /// <summary>Shifts into another register, by a register modulo the width; no rotation. Needs BMI2.</summary>
    public void ShiftByRegister(Shift operation, Reg to, Rm from, Reg count, Width width)
    {
        int prefix = operation switch { Shift.Shl => 1, Shift.Sar => 2, _ => 3 };
        EncodeVex(width, prefix, 2, 0xF7, to, from, count);
    }

    /// <summary>
    /// Instructions on general registers with the VEX prefix (Intel SDM volume 2, 2.3.5), of opcode map <paramref name="map"/>.
    /// </summary>
    private void EncodeVex(Width width, int prefix, int map, int opcode, Reg register, Rm rm, Reg second)
    {
        int index = rm.HasIndex ? rm.IndexNumber : 0;
        int inverted = (((int)register & 8) << 4) | ((index & 8) << 3) | (((int)rm.Register & 8) << 2);
        Byte(0xC4);
        Byte((inverted ^ 0xE0) | map);
        Byte(((int)width << 4) | ((~(int)second & 15) << 3) | prefix);
        Byte(opcode);
        ModRm((int)register, rm);
    }
}
