using LaKvm.Isa;
using static LaKvm.Translator.Simd;
using static LaKvm.Translator.VectorKind;
using static LaKvm.Translator.VectorOptions;

namespace LaKvm.Translator;

/// <content>Shifts, permutations, conversions of size, moves.</content>
internal static partial class VectorTable
{
    private static void Shifts(VectorRow[] t)
    {
        Sizes(t, ShiftLeft, Opcode.VslliB, Opcode.XvslliB, None, PsllwBy, PsllwBy, PslldBy, PsllqBy);
        Sizes(t, ShiftRight, Opcode.VsrliB, Opcode.XvsrliB, None, PsrlwBy, PsrlwBy, PsrldBy, PsrlqBy);
        Sizes(t, ShiftRightArithmetic, Opcode.VsraiB, Opcode.XvsraiB, None, PsrlwBy, PsrawBy, PsradBy, PsrlqBy);
        Sizes(t, ShiftRightRounded, Opcode.VsrlriB, Opcode.XvsrlriB, None, PsrlwBy, PsrlwBy, PsrldBy, PsrlqBy);
        Sizes(t, ShiftRightArithmeticRounded, Opcode.VsrariB, Opcode.XvsrariB, None, PsrlwBy, PsrawBy, PsradBy,
            PsrlqBy);
        Sizes(t, Rotate, Opcode.VrotriB, Opcode.XvrotriB, None, PsrlwBy, PsrlwBy, PsrldBy, PsrlqBy);
        Sizes(t, ShiftLeftBy, Opcode.VsllB, Opcode.XvsllB, None, Pmullw, Psllvd, Psllvd, Psllvq);
        Sizes(t, ShiftRightBy, Opcode.VsrlB, Opcode.XvsrlB, None, Pmullw, Psrlvd, Psrlvd, Psrlvq);
        Sizes(t, ShiftRightArithmeticBy, Opcode.VsraB, Opcode.XvsraB, None, Pmullw, Psravd, Psravd, Psrlvq);
        Sizes(t, ShiftRightBy, Opcode.VsrlrB, Opcode.XvsrlrB, Rounded, Pmullw, Psrlvd, Psrlvd, Psrlvq);
        Sizes(t, ShiftRightArithmeticBy, Opcode.VsrarB, Opcode.XvsrarB, Rounded, Pmullw, Psravd, Psravd, Psrlvq);
        Sizes(t, RotateBy, Opcode.VrotrB, Opcode.XvrotrB, None, Simd.None, Simd.None, Psrlvd, Psrlvq);
    }

    private static void Bits(VectorRow[] t)
    {
        Sizes(t, BitClear, Opcode.VbitclriB, Opcode.XvbitclriB, Immediate, Pandn, Pandn, Pandn, Pandn);
        Sizes(t, BitSet, Opcode.VbitsetiB, Opcode.XvbitsetiB, Immediate, Por, Por, Por, Por);
        Sizes(t, BitInvert, Opcode.VbitreviB, Opcode.XvbitreviB, Immediate, Pxor, Pxor, Pxor, Pxor);
        Sizes(t, BitClear, Opcode.VbitclrB, Opcode.XvbitclrB, None, Pshufb, Simd.None, Psllvd, Psllvq);
        Sizes(t, BitSet, Opcode.VbitsetB, Opcode.XvbitsetB, None, Pshufb, Simd.None, Psllvd, Psllvq);
        Sizes(t, BitInvert, Opcode.VbitrevB, Opcode.XvbitrevB, None, Pshufb, Simd.None, Psllvd, Psllvq);
        Sizes(t, Saturate, Opcode.VsatB, Opcode.XvsatB, None, Pminsb, Pminsw, Pminsd, Pcmpgtq);
        Sizes(t, Saturate, Opcode.VsatBu, Opcode.XvsatBu, Unsigned, Pminub, Pminuw, Pminud, Pcmpeqq);
        Sizes(t, MaskNegative, Opcode.VmskltzB, Opcode.XvmskltzB, None, Pmovmskb, Pmovmskb, Movmskps, Movmskpd);
        Sizes(t, CountOnes, Opcode.VpcntB, Opcode.XvpcntB, None, Paddb, Paddb, Paddb, Paddb);
        Sizes(t, CountLeadingZeros, Opcode.VclzB, Opcode.XvclzB, None, Paddb, Paddb, Paddb, Paddb);
        Sizes(t, CountLeadingOnes, Opcode.VcloB, Opcode.XvcloB, None, Paddb, Paddb, Paddb, Paddb);
        Each(t, FirstNegative, Opcode.VfrstpiB, Opcode.XvfrstpiB, Pinsrb, 0);
        Each(t, FirstNegative, Opcode.VfrstpiH, Opcode.XvfrstpiH, Pinsrw, 1);
        Each(t, MaskNotNegative, Opcode.VmskgezB, Opcode.XvmskgezB, Pmovmskb, 0);
        Each(t, MaskNotZero, Opcode.VmsknzB, Opcode.XvmsknzB, Pmovmskb, 0);
    }

    private static void Permutations(VectorRow[] t)
    {
        Sizes(t, PackEven, Opcode.VpackevB, Opcode.XvpackevB, None, PsllwBy, PslldBy, PsllqBy, Punpcklqdq);
        Sizes(t, PackOdd, Opcode.VpackodB, Opcode.XvpackodB, None, PsrlwBy, PsrldBy, PsrlqBy, Punpckhqdq);
        Sizes(t, PickEven, Opcode.VpickevB, Opcode.XvpickevB, None, Packuswb, Packusdw, Shufps, Punpcklqdq);
        Sizes(t, PickOdd, Opcode.VpickodB, Opcode.XvpickodB, None, Packuswb, Packusdw, Shufps, Punpckhqdq);
        Sizes(t, Reversed, Opcode.VilvlB, Opcode.XvilvlB, None, Punpcklbw, Punpcklwd, Punpckldq, Punpcklqdq);
        Sizes(t, Reversed, Opcode.VilvhB, Opcode.XvilvhB, None, Punpckhbw, Punpckhwd, Punpckhdq, Punpckhqdq);
        Sizes(t, ShuffleFours, Opcode.Vshuf4iB, Opcode.Xvshuf4iB, None, Pshufb, Pshuflw, Pshufd);
        Each(t, ShuffleDoubles, Opcode.Vshuf4iD, Opcode.Xvshuf4iD, Shufpd, 3);
        Each(t, PermuteWords, Opcode.VpermiW, Opcode.XvpermiW, Shufps, 2);
        Each(t, ShuffleBytes, Opcode.VshufB, Opcode.XvshufB, Pshufb, 0);
        Each(t, ShuffleElements, Opcode.VshufH, Opcode.XvshufH, Pshufb, 1);
        Each(t, ShuffleElements, Opcode.VshufW, Opcode.XvshufW, Permilps, 2);
        Each(t, ShuffleElements, Opcode.VshufD, Opcode.XvshufD, Permilpd, 3);
        Each(t, ShiftBytesLeft, Opcode.VbsllV, Opcode.XvbsllV, PslldqBy, 0);
        Each(t, ShiftBytesRight, Opcode.VbsrlV, Opcode.XvbsrlV, PsrldqBy, 0);
    }

    private static void Elements(VectorRow[] t)
    {
        ReadOnlySpan<Opcode> by = [Opcode.VreplveB, Opcode.XvreplveB, Opcode.VreplveH, Opcode.XvreplveH,
            Opcode.VreplveW, Opcode.XvreplveW, Opcode.VreplveD, Opcode.XvreplveD];
        ReadOnlySpan<Opcode> immediate =
            [Opcode.VreplveiB, Opcode.Xvrepl128veiB, Opcode.VreplveiH, Opcode.Xvrepl128veiH,
            Opcode.VreplveiW, Opcode.Xvrepl128veiW, Opcode.VreplveiD, Opcode.Xvrepl128veiD];
        ReadOnlySpan<Opcode> inserts = [Opcode.VextrinsB, Opcode.XvextrinsB, Opcode.VextrinsH, Opcode.XvextrinsH,
            Opcode.VextrinsW, Opcode.XvextrinsW, Opcode.VextrinsD, Opcode.XvextrinsD];
        for (int size = 0; size < 4; size++)
        {
            Each(t, ReplicateBy, by[2 * size], by[(2 * size) + 1], Pshufb, size);
            Each(t, Replicate, immediate[2 * size], immediate[(2 * size) + 1], Pshufb, size);
            Each(t, InsertElement, inserts[2 * size], inserts[(2 * size) + 1], Pshufb, size);
        }

        Each(t, VectorKind.Constant, Opcode.Vldi, Opcode.Xvldi, Simd.None, 3);
        Each(t, SetZero, Opcode.VseteqzV, Opcode.XvseteqzV, Ptest, 0);
        Each(t, SetNotZero, Opcode.VsetnezV, Opcode.XvsetnezV, Ptest, 0);
        Sizes(t, SetAnyZero, Opcode.VsetanyeqzB, Opcode.XvsetanyeqzB, None, Pcmpeqb, Pcmpeqw, Pcmpeqd, Pcmpeqq);
        Sizes(t, SetAllNotZero, Opcode.VsetallnezB, Opcode.XvsetallnezB, None, Pcmpeqb, Pcmpeqw, Pcmpeqd, Pcmpeqq);
    }

    private static void Widenings(VectorRow[] t)
    {
        const VectorOptions odd = OddJ | OddK;
        WidenSums(t, Opcode.VaddwevHB, Opcode.XvaddwevHB, None, Paddw, Paddd, Paddq);
        WidenSums(t, Opcode.VaddwevHBu, Opcode.XvaddwevHBu, Unsigned, Paddw, Paddd, Paddq);
        WidenSums(t, Opcode.VaddwevHBuB, Opcode.XvaddwevHBuB, Mixed, Paddw, Paddd, Paddq);
        WidenSums(t, Opcode.VaddwodHB, Opcode.XvaddwodHB, odd, Paddw, Paddd, Paddq);
        WidenSums(t, Opcode.VaddwodHBu, Opcode.XvaddwodHBu, odd | Unsigned, Paddw, Paddd, Paddq);
        WidenSums(t, Opcode.VaddwodHBuB, Opcode.XvaddwodHBuB, odd | Mixed, Paddw, Paddd, Paddq);
        WidenSums(t, Opcode.VsubwevHB, Opcode.XvsubwevHB, None, Psubw, Psubd, Psubq);
        WidenSums(t, Opcode.VsubwevHBu, Opcode.XvsubwevHBu, Unsigned, Psubw, Psubd, Psubq);
        WidenSums(t, Opcode.VsubwodHB, Opcode.XvsubwodHB, odd, Psubw, Psubd, Psubq);
        WidenSums(t, Opcode.VsubwodHBu, Opcode.XvsubwodHBu, odd | Unsigned, Psubw, Psubd, Psubq);
        WidenSums(t, Opcode.VhaddwHB, Opcode.XvhaddwHB, OddJ, Paddw, Paddd, Paddq);
        WidenSums(t, Opcode.VhaddwHuBu, Opcode.XvhaddwHuBu, OddJ | Unsigned, Paddw, Paddd, Paddq);
        WidenSums(t, Opcode.VhsubwHB, Opcode.XvhsubwHB, OddJ, Psubw, Psubd, Psubq);
        WidenSums(t, Opcode.VhsubwHuBu, Opcode.XvhsubwHuBu, OddJ | Unsigned, Psubw, Psubd, Psubq);
        foreach (VectorOptions sum in (VectorOptions[])[None, Accumulate])
        {
            bool adds = sum == Accumulate;
            WidenAll(t, adds ? Opcode.VmaddwevHB : Opcode.VmulwevHB, adds ? Opcode.XvmaddwevHB
                : Opcode.XvmulwevHB, sum, Pmullw, Pmulld, Pmuldq);
            WidenAll(t, adds ? Opcode.VmaddwevHBu : Opcode.VmulwevHBu, adds ? Opcode.XvmaddwevHBu
                : Opcode.XvmulwevHBu, sum | Unsigned, Pmullw, Pmulld, Pmuludq);
            WidenAll(t, adds ? Opcode.VmaddwevHBuB : Opcode.VmulwevHBuB, adds ? Opcode.XvmaddwevHBuB
                : Opcode.XvmulwevHBuB, sum | Mixed, Pmullw, Pmulld, Simd.None);
            WidenAll(t, adds ? Opcode.VmaddwodHB : Opcode.VmulwodHB, adds ? Opcode.XvmaddwodHB
                : Opcode.XvmulwodHB, sum | odd, Pmullw, Pmulld, Pmuldq);
            WidenAll(t, adds ? Opcode.VmaddwodHBu : Opcode.VmulwodHBu, adds ? Opcode.XvmaddwodHBu
                : Opcode.XvmulwodHBu, sum | odd | Unsigned, Pmullw, Pmulld, Pmuludq);
            WidenAll(t, adds ? Opcode.VmaddwodHBuB : Opcode.VmulwodHBuB, adds ? Opcode.XvmaddwodHBuB
                : Opcode.XvmulwodHBuB, sum | odd | Mixed, Pmullw, Pmulld, Simd.None);
        }

        Extensions(t);
    }

    /// <summary>.h.b .w.h .d.w, by the size of the narrow elements.</summary>
    private static void WidenAll(
        VectorRow[] t, Opcode lsx, Opcode lasx, VectorOptions options, Simd h, Simd w, Simd d) =>
        Sizes(t, Widen, lsx, lasx, options, h, w, d);

    /// <summary>These, and .q.d.</summary>
    private static void WidenSums(VectorRow[] t, Opcode lsx, Opcode lasx, VectorOptions options, Simd h, Simd w, Simd d)
    {
        WidenAll(t, lsx, lasx, options, h, w, d);
        Each(t, WidenQuad, lsx + 3, lasx + 3, d, 3, options);
    }

    private static void Extensions(VectorRow[] t)
    {
        Each(t, ExtendLow, Opcode.VsllwilHB, Opcode.XvsllwilHB, Punpcklbw, 0);
        Each(t, ExtendLow, Opcode.VsllwilWH, Opcode.XvsllwilWH, Punpcklwd, 1);
        Each(t, ExtendLow, Opcode.VsllwilDW, Opcode.XvsllwilDW, Punpckldq, 2);
        Each(t, ExtendLow, Opcode.VsllwilHuBu, Opcode.XvsllwilHuBu, Punpcklbw, 0, Unsigned);
        Each(t, ExtendLow, Opcode.VsllwilWuHu, Opcode.XvsllwilWuHu, Punpcklwd, 1, Unsigned);
        Each(t, ExtendLow, Opcode.VsllwilDuWu, Opcode.XvsllwilDuWu, Punpckldq, 2, Unsigned);
        Each(t, ExtendHigh, Opcode.VexthHB, Opcode.XvexthHB, Punpckhbw, 0);
        Each(t, ExtendHigh, Opcode.VexthWH, Opcode.XvexthWH, Punpckhwd, 1);
        Each(t, ExtendHigh, Opcode.VexthDW, Opcode.XvexthDW, Punpckhdq, 2);
        Each(t, ExtendHigh, Opcode.VexthHuBu, Opcode.XvexthHuBu, Punpckhbw, 0, Unsigned);
        Each(t, ExtendHigh, Opcode.VexthWuHu, Opcode.XvexthWuHu, Punpckhwd, 1, Unsigned);
        Each(t, ExtendHigh, Opcode.VexthDuWu, Opcode.XvexthDuWu, Punpckhdq, 2, Unsigned);
    }

    private static void Narrowings(VectorRow[] t)
    {
        NarrowAll(t, Narrow, Opcode.VsrlniBH, Opcode.XvsrlniBH, Unsigned, Simd.None, Simd.None);
        NarrowAll(t, Narrow, Opcode.VsraniBH, Opcode.XvsraniBH, None, Simd.None, Simd.None);
        NarrowAll(t, Narrow, Opcode.VsrlrniBH, Opcode.XvsrlrniBH, Unsigned | Rounded, Simd.None, Simd.None);
        NarrowAll(t, Narrow, Opcode.VsrarniBH, Opcode.XvsrarniBH, Rounded, Simd.None, Simd.None);
        NarrowAll(t, NarrowSigned, Opcode.VssrlniBH, Opcode.XvssrlniBH, Unsigned, Simd.None, Simd.None);
        NarrowAll(t, NarrowSigned, Opcode.VssraniBH, Opcode.XvssraniBH, None, Simd.None, Simd.None);
        NarrowAll(t, NarrowSigned, Opcode.VssrlrniBH, Opcode.XvssrlrniBH, Unsigned | Rounded, Simd.None, Simd.None);
        NarrowAll(t, NarrowSigned, Opcode.VssrarniBH, Opcode.XvssrarniBH, Rounded, Simd.None, Simd.None);
        NarrowAll(t, NarrowUnsigned, Opcode.VssrlniBuH, Opcode.XvssrlniBuH, Unsigned, Simd.None, Simd.None);
        NarrowAll(t, NarrowUnsigned, Opcode.VssraniBuH, Opcode.XvssraniBuH, None, Simd.None, Simd.None);
        NarrowAll(t, NarrowUnsigned, Opcode.VssrlrniBuH, Opcode.XvssrlrniBuH, Unsigned | Rounded, Simd.None, Simd.None);
        NarrowAll(t, NarrowUnsigned, Opcode.VssrarniBuH, Opcode.XvssrarniBuH, Rounded, Simd.None, Simd.None);
        NarrowAll(t, NarrowBy, Opcode.VsrlnBH, Opcode.XvsrlnBH, Unsigned, Psrlvd, Psrlvq);
        NarrowAll(t, NarrowBy, Opcode.VsranBH, Opcode.XvsranBH, None, Psravd, Psrlvq);
        NarrowAll(t, NarrowBySigned, Opcode.VssrlnBH, Opcode.XvssrlnBH, Unsigned, Psrlvd, Psrlvq);
        NarrowAll(t, NarrowBySigned, Opcode.VssranBH, Opcode.XvssranBH, None, Psravd, Psrlvq);
        NarrowAll(t, NarrowByUnsigned, Opcode.VssrlnBuH, Opcode.XvssrlnBuH, Unsigned, Psrlvd, Psrlvq);
        NarrowAll(t, NarrowByUnsigned, Opcode.VssranBuH, Opcode.XvssranBuH, None, Psravd, Psrlvq);
        NarrowAll(t, NarrowByUnsigned, Opcode.VssrlrnBuH, Opcode.XvssrlrnBuH, Unsigned | Rounded, Psrlvd, Psrlvq);
        NarrowAll(t, NarrowByUnsigned, Opcode.VssrarnBuH, Opcode.XvssrarnBuH, Rounded, Psravd, Psrlvq);
        NarrowAll(t, NarrowBySigned, Opcode.VssrlrnBH, Opcode.XvssrlrnBH, Unsigned | Rounded, Psrlvd, Psrlvq);
        NarrowAll(t, NarrowBySigned, Opcode.VssrarnBH, Opcode.XvssrarnBH, Rounded, Psravd, Psrlvq);
        NarrowAll(t, NarrowBy, Opcode.VsrlrnBH, Opcode.XvsrlrnBH, Unsigned | Rounded, Psrlvd, Psrlvq);
        NarrowAll(t, NarrowBy, Opcode.VsrarnBH, Opcode.XvsrarnBH, Rounded, Psravd, Psrlvq);
    }

    /// <summary>
    /// .b.h .h.w .w.d, by the size of the wide elements; a row with amounts in k has the host's shift.
    /// </summary>
    private static void NarrowAll(
        VectorRow[] t, VectorKind kind, Opcode lsx, Opcode lasx, VectorOptions options, Simd small, Simd wide)
    {
        for (byte size = 1; size <= 3; size++)
        {
            Each(t, kind, lsx + size - 1, lasx + size - 1, size == 3 ? wide : small, size, options);
        }
    }

    private static void BetweenLanes(VectorRow[] t)
    {
        Lasx(t, ExtendBoth, Opcode.Vext2xvHB, Pmovsxbw, 1);
        Lasx(t, ExtendBoth, Opcode.Vext2xvWB, Pmovsxbd, 2);
        Lasx(t, ExtendBoth, Opcode.Vext2xvDB, Pmovsxbq, 3);
        Lasx(t, ExtendBoth, Opcode.Vext2xvWH, Pmovsxwd, 2);
        Lasx(t, ExtendBoth, Opcode.Vext2xvDH, Pmovsxwq, 3);
        Lasx(t, ExtendBoth, Opcode.Vext2xvDW, Pmovsxdq, 3);
        Lasx(t, ExtendBoth, Opcode.Vext2xvHuBu, Pmovzxbw, 1);
        Lasx(t, ExtendBoth, Opcode.Vext2xvWuBu, Pmovzxbd, 2);
        Lasx(t, ExtendBoth, Opcode.Vext2xvDuBu, Pmovzxbq, 3);
        Lasx(t, ExtendBoth, Opcode.Vext2xvWuHu, Pmovzxwd, 2);
        Lasx(t, ExtendBoth, Opcode.Vext2xvDuHu, Pmovzxwq, 3);
        Lasx(t, ExtendBoth, Opcode.Vext2xvDuWu, Pmovzxdq, 3);
        Lasx(t, PermuteAllWords, Opcode.XvpermW, Permd, 2);
        Lasx(t, PermuteQuads, Opcode.XvpermiD, Permq, 3);
        Lasx(t, PermuteLanes, Opcode.XvpermiQ, Perm2i128, 3);
        Lasx(t, ReplicateLowest, Opcode.Xvreplve0B, Broadcastb, 0);
        Lasx(t, ReplicateLowest, Opcode.Xvreplve0H, Broadcastw, 1);
        Lasx(t, ReplicateLowest, Opcode.Xvreplve0W, Broadcastd, 2);
        Lasx(t, ReplicateLowest, Opcode.Xvreplve0D, Broadcastq, 3);
        Lasx(t, ReplicateLowestLane, Opcode.Xvreplve0Q, Perm2i128, 4);
        Lasx(t, PickElement, Opcode.XvpickveW, Permd, 2);
        Lasx(t, PickElement, Opcode.XvpickveD, Permq, 3);
        Lasx(t, InsertLowest, Opcode.Xvinsve0W, Broadcastd, 2);
        Lasx(t, InsertLowest, Opcode.Xvinsve0D, Broadcastq, 3);
    }

    private static void GeneralRegisters(VectorRow[] t)
    {
        Sizes(t, FromGpr, Opcode.Vreplgr2vrB, Opcode.Xvreplgr2vrB, None, Broadcastb, Broadcastw, Broadcastd,
            Broadcastq);
        Lsx(t, InsertGpr, Opcode.Vinsgr2vrB, Pinsrb, 0);
        Lsx(t, InsertGpr, Opcode.Vinsgr2vrH, Pinsrw, 1);
        Each(t, InsertGpr, Opcode.Vinsgr2vrW, Opcode.Xvinsgr2vrW, Pinsrd, 2);
        Each(t, InsertGpr, Opcode.Vinsgr2vrD, Opcode.Xvinsgr2vrD, Pinsrq, 3);
        Lsx(t, ToGpr, Opcode.Vpickve2grB, Pextrb, 0);
        Lsx(t, ToGpr, Opcode.Vpickve2grBu, Pextrb, 0, Unsigned);
        Lsx(t, ToGpr, Opcode.Vpickve2grH, Pextrw, 1);
        Lsx(t, ToGpr, Opcode.Vpickve2grHu, Pextrw, 1, Unsigned);
        Each(t, ToGpr, Opcode.Vpickve2grW, Opcode.Xvpickve2grW, Pextrd, 2);
        Each(t, ToGpr, Opcode.Vpickve2grWu, Opcode.Xvpickve2grWu, Pextrd, 2, Unsigned);
        Each(t, ToGpr, Opcode.Vpickve2grD, Opcode.Xvpickve2grD, Pextrq, 3);
        Each(t, ToGpr, Opcode.Vpickve2grDu, Opcode.Xvpickve2grDu, Pextrq, 3, Unsigned);
    }

    private static void Memory(VectorRow[] t)
    {
        Each(t, Load, Opcode.Vld, Opcode.Xvld, MovupsLoad, 0);
        Each(t, Load, Opcode.Vldx, Opcode.Xvldx, MovupsLoad, 0);
        Each(t, Store, Opcode.Vst, Opcode.Xvst, MovupsStore, 0);
        Each(t, Store, Opcode.Vstx, Opcode.Xvstx, MovupsStore, 0);
        Each(t, LoadReplicated, Opcode.VldreplB, Opcode.XvldreplB, Broadcastb, 0);
        Each(t, LoadReplicated, Opcode.VldreplH, Opcode.XvldreplH, Broadcastw, 1);
        Each(t, LoadReplicated, Opcode.VldreplW, Opcode.XvldreplW, Broadcastd, 2);
        Each(t, LoadReplicated, Opcode.VldreplD, Opcode.XvldreplD, Broadcastq, 3);
        Each(t, StoreElement, Opcode.VstelmB, Opcode.XvstelmB, Pextrb, 0);
        Each(t, StoreElement, Opcode.VstelmH, Opcode.XvstelmH, Pextrw, 1);
        Each(t, StoreElement, Opcode.VstelmW, Opcode.XvstelmW, Pextrd, 2);
        Each(t, StoreElement, Opcode.VstelmD, Opcode.XvstelmD, Pextrq, 3);
    }

    private static void Lsx(
        VectorRow[] t, VectorKind kind, Opcode opcode, Simd op, byte size, VectorOptions options = None) =>
        t[(int)opcode] = new(kind, op, size, 16, options);

    private static void Lasx(VectorRow[] t, VectorKind kind, Opcode opcode, Simd op, byte size) =>
        t[(int)opcode] = new(kind, op, size, 32, None);
}
