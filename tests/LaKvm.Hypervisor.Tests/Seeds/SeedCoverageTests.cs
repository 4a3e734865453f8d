using System.Reflection;

namespace LaKvm.Hypervisor.Tests;

/// <summary>No row is forgotten, and no test names one that does not exist.</summary>
public sealed class SeedCoverageTests
{
    private static readonly ILookup<string, MethodInfo> Tests = typeof(SeedCoverageTests).Assembly.GetTypes()
        .SelectMany(t => t.GetMethods())
        .SelectMany(m => m.GetCustomAttributes<SeedAttribute>().Select(a => (a.Row, Method: m)))
        .ToLookup(p => p.Row, p => p.Method);

    [Fact]
    public void Every_row_that_applies_has_a_test()
    {
        SeedRows.Tested.Should().OnlyHaveUniqueItems();
        SeedRows.Tested.Should().OnlyContain(row => Tests[row].Any());
    }

    [Fact]
    public void Every_row_that_a_test_names_is_listed_and_the_test_is_run()
    {
        Tests.Select(g => g.Key).Should().BeSubsetOf(SeedRows.Tested);
        Tests.SelectMany(g => g).Should().OnlyContain(m => m.GetCustomAttribute<FactAttribute>() != null);
    }

    [Fact]
    public void Row_without_a_test_has_a_reason() =>
        SeedRows.NotApplicable.Should().OnlyContain(p => p.Value.Length > 20 && !SeedRows.Tested.Contains(p.Key));
}
