using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LaKvm.Interpreter;

/// <summary>
/// The decoded instructions of one 4 KiB page of RAM; its slots, and a sentinel, follow it in memory.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = HeaderBytes)]
internal unsafe struct CodePage
{
    /// <summary>Instructions of a page.</summary>
    public const int Slots = 1024;

    /// <summary>Size of this structure without the slots.</summary>
    public const int HeaderBytes = 32;

    /// <summary>Size with slots and sentinel.</summary>
    public const int TotalBytes = HeaderBytes + ((Slots + 1) << CodeSlot.SizeShift);

    /// <summary>Host address of the page's memory.</summary>
    public byte* Host;

    /// <summary>Physical address of the page.</summary>
    public ulong Physical;

    /// <summary>Whether the core knows that slots of this page are decoded.</summary>
    public bool Announced;

    /// <summary>First slot of a page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeSlot* First(CodePage* page) => (CodeSlot*)((byte*)page + HeaderBytes);

    /// <summary>The sentinel behind the last slot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodeSlot* End(CodePage* page) => First(page) + Slots;
}
