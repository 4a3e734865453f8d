using System.Runtime.InteropServices;

namespace LaKvm.Cpu;

/// <summary>
/// One entry of the software TLB: a 4 KiB page of the current mode's address space. A tag is the page's virtual
/// address, or <see cref="NoMatch"/> where the access must take the slow path (MMIO, no permission, code in the page).
/// One compare checks page and permission, and that the access stays in the page: <c>((va + size - 1) &amp; ~0xFFF) ==
/// tag</c>; or that it is aligned: <c>(va &amp; (~0xFFF | (size - 1))) == tag</c>.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
public struct SoftTlbEntry
{
    /// <summary>
    /// A tag that no address can match: bit 11 is masked away in every compare (sizes are at most 32 bytes).
    /// </summary>
    public const ulong NoMatch = 1UL << 11;

    /// <summary>Tag for loads.</summary>
    public ulong ReadTag;

    /// <summary>Tag for stores.</summary>
    public ulong WriteTag;

    /// <summary>Tag for instruction fetch.</summary>
    public ulong ExecuteTag;

    /// <summary>Host address minus virtual address: <c>va + Addend</c> is where the byte lives.</summary>
    public nint Addend;
}
