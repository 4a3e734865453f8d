using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// Into the guest and back: what KVM's assembly does. On the way out only what the host's CSRs hold is taken. What root
/// mode in C# does not use itself stays as the guest needs it while the vCPU is loaded: the general registers and
/// GSTAT.PVM, which an exit sets anyway; PGDL and TGID, which change with the vCPU's tag.
/// </summary>
public sealed unsafe partial class KvmVcpu
{
    private const ulong PrmdForGuest = Crmd.Ie; // PPLV 0; physical interrupts are on while the guest runs

    private ulong _exitPc;
    private ulong _exitEstat;
    private ulong _exitBadv;
    private uint _exitBadi;

    private void SwitchToGuest()
    {
        HostCpu cpu = _cpu!;
        Core core = cpu.Core;
        core.ExchangeCsr(Csr.Era, _registers.Pc, ulong.MaxValue);
        core.ExchangeCsr(Csr.Prmd, PrmdForGuest, Crmd.PlvMask | Crmd.Ie);
        core.Ertn();
        RunSlice slice = cpu.Slice;
        while (cpu.Engine.Run(slice.Left) != RunExit.GuestExit)
        {
            core.PollTimers();
            slice.Next();
        }

        slice.Exited();
        _exitEstat = core.ReadCsr(Csr.Estat);
        _exitBadv = core.ReadCsr(Csr.Badv);
        _exitBadi = (uint)core.ReadCsr(Csr.Badi);
        _registers.Pc = _exitPc = core.ReadCsr(Csr.Era);
    }
}
