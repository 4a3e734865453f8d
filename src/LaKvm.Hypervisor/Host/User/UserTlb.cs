using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// Which state of which address space a CPU's TLB entries are of, by ASID. Every change that takes rights gives an
/// address space a new state (<see cref="UserTranslation.State"/>), which no address space ever had.
/// </summary>
internal sealed class UserTlb
{
    private const int InvalidateAsid = 4;

    private readonly ulong[] _states = new ulong[AddressSpaceIds.Count];
    private int _asid;

    /// <summary>
    /// Makes an address space the CPU's, and drops what it holds of an older state. By the CPU's owner.
    /// </summary>
    internal void Select(Core core, UserTranslation translation)
    {
        if (_asid != translation.Asid)
        {
            _asid = translation.Asid;
            core.ExchangeCsr(Csr.Asid, (ulong)_asid, AddressSpaceIds.Count - 1);
        }

        ulong state = translation.State;
        if (_states[_asid] != state)
        {
            core.InvalidateTlb(InvalidateAsid, (ulong)_asid, 0);
            _states[_asid] = state;
        }
    }
}
