using LaKvm.Isa;
using static LaKvm.Translator.Simd;
using static LaKvm.Translator.VectorKind;
using static LaKvm.Translator.VectorOptions;

namespace LaKvm.Translator;

/// <summary>Which vector instructions are translated. Integer arithmetic here; the rest beside it.</summary>
internal static partial class VectorTable
{
    /// <summary>The short name means the options, here.</summary>
    private const VectorOptions None = VectorOptions.None;

    private static readonly VectorRow[] Rows = Build();

    /// <summary>The row of an instruction; its kind is None for those that are not translated.</summary>
    public static ref readonly VectorRow Of(Opcode opcode) => ref Rows[(int)opcode];

    private static VectorRow[] Build()
    {
        var rows = new VectorRow[OpcodeTable.Count];
        Arithmetic(rows);
        Multiplications(rows);
        Comparisons(rows);
        Extrema(rows);
        Logic(rows);
        Shifts(rows);
        Bits(rows);
        Permutations(rows);
        Elements(rows);
        Widenings(rows);
        Narrowings(rows);
        BetweenLanes(rows);
        GeneralRegisters(rows);
        Memory(rows);
        return rows;
    }

    private static void Arithmetic(VectorRow[] t)
    {
        Sizes(t, Binary, Opcode.VaddB, Opcode.XvaddB, None, Paddb, Paddw, Paddd, Paddq);
        Sizes(t, Binary, Opcode.VsubB, Opcode.XvsubB, None, Psubb, Psubw, Psubd, Psubq);
        Sizes(t, Binary, Opcode.VaddiBu, Opcode.XvaddiBu, Immediate, Paddb, Paddw, Paddd, Paddq);
        Sizes(t, Binary, Opcode.VsubiBu, Opcode.XvsubiBu, Immediate, Psubb, Psubw, Psubd, Psubq);
        Sizes(t, Binary, Opcode.VsaddB, Opcode.XvsaddB, None, Paddsb, Paddsw);
        Sizes(t, SaturatedSum, Opcode.VsaddB, Opcode.XvsaddB, None, Simd.None, Simd.None, Paddd, Paddq);
        Sizes(t, Binary, Opcode.VsaddBu, Opcode.XvsaddBu, None, Paddusb, Paddusw);
        Sizes(t, SaturatedSum, Opcode.VsaddBu, Opcode.XvsaddBu, Unsigned, Simd.None, Simd.None, Paddd, Paddq);
        Sizes(t, Binary, Opcode.VssubB, Opcode.XvssubB, None, Psubsb, Psubsw);
        Sizes(t, SaturatedDifference, Opcode.VssubB, Opcode.XvssubB, None, Simd.None, Simd.None, Psubd, Psubq);
        Sizes(t, Binary, Opcode.VssubBu, Opcode.XvssubBu, None, Psubusb, Psubusw);
        Sizes(t, SaturatedDifference, Opcode.VssubBu, Opcode.XvssubBu, Unsigned, Simd.None, Simd.None, Psubd, Psubq);
        Sizes(t, Negate, Opcode.VnegB, Opcode.XvnegB, None, Psubb, Psubw, Psubd, Psubq);
        Sizes(t, Reversed, Opcode.VsigncovB, Opcode.XvsigncovB, None, Psignb, Psignw, Psignd);
        Sizes(t, AddAbsolute, Opcode.VaddaB, Opcode.XvaddaB, None, Paddb, Paddw, Paddd);
        Sizes(t, AbsoluteDifference, Opcode.VabsdB, Opcode.XvabsdB, None, Psubb, Psubw, Psubd);
        Sizes(t, AbsoluteDifference, Opcode.VabsdBu, Opcode.XvabsdBu, Unsigned, Psubb, Psubw, Psubd);
        Sizes(t, Average, Opcode.VavgB, Opcode.XvavgB, None, Pavgb, Pavgw, Paddd);
        Sizes(t, Average, Opcode.VavgBu, Opcode.XvavgBu, Unsigned, Pavgb, Pavgw, Paddd, Paddq);
        Sizes(t, AverageRounded, Opcode.VavgrB, Opcode.XvavgrB, None, Pavgb, Pavgw, Psubd);
        Sizes(t, AverageRounded, Opcode.VavgrBu, Opcode.XvavgrBu, Unsigned, Pavgb, Pavgw, Psubd, Psubq);
    }

    private static void Multiplications(VectorRow[] t)
    {
        Sizes(t, Binary, Opcode.VmulB, Opcode.XvmulB, None, Simd.None, Pmullw, Pmulld);
        Each(t, MultiplyBytes, Opcode.VmulB, Opcode.XvmulB, Pmullw, 0);
        Each(t, Multiply64, Opcode.VmulD, Opcode.XvmulD, Pmuludq, 3);
        Sizes(t, MultiplyAdd, Opcode.VmaddB, Opcode.XvmaddB, None, Pmullw, Pmullw, Pmulld, Pmuludq);
        Sizes(t, MultiplySubtract, Opcode.VmsubB, Opcode.XvmsubB, None, Pmullw, Pmullw, Pmulld, Pmuludq);
        Each(t, MultiplyHighBytes, Opcode.VmuhB, Opcode.XvmuhB, Pmullw, 0);
        Each(t, Binary, Opcode.VmuhH, Opcode.XvmuhH, Pmulhw, 1);
        Each(t, MultiplyHigh32, Opcode.VmuhW, Opcode.XvmuhW, Pmuldq, 2);
        Each(t, MultiplyHighBytes, Opcode.VmuhBu, Opcode.XvmuhBu, Pmullw, 0, Unsigned);
        Each(t, Binary, Opcode.VmuhHu, Opcode.XvmuhHu, Pmulhuw, 1);
        Each(t, MultiplyHigh32, Opcode.VmuhWu, Opcode.XvmuhWu, Pmuludq, 2);
    }

    private static void Comparisons(VectorRow[] t)
    {
        Sizes(t, Binary, Opcode.VseqB, Opcode.XvseqB, None, Pcmpeqb, Pcmpeqw, Pcmpeqd, Pcmpeqq);
        Sizes(t, Reversed, Opcode.VsltB, Opcode.XvsltB, None, Pcmpgtb, Pcmpgtw, Pcmpgtd, Pcmpgtq);
        Sizes(t, BinaryNot, Opcode.VsleB, Opcode.XvsleB, None, Pcmpgtb, Pcmpgtw, Pcmpgtd, Pcmpgtq);
        Sizes(t, LessUnsigned, Opcode.VsltBu, Opcode.XvsltBu, None, Pmaxub, Pmaxuw, Pmaxud, Pcmpgtq);
        Sizes(t, LessEqualUnsigned, Opcode.VsleBu, Opcode.XvsleBu, None, Pmaxub, Pmaxuw, Pmaxud, Pcmpgtq);
        Sizes(t, Binary, Opcode.VseqiB, Opcode.XvseqiB, Immediate, Pcmpeqb, Pcmpeqw, Pcmpeqd, Pcmpeqq);
        Sizes(t, Reversed, Opcode.VsltiB, Opcode.XvsltiB, Immediate, Pcmpgtb, Pcmpgtw, Pcmpgtd, Pcmpgtq);
        Sizes(t, BinaryNot, Opcode.VsleiB, Opcode.XvsleiB, Immediate, Pcmpgtb, Pcmpgtw, Pcmpgtd, Pcmpgtq);
        Sizes(t, LessUnsigned, Opcode.VsltiBu, Opcode.XvsltiBu, Immediate, Pmaxub, Pmaxuw, Pmaxud, Pcmpgtq);
        Sizes(t, LessEqualUnsigned, Opcode.VsleiBu, Opcode.XvsleiBu, Immediate, Pmaxub, Pmaxuw, Pmaxud, Pcmpgtq);
    }

    private static void Extrema(VectorRow[] t)
    {
        foreach (VectorOptions option in (VectorOptions[])[None, Immediate])
        {
            bool isImmediate = option == Immediate;
            Opcode max = isImmediate ? Opcode.VmaxiB : Opcode.VmaxB, xmax = isImmediate ? Opcode.XvmaxiB
                : Opcode.XvmaxB;
            Opcode min = isImmediate ? Opcode.VminiB : Opcode.VminB, xmin = isImmediate ? Opcode.XvminiB
                : Opcode.XvminB;
            Opcode maxu = isImmediate ? Opcode.VmaxiBu : Opcode.VmaxBu, xmaxu = isImmediate ? Opcode.XvmaxiBu
                : Opcode.XvmaxBu;
            Opcode minu = isImmediate ? Opcode.VminiBu : Opcode.VminBu, xminu = isImmediate ? Opcode.XvminiBu
                : Opcode.XvminBu;
            Sizes(t, Binary, max, xmax, option, Pmaxsb, Pmaxsw, Pmaxsd);
            Sizes(t, Binary, min, xmin, option, Pminsb, Pminsw, Pminsd);
            Sizes(t, Binary, maxu, xmaxu, option, Pmaxub, Pmaxuw, Pmaxud);
            Sizes(t, Binary, minu, xminu, option, Pminub, Pminuw, Pminud);
            Each(t, Maximum64, max + 3, xmax + 3, Pcmpgtq, 3, option);
            Each(t, Minimum64, min + 3, xmin + 3, Pcmpgtq, 3, option);
            Each(t, Maximum64, maxu + 3, xmaxu + 3, Pcmpgtq, 3, option | Unsigned);
            Each(t, Minimum64, minu + 3, xminu + 3, Pcmpgtq, 3, option | Unsigned);
        }
    }

    private static void Logic(VectorRow[] t)
    {
        Each(t, Binary, Opcode.VandV, Opcode.XvandV, Pand, 0);
        Each(t, Binary, Opcode.VorV, Opcode.XvorV, Por, 0);
        Each(t, Binary, Opcode.VxorV, Opcode.XvxorV, Pxor, 0);
        Each(t, BinaryNot, Opcode.VnorV, Opcode.XvnorV, Por, 0);
        Each(t, Binary, Opcode.VandnV, Opcode.XvandnV, Pandn, 0);
        Each(t, OrNot, Opcode.VornV, Opcode.XvornV, Por, 0);
        Each(t, Binary, Opcode.VandiB, Opcode.XvandiB, Pand, 0, Immediate);
        Each(t, Binary, Opcode.VoriB, Opcode.XvoriB, Por, 0, Immediate);
        Each(t, Binary, Opcode.VxoriB, Opcode.XvxoriB, Pxor, 0, Immediate);
        Each(t, BinaryNot, Opcode.VnoriB, Opcode.XvnoriB, Por, 0, Immediate);
        Each(t, BitSelect, Opcode.VbitselV, Opcode.XvbitselV, Pand, 0);
        Each(t, BitSelectImmediate, Opcode.VbitseliB, Opcode.XvbitseliB, Pand, 0, Immediate);
    }

    /// <summary>.b .h .w .d, or fewer, which follow each other; those without an instruction are left out.</summary>
    private static void Sizes(
        VectorRow[] t, VectorKind kind, Opcode lsx, Opcode lasx, VectorOptions options, params ReadOnlySpan<Simd> ops)
    {
        for (byte size = 0; size < ops.Length; size++)
        {
            if (ops[size] != Simd.None)
            {
                Each(t, kind, lsx + size, lasx + size, ops[size], size, options);
            }
        }
    }

    /// <summary>One row of LSX and its twin of LASX.</summary>
    private static void Each(
        VectorRow[] t, VectorKind kind, Opcode lsx, Opcode lasx, Simd op, int size, VectorOptions options = None)
    {
        t[(int)lsx] = new(kind, op, (byte)size, 16, options);
        t[(int)lasx] = new(kind, op, (byte)size, 32, options);
    }
}
