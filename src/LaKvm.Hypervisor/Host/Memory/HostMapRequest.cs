namespace LaKvm.Hypervisor;

/// <summary>What is to be mapped.</summary>
/// <param name="Rights">What may be done with it.</param>
/// <param name="Object">What is behind it; null for zeroes of the process's own.</param>
/// <param name="Offset">Where in the object it begins, in bytes: a page's.</param>
/// <param name="IsShared">Whether stores go to the object.</param>
public readonly record struct HostMapRequest(
    HostRights Rights, HostMemoryObject? Object = null, ulong Offset = 0, bool IsShared = false)
{
    internal HostMappingArea AreaAt(HostPageTable table, ulong start, ulong end) => new(table, start, end, Rights)
    {
        Object = Object,
        Offset = Offset,
        IsShared = IsShared,
    };
}

/// <summary>A mapping of an address space, for who looks at it.</summary>
/// <param name="Start">First address.</param>
/// <param name="End">First address behind it.</param>
/// <param name="Rights">What may be done with it.</param>
/// <param name="IsShared">Whether stores go to the mapped object.</param>
/// <param name="Offset">Where in the object it begins, in bytes.</param>
public readonly record struct HostMappingInfo(ulong Start, ulong End, HostRights Rights, bool IsShared, ulong Offset);
