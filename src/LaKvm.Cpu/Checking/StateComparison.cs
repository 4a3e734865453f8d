namespace LaKvm.Cpu;

/// <summary>Says where two states of a core differ.</summary>
internal static unsafe class StateComparison
{
    public static void Compare(CpuState* expected, CpuState* actual, List<string> found)
    {
        for (int n = 1; n < 32; n++)
        {
            Compare($"r{n}", expected->Gpr[n], actual->Gpr[n], found);
        }

        for (int n = 0; n < 32 * 4; n++)
        {
            Compare($"x{n / 4}, word {n % 4}", expected->Vr[n], actual->Vr[n], found);
        }

        Compare("pc", expected->Pc, actual->Pc, found);
        Compare("instructions", expected->Retired, actual->Retired, found);
        Compare("fcsr", expected->Fcsr, actual->Fcsr, found);
        Compare("fcc", *(ulong*)expected->Fcc, *(ulong*)actual->Fcc, found);
        Compare("plv", expected->Plv, actual->Plv, found);
        Compare("guest mode", expected->Vm, actual->Vm, found);
        Compare("units", expected->Units, actual->Units, found);
        Compare("llbit", *(ushort*)expected->Llbit, *(ushort*)actual->Llbit, found);
        Compare("ll address", expected->LlAddress, actual->LlAddress, found);
        Compare("ll value", expected->LlValue, actual->LlValue, found);
        CompareEvents(expected->Events, actual->Events, found);
    }

    public static void CompareBank(
        string prefix, ReadOnlySpan<ulong> expected, ReadOnlySpan<ulong> actual, List<string> found)
    {
        if (expected.SequenceEqual(actual))
        {
            return;
        }

        foreach (CsrDeclaration row in CsrTable.Rows)
        {
            Compare(prefix + row.Name, expected[row.Number], actual[row.Number], found);
        }
    }

    private static void CompareEvents(in EventCounts expected, in EventCounts actual, List<string> found)
    {
        Compare("faults", expected.Faults, actual.Faults, found);
        Compare("fetch refills", expected.FetchRefills, actual.FetchRefills, found);
        Compare("data refills", expected.DataRefills, actual.DataRefills, found);
        Compare("counting", expected.Counting, actual.Counting, found);
        if (expected.AreBranchesCounted != 0)
        {
            Compare("branches", expected.Branches, actual.Branches, found);
            Compare("branch misses", expected.BranchMisses, actual.BranchMisses, found);
        }
    }

    private static void Compare(string name, ulong expected, ulong actual, List<string> found)
    {
        if (expected != actual)
        {
            found.Add($"{name}: {actual:x}, not {expected:x}");
        }
    }
}
