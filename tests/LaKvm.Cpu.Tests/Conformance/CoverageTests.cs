using LaKvm.Isa;

namespace LaKvm.Cpu.Tests.Conformance;

/// <summary>No instruction goes untested.</summary>
public sealed class CoverageTests
{
    /// <summary>Fewer cases than this say little about a row.</summary>
    private const int FewestCases = 20;

    private static IEnumerable<string> TableRows =>
        Enumerable.Range(1, OpcodeTable.Count - 1)
            .Select(row => ((Opcode)row).Info())
            .Where(info => info.Unit != Unit.Lbt)
            .Select(info => info.Mnemonic);

    [Fact]
    public void Every_row_has_vectors_or_a_test_class() =>
        TableRows.Except(VectorFiles.Lines.Keys).Except(UnrecordedRows.TestClasses.Keys).Should().BeEmpty();

    [Fact]
    public void Every_recorded_row_has_enough_cases() =>
        VectorFiles.Lines.Where(row => row.Value.Count < FewestCases).Should().BeEmpty();

    [Fact]
    public void Every_exempt_row_is_a_row_without_vectors() =>
        UnrecordedRows.TestClasses.Keys.Except(TableRows.Except(VectorFiles.Lines.Keys)).Should().BeEmpty();

    [Fact]
    public void Every_named_test_class_exists()
    {
        IEnumerable<string> classes = typeof(CoverageTests).Assembly.GetTypes()
            .Where(type => type.GetMethods().Any(method => method.IsDefined(typeof(FactAttribute), inherit: true)))
            .Select(type => type.Name);
        UnrecordedRows.TestClasses.Values.Distinct().Except(classes).Should().BeEmpty();
    }
}
