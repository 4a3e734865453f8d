namespace LaKvm.Translator;

/// <content>Extensions that work on general registers: BMI2, whose instructions have three operands, and SSE4.2's
/// checksum.</content>
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
    /// Continues the CRC-32C in <paramref name="to"/> with the low bytes of the operand; needs SSE4.2.
    /// </summary>
    public void Crc32C(Reg to, Rm from, int bytes)
    {
        if (bytes == 2)
        {
            Byte(0x66);
        }

        Byte(0xF2);
        int index = from.HasIndex ? from.IndexNumber : 0;
        Prefix(bytes == 8 ? Width.W64 : Width.W32, (int)to, index, (int)from.Register, force: bytes == 1);
        Byte(0x0F);
        Byte(0x38);
        Byte(bytes == 1 ? 0xF0 : 0xF1);
        ModRm((int)to, from);
    }

    /// <summary>
    /// Instructions on general registers with the VEX prefix (Intel SDM volume 2, 2.3.5), of opcode map
    /// <paramref name="map"/>.
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
