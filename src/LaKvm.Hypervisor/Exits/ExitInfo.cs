using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>What an exit leaves in the host's CSRs.</summary>
/// <param name="Estat">ESTAT: the exception code in bits 21:16, 0 for a physical interrupt.</param>
/// <param name="Badv">BADV: of a second-stage fault, the guest-physical address.</param>
/// <param name="Badi">BADI: the guest's instruction.</param>
internal readonly record struct ExitInfo(ulong Estat, ulong Badv, uint Badi)
{
    /// <summary>Exception codes are below this.</summary>
    internal const int Ecodes = 64;

    /// <summary>The exception code.</summary>
    internal int Ecode => (int)(Estat >> Cpu.Estat.EcodeShift) & (Ecodes - 1);

    /// <summary>The instruction's register in bits 4:0.</summary>
    internal int Rd => (int)Badi & 31;

    /// <summary>The instruction's register in bits 9:5.</summary>
    internal int Rj => (int)(Badi >> 5) & 31;
}
