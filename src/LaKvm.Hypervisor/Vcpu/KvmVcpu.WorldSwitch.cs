using System.Runtime.CompilerServices;
using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// Into the guest and back: what KVM's assembly does. On the way out only what the host's CSRs hold is taken. PGDL and
/// TGID are set when the vCPU is loaded or gets a new tag: root mode in C# makes no translations of its own.
/// </summary>
public sealed unsafe partial class KvmVcpu
{
    private const ulong PrmdForGuest = Crmd.Ie; // PPLV 0; physical interrupts are on while the guest runs

    private ulong _exitEstat;
    private ulong _exitBadv;
    private uint _exitBadi;

    private void SwitchToGuest()
    {
        HostCpu cpu = _cpu!;
        Core core = cpu.Core;
        CopyRegisters(_registers.Gpr, core.State->Gpr);
        core.ExchangeCsr(Csr.Era, _registers.Pc, ulong.MaxValue);
        core.ExchangeCsr(Csr.Prmd, PrmdForGuest, Crmd.PlvMask | Crmd.Ie);
        core.ExchangeCsr(Csr.Gstat, LvzFields.GstatPvm, LvzFields.GstatPvm);
        core.Ertn();
        long slice = cpu.Slice.Length;
        while (cpu.Engine.Run(slice) != RunExit.GuestExit)
        {
            core.PollTimers();
            slice = cpu.Slice.Next();
        }

        _exitEstat = core.ReadCsr(Csr.Estat);
        _exitBadv = core.ReadCsr(Csr.Badv);
        _exitBadi = (uint)core.ReadCsr(Csr.Badi);
        _registers.Pc = core.ReadCsr(Csr.Era);
        core.ExchangeCsr(Csr.Gstat, 0, LvzFields.GstatPvm);
        CopyRegisters(core.State->Gpr, _registers.Gpr);
    }

    /// <summary>
    /// Word by word: they were stored so a moment ago, and the host would have a load of several wait until all of them have
    /// left its store buffer, some 70 ns.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyRegisters(ulong* from, ulong* to)
    {
        for (int i = 0; i < 32; i += 4)
        {
            to[i] = from[i];
            to[i + 1] = from[i + 1];
            to[i + 2] = from[i + 2];
            to[i + 3] = from[i + 3];
        }
    }
}
