using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>Why a thread has left user code.</summary>
/// <param name="Code">The exception; none if something else wants the thread.</param>
/// <param name="Address">The address that it is about (BADV).</param>
/// <param name="Word">The instruction (BADI).</param>
/// <param name="Error">
/// Of a page exception: ENOENT where nothing is mapped, EPERM where the mapping's rights do not allow the access,
/// EFAULT where the mapped object has nothing, ENOMEM.
/// </param>
public readonly record struct UserTrap(Trap Code, ulong Address, uint Word, Errno Error)
{
    /// <summary>Whether a page was missing, or its rights forbade the access.</summary>
    public bool IsPageFault => Code is >= Trap.Pil and <= Trap.Ppi;
}
