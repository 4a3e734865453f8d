namespace LaKvm.Hypervisor;

/// <summary>A load or store that can be emulated: width and extension. Its register is in bits 4:0, its address in BADV.</summary>
/// <param name="Size">Bytes, 0 if the instruction cannot be emulated.</param>
/// <param name="Store">Direction.</param>
/// <param name="Signed">Loads: sign-extended.</param>
internal readonly record struct MmioInstruction(int Size, bool Store, bool Signed)
{
    /// <summary>Decodes ld/st, ldx/stx and ldptr/stptr (manual volume 1, 2.2.5); everything else has size 0.</summary>
    internal static MmioInstruction Decode(uint word) => (word >> 24) switch
    {
        0x24 => new MmioInstruction(4, false, true), // ldptr.w
        0x25 => new MmioInstruction(4, true, false), // stptr.w
        0x26 => new MmioInstruction(8, false, false), // ldptr.d
        0x27 => new MmioInstruction(8, true, false), // stptr.d
        >= 0x28 and <= 0x2a => Ordinary(word >> 22),
        0x38 => Indexed(word >> 15),
        _ => default,
    };

    /// <summary>ld.b 0xa0, .h, .w, .d; st.b 0xa4 to .d; ld.bu 0xa8, .hu, .wu.</summary>
    private static MmioInstruction Ordinary(uint opcode) => opcode switch
    {
        >= 0xa0 and <= 0xa3 => new MmioInstruction(1 << (int)(opcode & 3), false, true),
        >= 0xa4 and <= 0xa7 => new MmioInstruction(1 << (int)(opcode & 3), true, false),
        >= 0xa8 and <= 0xaa => new MmioInstruction(1 << (int)(opcode & 3), false, false),
        _ => default,
    };

    /// <summary>ldx.b 0x7000, .h, .w, .d in steps of 8; stx from 0x7020; ldx.bu, .hu, .wu from 0x7040.</summary>
    private static MmioInstruction Indexed(uint opcode) => opcode switch
    {
        0x7000 or 0x7008 or 0x7010 or 0x7018 => new MmioInstruction(1 << (int)((opcode >> 3) & 3), false, true),
        0x7020 or 0x7028 or 0x7030 or 0x7038 => new MmioInstruction(1 << (int)((opcode >> 3) & 3), true, false),
        0x7040 or 0x7048 or 0x7050 => new MmioInstruction(1 << (int)((opcode >> 3) & 3), false, false),
        _ => default,
    };
}
