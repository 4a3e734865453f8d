using System.Runtime.InteropServices;
using Iced.Intel;
using Assembler = LaKvm.Isa.Assembler;
using Decoder = Iced.Intel.Decoder;

namespace LaKvm.Translator.Tests.Code;

/// <summary>Translates guest code without running it, so that what the host would execute can be counted.</summary>
internal sealed unsafe class CodeBench : IDisposable
{
    private const int PageBytes = 4096;

    /// <summary>A host that has all that translations can use.</summary>
    public static readonly HostFeatures AllFeatures = new(
        Sse41: true, Avx2: true, Fma: true, Bmi2: true, Crc: true);

    private readonly byte* _memory = (byte*)NativeMemory.AlignedAlloc(PageBytes, PageBytes);
    private readonly CodeArena _arena = new(1 << 20, protect: false);
    private readonly CodeRegion _region;
    private readonly X64BackEnd _backEnd;
    private readonly PassPipeline _passes;
    private byte* _first;

    public CodeBench(HostFeatures? features = null, int maximumBlock = 64)
    {
        _region = new(LaKvm.Cpu.La464.SupportedUnits, maximumBlock);
        var ir = new IrRegion();
        _backEnd = new X64BackEnd(_arena, _region, ir, [], features ?? AllFeatures, engine: 1, null);
        _passes = new PassPipeline(ir, _backEnd);
    }

    /// <summary>The code made of the region at the beginning of a page.</summary>
    public HostCode Translate(string assembly) =>
        Translate(MemoryMarshal.Cast<byte, uint>(Assembler.Assemble(assembly, 0).BytesOrThrow()));

    /// <summary>As <see cref="Translate(string)"/>, of instruction words.</summary>
    public HostCode Translate(ReadOnlySpan<uint> words)
    {
        // What lies behind is no instruction, so the region ends there.
        var memory = new Span<uint>(_memory, PageBytes / sizeof(uint));
        memory.Clear();
        words.CopyTo(memory);
        _arena.Flush();
        CodePage* page = _arena.Add(_memory, 0);
        for (int end = words.Length * 4; end < PageBytes; end += 4)
        {
            *CodePage.Entry(page, end) = null;
        }

        _first = _arena.Next;
        _region.Collect(page, 0, _arena.Resolve);
        _passes.Run(_region);
        _backEnd.Emit(page);
        byte* entry = *CodePage.Entry(page, 0);
        int hot = Count(entry, _backEnd.Cold);
        return new((_region.End - _region.Start) / 4, hot, Count(_first, entry) + Count(_backEnd.Cold, _arena.Next));
    }

    /// <summary>All that was written for the last region.</summary>
    public ReadOnlySpan<byte> Bytes => new(_first, (int)(_arena.Next - _first));

    /// <inheritdoc/>
    public void Dispose()
    {
        _arena.Dispose();
        NativeMemory.AlignedFree(_memory);
    }

    private static int Count(byte* from, byte* to)
    {
        var decoder = Decoder.Create(64, new StreamCodeReader(
            new UnmanagedMemoryStream(from, to - from)));
        int count = 0;
        for (decoder.IP = 0; decoder.IP < (ulong)(to - from); count++)
        {
            if (decoder.Decode().IsInvalid)
            {
                throw new InvalidDataException("The emitter has written something that is no instruction.");
            }
        }

        return count;
    }
}

/// <summary>
/// How many instructions of the host a region has: on the straight way, and what is seldom run.
/// </summary>
/// <param name="Guest">Guest instructions of the region.</param>
/// <param name="Hot">Host instructions of its blocks.</param>
/// <param name="Cold">Host instructions before and behind the blocks: slow paths, exits, repetitions.</param>
internal readonly record struct HostCode(int Guest, int Hot, int Cold)
{
    /// <summary>What <paramref name="all"/> has more than <paramref name="part"/>.</summary>
    public static HostCode operator -(HostCode all, HostCode part) =>
        new(all.Guest - part.Guest, all.Hot - part.Hot, all.Cold - part.Cold);
}
