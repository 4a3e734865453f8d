using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>Checksums (manual vol. 1, 2.2.9): rd = that of rk, continued with the low bytes of rj, as a word.</summary>
internal sealed unsafe class ChecksumEmitter(EmitContext context, GuestRegisters registers)
{
    /// <summary>
    /// The polynomial of CRC-32 and the quotient of 2^64 by it, bits reversed: Barrett's reduction of a word needs
    /// both.
    /// </summary>
    private const ulong CrcPolynomial = 0x1_DB71_0641, CrcQuotient = 0x1_F701_1641;

    private readonly Emitter _e = context.Emitter;

    /// <summary>Bytes that a checksum takes in; 0 for another instruction.</summary>
    private static int BytesOf(Opcode opcode) => opcode switch
    {
        Opcode.CrcWBW or Opcode.CrccWBW => 1,
        Opcode.CrcWHW or Opcode.CrccWHW => 2,
        Opcode.CrcWWW or Opcode.CrccWWW => 4,
        Opcode.CrcWDW or Opcode.CrccWDW => 8,
        _ => 0,
    };

    public bool Emit(in Instruction i)
    {
        int bytes = BytesOf(i.Opcode);
        if (bytes == 0 || !context.Features.Crc || !context.Features.Sse41)
        {
            return false;
        }

        if (i.D == 0)
        {
            return true;
        }

        bool isCastagnoli = i.Opcode is Opcode.CrccWBW or Opcode.CrccWHW or Opcode.CrccWWW or Opcode.CrccWDW;
        if (isCastagnoli)
        {
            _e.Mov(Reg.Rax, registers.Of(i.K), Width.W32);
            _e.Mov(Reg.Rcx, registers.Of(i.J));
            _e.Crc32C(Reg.Rax, Reg.Rcx, bytes);
        }
        else
        {
            ReduceChecksum(i, bytes);
        }

        registers.WriteWord(i.D, Reg.Rax);
        return true;
    }

    /// <summary>eax = the checksum.</summary>
    private void ReduceChecksum(in Instruction i, int bytes)
    {
        _e.Mov(Reg.Rcx, registers.Of(i.K), Width.W32);
        _e.Mov(Reg.Rax, registers.Of(i.J));
        _e.Op(Alu.Xor, Reg.Rax, Reg.Rcx);
        if (bytes < 4)
        {
            // Zeros before the message change nothing; what it is too short for of the checksum only moves down.
            _e.ShiftImmediate(Shift.Shl, Reg.Rax, 32 - (8 * bytes), Width.W32);
            ReduceWord();
            _e.ShiftImmediate(Shift.Shr, Reg.Rcx, 8 * bytes, Width.W32);
            _e.Op(Alu.Xor, Reg.Rax, Reg.Rcx, Width.W32);
            return;
        }

        if (bytes == 8)
        {
            _e.Mov(Reg.Rcx, Reg.Rax);
            _e.ShiftImmediate(Shift.Shr, Reg.Rcx, 32);
        }

        ReduceWord();
        if (bytes == 8)
        {
            _e.Op(Alu.Xor, Reg.Rax, Reg.Rcx, Width.W32);
            ReduceWord();
        }
    }

    /// <summary>eax = the word in eax times 2^32, modulo the polynomial.</summary>
    private void ReduceWord()
    {
        _e.Vector(Simd.MovdLoad, 16, 0, Reg.Rax);
        _e.Vector(Simd.Pclmulqdq, 16, 1, 0, context.Constant(CrcQuotient), 0);
        _e.Vector(Simd.MovdStore, 8, 1, Reg.Rax);
        _e.Vector(Simd.MovdLoad, 16, 0, Reg.Rax);
        _e.Vector(Simd.Pclmulqdq, 16, 0, 0, context.Constant(CrcPolynomial), 0);
        _e.VectorImmediate(Simd.Pextrd, 16, 0, Reg.Rax, 1);
    }
}
