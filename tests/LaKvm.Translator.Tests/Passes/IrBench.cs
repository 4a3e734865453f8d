using System.Runtime.InteropServices;
using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Translator.Tests.Passes;

/// <summary>The intermediate form of small pieces of assembly at the beginning of a page.</summary>
internal static unsafe class IrBench
{
    /// <summary>The form as the table alone gives it.</summary>
    public static IrRegion Decode(string assembly)
    {
        var region = new IrRegion();
        region.Build(Collect(assembly));
        return region;
    }

    /// <summary>The form after a pass over each block.</summary>
    public static IrRegion Run(string assembly, params BlockPass[] passes)
    {
        IrRegion region = Decode(assembly);
        foreach (BlockPass pass in passes)
        {
            foreach (IrBlock block in region.Blocks)
            {
                pass(region[block]);
            }
        }

        return region;
    }

    /// <summary>The code of a region.</summary>
    public static CodeRegion Collect(string assembly)
    {
        byte[] code = Assembler.Assemble(assembly, 0).BytesOrThrow();
        var page = (CodePage*)NativeMemory.AllocZeroed(CodePage.TotalBytes);
        byte* memory = (byte*)NativeMemory.AllocZeroed(CodePage.Bytes);
        try
        {
            // What is behind the code counts as translated, so the region ends there.
            var resolve = (byte*)1;
            code.CopyTo(new Span<byte>(memory, CodePage.Bytes));
            page->Host = memory;
            for (int at = 0; at < code.Length; at += 4)
            {
                *CodePage.Entry(page, at) = resolve;
            }

            var region = new CodeRegion(La464.SupportedUnits, maximumBlock: 64);
            region.Collect(page, 0, resolve);
            return region;
        }
        finally
        {
            NativeMemory.Free(page);
            NativeMemory.Free(memory);
        }
    }

    /// <summary>A set of general registers.</summary>
    public static uint Registers(params int[] numbers) => numbers.Aggregate(0u, (all, number) => all | 1u << number);

    internal delegate void BlockPass(Span<Node> block);
}
