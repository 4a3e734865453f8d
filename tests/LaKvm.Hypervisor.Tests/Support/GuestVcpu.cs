using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Makes vCPUs for guests in assembly.</summary>
internal static class GuestVcpu
{
    private const int CpuidCsr = 0x20;
    private const uint LastCpucfgWord = 20;

    /// <summary>
    /// A vCPU that looks like the machine's cores and starts at <paramref name="pc"/>, in direct-address mode.
    /// </summary>
    internal static Vcpu Create(LaKvm.Ioctl.Vm vm, int id, ulong pc)
    {
        Vcpu vcpu = vm.CreateVcpu(id);
        for (uint word = 0; word <= LastCpucfgWord; word++)
        {
            vcpu.SetCpucfg(word, HostProcess.Cpucfg(word) & vcpu.GetCpucfgMask(word));
        }

        vcpu.SetCsr(CpuidCsr, (ulong)id);
        vcpu.SetRegisters(new ulong[32], pc);
        return vcpu;
    }
}
