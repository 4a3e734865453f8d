using System.Runtime.InteropServices;

namespace LaKvm.Translator;

/// <summary>
/// What is known about one 4 KiB page of guest code: behind this header lie, for each instruction, the address of the
/// machine code that continues there, and how often execution came there before it was translated.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = HeaderBytes)]
internal unsafe struct CodePage
{
    /// <summary>Instructions of a page.</summary>
    public const int Slots = 1024;

    /// <summary>Bytes of a page.</summary>
    public const int Bytes = Slots * 4;

    /// <summary>Size of this structure without the tables; the entries begin behind it.</summary>
    public const int HeaderBytes = 64;

    /// <summary>Size with its tables.</summary>
    public const int TotalBytes = HeaderBytes + (Slots * (sizeof(long) + sizeof(byte)));

    /// <summary>Host address of the page's memory.</summary>
    public byte* Host;

    /// <summary>Physical address of the page.</summary>
    public ulong Physical;

    /// <summary>Whether the core knows that something of this page is translated.</summary>
    public bool Announced;

    /// <summary>Machine code to jump to for the instruction at <paramref name="offset"/>; never null.</summary>
    public static byte** Entry(CodePage* page, int offset) => (byte**)((byte*)page + HeaderBytes) + (offset >> 2);

    /// <summary>
    /// How often the instruction at <paramref name="offset"/> was come to while it was not translated.
    /// </summary>
    public static byte* Count(CodePage* page, int offset) =>
        (byte*)page + HeaderBytes + (Slots * sizeof(long)) + (offset >> 2);

    /// <summary>Forgets what is translated: all instructions lead to <paramref name="resolve"/>.</summary>
    public static void Reset(CodePage* page, byte* resolve)
    {
        page->Announced = false;
        new Span<nint>(Entry(page, 0), Slots).Fill((nint)resolve);
        NativeMemory.Clear(Count(page, 0), Slots);
    }
}
