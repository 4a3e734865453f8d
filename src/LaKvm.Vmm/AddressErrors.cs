using System.Buffers.Binary;
using LaKvm.Ioctl;

namespace LaKvm.Vmm;

/// <summary>
/// The answer to an access where nothing is. KVM has no exit that user space could refuse, so the access is completed,
/// what it changed is taken back, and the guest enters its exception handler as its core would have let it (manual
/// volume 1, 6.2.3), all through registers that user space may set.
/// </summary>
internal sealed class AddressErrors(GuestRam ram)
{
    private const int Crmd = 0, Prmd = 1, Ecfg = 4, Estat = 5, Era = 6, Badv = 7, Badi = 8, Eentry = 0xc, Dmw0 = 0x180;
    private const ulong PrivilegeMask = 3, ModeMask = 7, Paging = 1 << 4, CodeMask = 0x7fff_0000;
    private const ulong AddressError = 8, Adem = (AddressError | (1 << 6)) << 16;
    private const ulong PhysicalMask = (1UL << 48) - 1;

    /// <summary>Raises ADEM for the access that the vCPU has just left for; call it on the vCPU's thread.</summary>
    internal void Raise(Vcpu vcpu, VcpuExit exit)
    {
        ulong[] before = vcpu.GetRegisters().Gpr;
        byte[] units = vcpu.GetFpu();
        vcpu.CompleteExit();
        ulong pc = vcpu.GetRegisters().Pc - sizeof(uint);
        vcpu.SetFpu(units);
        vcpu.SetCsr(Badv, exit.Address);
        if (ReadCode(vcpu, pc) is { } word)
        {
            vcpu.SetCsr(Badv, VirtualAddress(vcpu, before, word, exit.Address));
            vcpu.SetCsr(Badi, word);
        }

        Enter(vcpu, before, pc);
    }

    private static void Enter(Vcpu vcpu, ulong[] gpr, ulong pc)
    {
        ulong mode = vcpu.GetCsr(Crmd);
        vcpu.SetCsr(Prmd, (vcpu.GetCsr(Prmd) & ~ModeMask) | (mode & ModeMask));
        vcpu.SetCsr(Crmd, mode & ~ModeMask);
        vcpu.SetCsr(Era, pc);
        vcpu.SetCsr(Estat, (vcpu.GetCsr(Estat) & ~CodeMask) | Adem);
        int spacing = (int)(vcpu.GetCsr(Ecfg) >> 16) & 7;
        ulong offset = spacing == 0 ? 0 : AddressError * (4UL << spacing);
        vcpu.SetRegisters(gpr, vcpu.GetCsr(Eentry) + offset);
    }

    /// <summary>
    /// The instruction at an address, if that leads to RAM without a TLB, which user space can't look into.
    /// </summary>
    private uint? ReadCode(Vcpu vcpu, ulong pc)
    {
        Span<byte> word = stackalloc byte[sizeof(uint)];
        return IsDirect(vcpu, pc) && ram.Read(pc & PhysicalMask, word)
            ? BinaryPrimitives.ReadUInt32LittleEndian(word)
            : null;
    }

    /// <summary>
    /// The address that led to a guest-physical one: that nearest to the base register (rj of every load and store, and
    /// rk of those that add two registers) of which all bits agree that translation leaves alone.
    /// </summary>
    private static ulong VirtualAddress(Vcpu vcpu, ulong[] gpr, uint word, ulong gpa)
    {
        const uint indexed = 0x0e0; // bits 31:22 of ldx and its kind
        ulong start = gpr[(word >> 5) & 31] + (word >> 22 == indexed ? gpr[(word >> 10) & 31] : 0);
        int bits = IsDirect(vcpu, start) ? 48 : 12;
        return start + (ulong)((long)((gpa - start) << (64 - bits)) >> (64 - bits));
    }

    /// <summary>Direct-address mode, or a direct mapped window of the current privilege level.</summary>
    private static bool IsDirect(Vcpu vcpu, ulong address)
    {
        ulong mode = vcpu.GetCsr(Crmd);
        bool direct = (mode & Paging) == 0;
        for (int i = 0; i < 4 && !direct; i++)
        {
            ulong window = vcpu.GetCsr(Dmw0 + i);
            direct = ((window >> (int)(mode & PrivilegeMask)) & 1) != 0 && (address ^ window) >> 60 == 0;
        }

        return direct;
    }
}
