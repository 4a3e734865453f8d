using System.Runtime.InteropServices;
using System.Text;
using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>
/// The stack that a program finds: number and addresses of its words, of its environment, and the auxiliary vector
/// (getauxval(3)); above these the texts.
/// </summary>
internal static class InitialStack
{
    private const ulong ProgramHeaderSize = 56, ClockTicks = 100;
    private const ulong MinimalSignalStack = 4096;

    /// <summary>HWCAP bits of the core: CPUCFG, LAM, UAL, FPU, LSX, LASX, CRC32, LVZ.</summary>
    private const ulong Capabilities = 0x27f;

    /// <summary>Builds it below an address; returns the stack pointer, or null if it does not fit.</summary>
    internal static ulong? Build(
        HostAddressSpace memory, ulong top, string path, IReadOnlyList<string> arguments,
            IReadOnlyList<string> environment,
        LoadedImage program, LoadedImage? linker)
    {
        var texts = new Texts(top);
        ulong random = texts.Add(RandomBytes()), platform = texts.Add("loongarch"), file = texts.Add(path);
        var words = new List<ulong> { (ulong)arguments.Count };
        words.AddRange(arguments.Select(texts.Add));
        words.Add(0);
        words.AddRange(environment.Select(texts.Add));
        words.Add(0);
        foreach ((int kind, ulong value) in Vector(memory, program, linker, random, platform, file))
        {
            words.Add((ulong)kind);
            words.Add(value);
        }

        words.AddRange([0, 0]);
        ulong start = (texts.Start - ((ulong)words.Count * sizeof(ulong))) & ~15UL;
        return memory.CopyTo(texts.Start, texts.Bytes)
            && memory.CopyTo(start, MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(words))) ? start : null;
    }

    private static (int Kind, ulong Value)[] Vector(
        HostAddressSpace memory, LoadedImage program, LoadedImage? linker, ulong random, ulong platform, ulong file) =>
        [
            // AT_PHDR, PHENT, PHNUM.
            (3, program.Headers), (4, ProgramHeaderSize), (5, (ulong)program.File.HeadersCount),
            // PAGESZ, BASE, FLAGS, ENTRY.
            (6, memory.Pages.PageSize), (7, linker?.Bias ?? 0), (8, 0), (9, program.Entry),
            (11, SystemGroup.User), (12, SystemGroup.User), (13, SystemGroup.Group), (14, SystemGroup.Group),
            (15, platform), (16, Capabilities), (17, ClockTicks), (23, 0), // PLATFORM, HWCAP, CLKTCK, SECURE
            (25, random), (26, 0), (31, file), (51, MinimalSignalStack), // RANDOM, HWCAP2, EXECFN, MINSIGSTKSZ
        ];

    private static byte[] RandomBytes()
    {
        byte[] bytes = new byte[16];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Texts that are laid down from the top.</summary>
    private sealed class Texts(ulong top)
    {
        private readonly List<byte[]> _parts = [];

        internal ulong Start { get; private set; } = top;

        internal byte[] Bytes => [.. _parts.AsEnumerable().Reverse().SelectMany(part => part)];

        internal ulong Add(string text) => Add([.. Encoding.UTF8.GetBytes(text), 0]);

        internal ulong Add(byte[] bytes)
        {
            _parts.Add(bytes);
            return Start -= (ulong)bytes.Length;
        }
    }
}
