using LaKvm.Ioctl;

namespace LaKvm.Vmm;

/// <summary>Makes a vCPU look like the machine's own cores, as far as guests can be given that.</summary>
internal static class GuestCpu
{
    private const int CpuidCsr = 0x20;
    private const uint LastWord = 20;

    /// <summary>Sets CPUCFG and core number; everything else is as after reset.</summary>
    internal static void Configure(Vcpu vcpu, int id)
    {
        for (uint word = 0; word <= LastWord; word++)
        {
            vcpu.SetCpucfg(word, HostProcess.Cpucfg(word) & vcpu.GetCpucfgMask(word));
        }

        vcpu.SetCsr(CpuidCsr, (ulong)id);
    }
}
