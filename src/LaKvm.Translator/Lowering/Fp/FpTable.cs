using LaKvm.Isa;
using static LaKvm.Translator.FpRow;

namespace LaKvm.Translator;

/// <summary>Which floating-point instructions the host's FPU does.</summary>
internal static class FpTable
{
    private static readonly FpRow[] Rows = Build();

    /// <summary>The row of an instruction; its kind is None for the others.</summary>
    public static ref readonly FpRow Of(Opcode opcode) => ref Rows[(int)opcode];

    private static FpRow[] Build()
    {
        var rows = new FpRow[OpcodeTable.Count];
        Arithmetic(rows);
        Comparisons(rows);
        Conversions(rows);
        return rows;
    }

    private static void Arithmetic(FpRow[] rows)
    {
        Formats(rows, FpKind.Binary, Add, 0, Opcode.FaddS, Opcode.VfaddS, Opcode.XvfaddS);
        Formats(rows, FpKind.Binary, Sub, 0, Opcode.FsubS, Opcode.VfsubS, Opcode.XvfsubS);
        Formats(rows, FpKind.Binary, Mul, 0, Opcode.FmulS, Opcode.VfmulS, Opcode.XvfmulS);
        Formats(rows, FpKind.Binary, Div, 0, Opcode.FdivS, Opcode.VfdivS, Opcode.XvfdivS);
        rows[(int)Opcode.FscalebS] = new(FpKind.Scale, Mul, 0, false, 8);
        rows[(int)Opcode.FscalebD] = new(FpKind.Scale, Mul, 0, true, 8);
        Formats(rows, FpKind.Extremum, Max, 0, Opcode.FmaxS, Opcode.VfmaxS, Opcode.XvfmaxS);
        Formats(rows, FpKind.Extremum, Min, 0, Opcode.FminS, Opcode.VfminS, Opcode.XvfminS);
        Formats(rows, FpKind.SquareRoot, Sqrt, 0, Opcode.FsqrtS, Opcode.VfsqrtS, Opcode.XvfsqrtS);
        Formats(rows, FpKind.Reciprocal, Div, 0, Opcode.FrecipS, Opcode.VfrecipS, Opcode.XvfrecipS);
        Formats(rows, FpKind.ReciprocalRoot, Div, 0, Opcode.FrsqrtS, Opcode.VfrsqrtS, Opcode.XvfrsqrtS);
        Formats(rows, FpKind.Round, 0, Current, Opcode.FrintS, Opcode.VfrintS, Opcode.XvfrintS);

        // vfmadd231, vfmsub231 on vectors; the next opcode is the scalar's.
        Formats(rows, FpKind.MultiplyAdd, 0xB8, 0, Opcode.FmaddS, Opcode.VfmaddS, Opcode.XvfmaddS);
        Formats(rows, FpKind.MultiplyAdd, 0xBA, 0, Opcode.FmsubS, Opcode.VfmsubS, Opcode.XvfmsubS);
        Formats(rows, FpKind.MultiplyAdd, 0xB8, 1, Opcode.FnmaddS, Opcode.VfnmaddS, Opcode.XvfnmaddS);
        Formats(rows, FpKind.MultiplyAdd, 0xBA, 1, Opcode.FnmsubS, Opcode.VfnmsubS, Opcode.XvfnmsubS);
        Vectors(rows, FpKind.Round, Nearest, Opcode.VfrintrneS, Opcode.XvfrintrneS);
        Vectors(rows, FpKind.Round, Down, Opcode.VfrintrmS, Opcode.XvfrintrmS);
        Vectors(rows, FpKind.Round, Up, Opcode.VfrintrpS, Opcode.XvfrintrpS);
        Vectors(rows, FpKind.Round, ToZero, Opcode.VfrintrzS, Opcode.XvfrintrzS);
    }

    private static void Comparisons(FpRow[] rows)
    {
        const int conditions = 22;
        for (int n = 0; n < conditions; n++)
        {
            rows[(int)Opcode.FcmpCafS + n] = new(FpKind.Compare, 0, 0, false, 8);
            rows[(int)Opcode.FcmpCafD + n] = new(FpKind.Compare, 0, 0, true, 8);
            rows[(int)Opcode.VfcmpCafS + n] = new(FpKind.Compare, 0, 0, false, 16);
            rows[(int)Opcode.VfcmpCafD + n] = new(FpKind.Compare, 0, 0, true, 16);
            rows[(int)Opcode.XvfcmpCafS + n] = new(FpKind.Compare, 0, 0, false, 32);
            rows[(int)Opcode.XvfcmpCafD + n] = new(FpKind.Compare, 0, 0, true, 32);
        }
    }

    private static void Conversions(FpRow[] rows)
    {
        Integers(rows, Current, Opcode.FtintWS, Opcode.FtintWD, Opcode.FtintLS, Opcode.FtintLD);
        Integers(rows, Nearest, Opcode.FtintrneWS, Opcode.FtintrneWD, Opcode.FtintrneLS, Opcode.FtintrneLD);
        Integers(rows, ToZero, Opcode.FtintrzWS, Opcode.FtintrzWD, Opcode.FtintrzLS, Opcode.FtintrzLD);
        Integers(rows, Up, Opcode.FtintrpWS, Opcode.FtintrpWD, Opcode.FtintrpLS, Opcode.FtintrpLD);
        Integers(rows, Down, Opcode.FtintrmWS, Opcode.FtintrmWD, Opcode.FtintrmLS, Opcode.FtintrmLD);
        rows[(int)Opcode.FfintSW] = new(FpKind.FromInt32, 0, 0, false, 8);
        rows[(int)Opcode.FfintDW] = new(FpKind.FromInt32, 0, 0, true, 8);
        rows[(int)Opcode.FfintSL] = new(FpKind.FromInt64, 0, 0, false, 8);
        rows[(int)Opcode.FfintDL] = new(FpKind.FromInt64, 0, 0, true, 8);
        rows[(int)Opcode.FcvtSD] = new(FpKind.ToSingle, 0, 0, true, 8);
        rows[(int)Opcode.FcvtDS] = new(FpKind.ToDouble, 0, 0, false, 8);
        VectorConversions(rows);
    }

    private static void VectorConversions(FpRow[] rows)
    {
        Pair(rows, new(FpKind.ToInt32, 0, Current, false, 16), Opcode.VftintWS, Opcode.XvftintWS);
        Pair(rows, new(FpKind.ToInt32, 0, Nearest, false, 16), Opcode.VftintrneWS, Opcode.XvftintrneWS);
        Pair(rows, new(FpKind.ToInt32, 0, ToZero, false, 16), Opcode.VftintrzWS, Opcode.XvftintrzWS);
        Pair(rows, new(FpKind.ToInt32, 0, Up, false, 16), Opcode.VftintrpWS, Opcode.XvftintrpWS);
        Pair(rows, new(FpKind.ToInt32, 0, Down, false, 16), Opcode.VftintrmWS, Opcode.XvftintrmWS);
        DoublesToIntegers(rows);
        Pair(rows, new(FpKind.FromInt64, 0, 0, true, 16), Opcode.VffintDL, Opcode.XvffintDL);
        Pair(rows, new(FpKind.FromInt32, 0, 0, false, 16), Opcode.VffintSW, Opcode.XvffintSW);
        Pair(rows, new(FpKind.WidenInt32, 0, 0, false, 16), Opcode.VffintlDW, Opcode.XvffintlDW);
        Pair(rows, new(FpKind.WidenInt32, 0, 1, false, 16), Opcode.VffinthDW, Opcode.XvffinthDW);
        Pair(rows, new(FpKind.WidenSingle, 0, 0, false, 16), Opcode.VfcvtlDS, Opcode.XvfcvtlDS);
        Pair(rows, new(FpKind.WidenSingle, 0, 1, false, 16), Opcode.VfcvthDS, Opcode.XvfcvthDS);
        Pair(rows, new(FpKind.NarrowDouble, 0, 0, true, 16), Opcode.VfcvtSD, Opcode.XvfcvtSD);
    }

    private static void DoublesToIntegers(FpRow[] rows)
    {
        Pair(rows, new(FpKind.ToInt64, 0, Current, true, 16), Opcode.VftintLD, Opcode.XvftintLD);
        Pair(rows, new(FpKind.ToInt64, 0, Nearest, true, 16), Opcode.VftintrneLD, Opcode.XvftintrneLD);
        Pair(rows, new(FpKind.ToInt64, 0, ToZero, true, 16), Opcode.VftintrzLD, Opcode.XvftintrzLD);
        Pair(rows, new(FpKind.ToInt64, 0, Up, true, 16), Opcode.VftintrpLD, Opcode.XvftintrpLD);
        Pair(rows, new(FpKind.ToInt64, 0, Down, true, 16), Opcode.VftintrmLD, Opcode.XvftintrmLD);
        Pair(rows, new(FpKind.NarrowToInt32, 0, Current, true, 16), Opcode.VftintWD, Opcode.XvftintWD);
        Pair(rows, new(FpKind.NarrowToInt32, 0, Nearest, true, 16), Opcode.VftintrneWD, Opcode.XvftintrneWD);
        Pair(rows, new(FpKind.NarrowToInt32, 0, ToZero, true, 16), Opcode.VftintrzWD, Opcode.XvftintrzWD);
        Pair(rows, new(FpKind.NarrowToInt32, 0, Up, true, 16), Opcode.VftintrpWD, Opcode.XvftintrpWD);
        Pair(rows, new(FpKind.NarrowToInt32, 0, Down, true, 16), Opcode.VftintrmWD, Opcode.XvftintrmWD);
    }

    /// <summary>A row of LSX and its twin.</summary>
    private static void Pair(FpRow[] rows, FpRow row, Opcode lsx, Opcode lasx)
    {
        rows[(int)lsx] = row;
        rows[(int)lasx] = row with { Bytes = 32 };
    }

    /// <summary>.s and .d, which follow each other, as scalar and on both vectors.</summary>
    private static void Formats(FpRow[] rows, FpKind kind, byte op, byte mode, Opcode scalar, Opcode lsx, Opcode lasx)
    {
        Opcode[] first = [scalar, lsx, lasx];
        for (int n = 0; n < first.Length; n++)
        {
            rows[(int)first[n]] = new(kind, op, mode, false, 8 << n);
            rows[(int)first[n] + 1] = new(kind, op, mode, true, 8 << n);
        }
    }

    private static void Vectors(FpRow[] rows, FpKind kind, byte mode, Opcode lsx, Opcode lasx)
    {
        rows[(int)lsx] = new(kind, 0, mode, false, 16);
        rows[(int)lsx + 1] = new(kind, 0, mode, true, 16);
        rows[(int)lasx] = new(kind, 0, mode, false, 32);
        rows[(int)lasx + 1] = new(kind, 0, mode, true, 32);
    }

    private static void Integers(FpRow[] rows, byte mode, Opcode ws, Opcode wd, Opcode ls, Opcode ld)
    {
        rows[(int)ws] = new(FpKind.ToInt32, 0, mode, false, 8);
        rows[(int)wd] = new(FpKind.ToInt32, 0, mode, true, 8);
        rows[(int)ls] = new(FpKind.ToInt64, 0, mode, false, 8);
        rows[(int)ld] = new(FpKind.ToInt64, 0, mode, true, 8);
    }
}
