using LaKvm.Isa;

namespace LaKvm.Hypervisor;

/// <summary>What of a register a load or store of a device moves.</summary>
internal enum MmioRegister : byte
{
    /// <summary>The instruction cannot be emulated.</summary>
    None,

    /// <summary>A general register.</summary>
    General,

    /// <summary>The low 32 or 64 bits of a floating-point register.</summary>
    Float,

    /// <summary>A whole vector register: 16 or 32 bytes, in parts of 8.</summary>
    Vector,

    /// <summary>vldrepl: all elements of a vector register get the same value.</summary>
    AllElements,

    /// <summary>vstelm: one element of a vector register.</summary>
    OneElement,
}

/// <summary>
/// A load or store that can be emulated, from the instruction table. Its register is in bits 4:0 of the word, its
/// address in BADV; bounds of ldgt and the like have been checked by the core before it translated the address.
/// </summary>
/// <param name="Register">Kind of register.</param>
/// <param name="Size">Bytes in memory, 0 if the instruction cannot be emulated.</param>
/// <param name="Store">Direction.</param>
/// <param name="Signed">Loads of a general register: sign-extended.</param>
/// <param name="Width">Bytes of the register that change: 16 for LSX, 32 for LASX.</param>
internal readonly record struct MmioInstruction(MmioRegister Register, int Size, bool Store, bool Signed, int Width)
{
    private static MmioInstruction[]? _rows;

    /// <summary>
    /// Decodes every plain load and store. ll, sc and the AM instructions have size 0: nobody can promise that a device
    /// in user space answers atomically, and the manual leaves their effect on uncached memory open (volume 1, 2.2.7).
    /// </summary>
    internal static MmioInstruction Decode(uint word) => (_rows ??= BuildRows())[(int)Decoder.Find(word)];

    private static MmioInstruction[] BuildRows()
    {
        var rows = new MmioInstruction[OpcodeTable.Count];
        for (int i = 0; i < rows.Length; i++)
        {
            OpcodeInfo info = ((Opcode)i).Info();
            if (info.Access is AccessKind.Load or AccessKind.Store && !info.IsPrivileged && info.Unit != Unit.Lbt)
            {
                bool store = info.Access == AccessKind.Store;
                rows[i] = new MmioInstruction(RegisterOf(info, store), info.AccessSize, store,
                    !info.Mnemonic.EndsWith('u'), info.Unit == Unit.Lasx ? 32 : 16);
            }
        }

        return rows;
    }

    private static MmioRegister RegisterOf(OpcodeInfo info, bool store) => info.Unit switch
    {
        Unit.None => MmioRegister.General,
        Unit.Fp => MmioRegister.Float,
        _ when info.AccessSize >= 16 => MmioRegister.Vector,
        _ => store ? MmioRegister.OneElement : MmioRegister.AllElements,
    };
}
