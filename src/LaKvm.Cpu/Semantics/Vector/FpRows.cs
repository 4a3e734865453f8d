using LaKvm.Isa;

namespace LaKvm.Cpu.Vectors;

/// <summary>The rows that compute with floating-point elements.</summary>
internal static class FpRows
{
    public static void Register(VectorRows rows)
    {
        Arithmetic(rows);
        Compares(rows);
        Formats(rows);
        Integers(rows);
    }

    private static void Arithmetic(VectorRows rows)
    {
        rows.FpElements<FpAdd>(Opcode.VfaddS, Opcode.XvfaddS);
        rows.FpElements<FpSubtract>(Opcode.VfsubS, Opcode.XvfsubS);
        rows.FpElements<FpMultiply>(Opcode.VfmulS, Opcode.XvfmulS);
        rows.FpElements<FpDivide>(Opcode.VfdivS, Opcode.XvfdivS);
        rows.FpElements<FpMaximum>(Opcode.VfmaxS, Opcode.XvfmaxS);
        rows.FpElements<FpMinimum>(Opcode.VfminS, Opcode.XvfminS);
        rows.FpElements<FpMaximumMagnitude>(Opcode.VfmaxaS, Opcode.XvfmaxaS);
        rows.FpElements<FpMinimumMagnitude>(Opcode.VfminaS, Opcode.XvfminaS);
        rows.FpElements<FpMultiplyAdd>(Opcode.VfmaddS, Opcode.XvfmaddS);
        rows.FpElements<FpMultiplySubtract>(Opcode.VfmsubS, Opcode.XvfmsubS);
        rows.FpElements<FpNegatedMultiplyAdd>(Opcode.VfnmaddS, Opcode.XvfnmaddS);
        rows.FpElements<FpNegatedMultiplySubtract>(Opcode.VfnmsubS, Opcode.XvfnmsubS);
        rows.FpElements<FpSquareRoot>(Opcode.VfsqrtS, Opcode.XvfsqrtS);
        rows.FpElements<FpReciprocal>(Opcode.VfrecipS, Opcode.XvfrecipS);
        rows.FpElements<FpReciprocalSquareRoot>(Opcode.VfrsqrtS, Opcode.XvfrsqrtS);
        rows.FpElements<FpLogarithm>(Opcode.VflogbS, Opcode.XvflogbS);
        rows.FpElements<FpRound<RoundingOfFcsr>>(Opcode.VfrintS, Opcode.XvfrintS);
        rows.FpElements<FpRound<RoundingDown>>(Opcode.VfrintrmS, Opcode.XvfrintrmS);
        rows.FpElements<FpRound<RoundingUp>>(Opcode.VfrintrpS, Opcode.XvfrintrpS);
        rows.FpElements<FpRound<RoundingToZero>>(Opcode.VfrintrzS, Opcode.XvfrintrzS);
        rows.FpElements<FpRound<RoundingToEven>>(Opcode.VfrintrneS, Opcode.XvfrintrneS);
        rows.Lanes<FpClass<Fp32, uint>>(Opcode.VfclassS, Opcode.XvfclassS);
        rows.Lanes<FpClass<Fp64, ulong>>(Opcode.VfclassD, Opcode.XvfclassD);
    }

    /// <summary>The 22 conditions of each format follow each other, and share a handler.</summary>
    private static void Compares(VectorRows rows)
    {
        for (ushort n = 0; n < 22; n++)
        {
            rows.FpCompare<FpCompare<Fp32, uint>>(Opcode.VfcmpCafS + n, Opcode.XvfcmpCafS + n);
            rows.FpCompare<FpCompare<Fp64, ulong>>(Opcode.VfcmpCafD + n, Opcode.XvfcmpCafD + n);
        }
    }

    private static void Formats(VectorRows rows)
    {
        rows.FpLanes<FpNarrow<uint, ushort, SingleToHalf>>(Opcode.VfcvtHS, Opcode.XvfcvtHS);
        rows.FpLanes<FpNarrow<ulong, uint, DoubleToSingle>>(Opcode.VfcvtSD, Opcode.XvfcvtSD);
        rows.FpLanes<FpWiden<ushort, uint, HalfToSingle, LowHalf>>(Opcode.VfcvtlSH, Opcode.XvfcvtlSH);
        rows.FpLanes<FpWiden<uint, ulong, SingleToDouble, LowHalf>>(Opcode.VfcvtlDS, Opcode.XvfcvtlDS);
        rows.FpLanes<FpWiden<int, ulong, FromSigned<Fp64>, LowHalf>>(Opcode.VffintlDW, Opcode.XvffintlDW);
        rows.FpLanes<FpWiden<ushort, uint, HalfToSingle, HighHalf>>(Opcode.VfcvthSH, Opcode.XvfcvthSH);
        rows.FpLanes<FpWiden<uint, ulong, SingleToDouble, HighHalf>>(Opcode.VfcvthDS, Opcode.XvfcvthDS);
        rows.FpLanes<FpWiden<int, ulong, FromSigned<Fp64>, HighHalf>>(Opcode.VffinthDW, Opcode.XvffinthDW);
        rows.FpLanes<FpConvert<int, uint, FromSigned<Fp32>>>(Opcode.VffintSW, Opcode.XvffintSW);
        rows.FpLanes<FpConvert<uint, uint, FromUnsigned<Fp32>>>(Opcode.VffintSWu, Opcode.XvffintSWu);
        rows.FpLanes<FpConvert<long, ulong, FromSigned<Fp64>>>(Opcode.VffintDL, Opcode.XvffintDL);
        rows.FpLanes<FpConvert<ulong, ulong, FromUnsigned<Fp64>>>(Opcode.VffintDLu, Opcode.XvffintDLu);
        rows.FpLanes<FpNarrow<long, uint, FromSigned<Fp32>>>(Opcode.VffintSL, Opcode.XvffintSL);
    }

    private static void Integers(VectorRows rows)
    {
        rows.FpLanes<FpConvert<uint, uint, ToInt32<Fp32, RoundingOfFcsr>>>(Opcode.VftintWS, Opcode.XvftintWS);
        rows.FpLanes<FpConvert<ulong, ulong, ToInt64<Fp64, RoundingOfFcsr>>>(Opcode.VftintLD, Opcode.XvftintLD);
        rows.FpLanes<FpNarrow<ulong, uint, ToInt32<Fp64, RoundingOfFcsr>>>(Opcode.VftintWD, Opcode.XvftintWD);
        rows.FpLanes<FpWiden<uint, ulong, ToInt64<Fp32, RoundingOfFcsr>, LowHalf>>(Opcode.VftintlLS, Opcode.XvftintlLS);
        rows.FpLanes<FpWiden<uint, ulong, ToInt64<Fp32, RoundingOfFcsr>, HighHalf>>(
            Opcode.VftinthLS, Opcode.XvftinthLS);
        rows.FpLanes<FpConvert<uint, uint, ToInt32<Fp32, RoundingDown>>>(Opcode.VftintrmWS, Opcode.XvftintrmWS);
        rows.FpLanes<FpConvert<ulong, ulong, ToInt64<Fp64, RoundingDown>>>(Opcode.VftintrmLD, Opcode.XvftintrmLD);
        rows.FpLanes<FpNarrow<ulong, uint, ToInt32<Fp64, RoundingDown>>>(Opcode.VftintrmWD, Opcode.XvftintrmWD);
        rows.FpLanes<FpWiden<uint, ulong, ToInt64<Fp32, RoundingDown>, LowHalf>>(
            Opcode.VftintrmlLS, Opcode.XvftintrmlLS);
        rows.FpLanes<FpWiden<uint, ulong, ToInt64<Fp32, RoundingDown>, HighHalf>>(
            Opcode.VftintrmhLS, Opcode.XvftintrmhLS);
        rows.FpLanes<FpConvert<uint, uint, ToInt32<Fp32, RoundingUp>>>(Opcode.VftintrpWS, Opcode.XvftintrpWS);
        rows.FpLanes<FpConvert<ulong, ulong, ToInt64<Fp64, RoundingUp>>>(Opcode.VftintrpLD, Opcode.XvftintrpLD);
        rows.FpLanes<FpNarrow<ulong, uint, ToInt32<Fp64, RoundingUp>>>(Opcode.VftintrpWD, Opcode.XvftintrpWD);
        rows.FpLanes<FpWiden<uint, ulong, ToInt64<Fp32, RoundingUp>, LowHalf>>(Opcode.VftintrplLS, Opcode.XvftintrplLS);
        rows.FpLanes<FpWiden<uint, ulong, ToInt64<Fp32, RoundingUp>, HighHalf>>(
            Opcode.VftintrphLS, Opcode.XvftintrphLS);
        rows.FpLanes<FpConvert<uint, uint, ToInt32<Fp32, RoundingToZero>>>(Opcode.VftintrzWS, Opcode.XvftintrzWS);
        rows.FpLanes<FpConvert<ulong, ulong, ToInt64<Fp64, RoundingToZero>>>(Opcode.VftintrzLD, Opcode.XvftintrzLD);
        rows.FpLanes<FpNarrow<ulong, uint, ToInt32<Fp64, RoundingToZero>>>(Opcode.VftintrzWD, Opcode.XvftintrzWD);
        rows.FpLanes<FpWiden<uint, ulong, ToInt64<Fp32, RoundingToZero>, LowHalf>>(
            Opcode.VftintrzlLS, Opcode.XvftintrzlLS);
        rows.FpLanes<FpWiden<uint, ulong, ToInt64<Fp32, RoundingToZero>, HighHalf>>(
            Opcode.VftintrzhLS, Opcode.XvftintrzhLS);
        rows.FpLanes<FpConvert<uint, uint, ToInt32<Fp32, RoundingToEven>>>(Opcode.VftintrneWS, Opcode.XvftintrneWS);
        rows.FpLanes<FpConvert<ulong, ulong, ToInt64<Fp64, RoundingToEven>>>(Opcode.VftintrneLD, Opcode.XvftintrneLD);
        rows.FpLanes<FpNarrow<ulong, uint, ToInt32<Fp64, RoundingToEven>>>(Opcode.VftintrneWD, Opcode.XvftintrneWD);
        rows.FpLanes<FpWiden<uint, ulong, ToInt64<Fp32, RoundingToEven>, LowHalf>>(
            Opcode.VftintrnelLS, Opcode.XvftintrnelLS);
        rows.FpLanes<FpWiden<uint, ulong, ToInt64<Fp32, RoundingToEven>, HighHalf>>(
            Opcode.VftintrnehLS, Opcode.XvftintrnehLS);
        rows.FpLanes<FpConvert<uint, uint, ToUInt32<Fp32, RoundingOfFcsr>>>(Opcode.VftintWuS, Opcode.XvftintWuS);
        rows.FpLanes<FpConvert<ulong, ulong, ToUInt64<Fp64, RoundingOfFcsr>>>(Opcode.VftintLuD, Opcode.XvftintLuD);
        rows.FpLanes<FpConvert<uint, uint, ToUInt32<Fp32, RoundingToZero>>>(Opcode.VftintrzWuS, Opcode.XvftintrzWuS);
        rows.FpLanes<FpConvert<ulong, ulong, ToUInt64<Fp64, RoundingToZero>>>(Opcode.VftintrzLuD, Opcode.XvftintrzLuD);
    }
}
