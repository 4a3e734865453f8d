using System.Text.RegularExpressions;

namespace LaKvm.Architecture.Tests;

/// <summary>Rules for every file that the repository holds.</summary>
public partial class SourceTests
{
    private const int MaxLines = 400, MaxColumns = 120, MaxClassLines = 800, MaxClassFiles = 3;

    private static readonly string[] TopLevel =
        ["LaKvm.sln", "src", "tests", "benchmarks", "guests", "docs", "Directory.Build.props",
            "Directory.Packages.props", "README.md", "LICENSE", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];

    [Fact]
    public void Top_level_holds_only_the_agreed_entries() =>
        Repository.Files.Select(file => file.Split('/')[0]).Distinct().Where(entry => entry[0] != '.')
            .Should().BeSubsetOf(TopLevel);

    [Fact]
    public void No_file_puts_work_off() =>
        // The words are put together here, or this file would break its own rule.
        Matches(new Regex(@"\b(" + "TO" + "DO|" + "FIX" + "ME|" + "HA" + @"CK)\b")).Should().BeEmpty();

    [Fact]
    public void No_file_names_a_package_registry() =>
        Matches(new Regex(
            "nuget[.]org|npmjs[.]|pypi[.]|artifactory|jfrog|ghcr[.]io|docker[.]io", RegexOptions.IgnoreCase))
            .Should().BeEmpty("registries come from the machine's own configuration");

    [Fact]
    public void No_file_names_a_path_of_one_machine() =>
        Matches(new Regex(@"(?<![\w.*/$}-])/(home|root|work|Users|tmp/peers)/")).Should().BeEmpty();

    [Fact]
    public void Calls_into_the_C_library_stand_in_one_project() =>
        (from file in Repository.Files
         where file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)
             && !file.StartsWith("src/LaKvm.Linux/", StringComparison.Ordinal)
         from match in new Regex("""(LibraryImport|DllImport)\("libc""").Matches(Repository.Read(file))
         select file).Should().BeEmpty();

    [Fact]
    public void No_range_of_opcodes_has_a_meaning() =>
        (from file in Repository.Files
         where file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)
         from match in new Regex(@"(?<!=)[<>]=?\s*(Isa\.)?Opcode\.[A-Z]\w*").Matches(Repository.Read(file))
         select $"{file}: {match.Value}")
            .Should().BeEmpty(
            "rows may be added and moved in the instruction table; name what is meant, or make it a fact of the row");

    [Fact]
    public void No_line_is_wider_than_the_editor() =>
        (from file in Repository.Files
         where file.EndsWith(".cs", StringComparison.Ordinal) && !file.EndsWith(".g.cs", StringComparison.Ordinal)
         from line in Repository.Read(file).Split('\n')
         where line.Length > MaxColumns
         select $"{file}: {line}").Should().BeEmpty($".editorconfig says {MaxColumns} columns");

    [Fact]
    public void No_source_file_is_too_long_to_read() =>
        Repository.Files
            .Where(file => file.EndsWith(".cs", StringComparison.Ordinal) && !IsTable(file))
            .Select(file => (File: file, Lines: Repository.Read(file).Count(c => c == '\n')))
            .Where(file => file.Lines > MaxLines)
            .Should().BeEmpty($"a file that a reader can hold in mind has at most {MaxLines} lines");

    [Fact]
    public void No_class_is_cut_into_many_files_or_too_large() =>
        (from file in Repository.Files
         where file.StartsWith("src/", StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)
             && !file.EndsWith(".g.cs", StringComparison.Ordinal)
         let text = Repository.Read(file)
         from name in PartialType().Matches(text).Select(match => match.Groups[1].Value).Distinct()
         group text.Count(c => c == '\n') by (Project: file.Split('/')[1], Name: name) into parts
         where parts.Count() > MaxClassFiles || parts.Sum() > MaxClassLines
         select parts.Key.Name)
            .Should().BeEmpty($"a class has at most {MaxClassLines} lines and {MaxClassFiles} files");

    // Generated files, and tables whose length is the length of what they list.
    private static bool IsTable(string file) =>
        file.EndsWith(".g.cs", StringComparison.Ordinal)
        || file.Contains("/Tables/", StringComparison.Ordinal)
        || file.Contains("/Vectors/", StringComparison.Ordinal);

    private static IEnumerable<string> Matches(Regex rule) =>
        from file in Repository.Files
        where !file.EndsWith(nameof(SourceTests) + ".cs", StringComparison.Ordinal) && Repository.IsText(file)
        from match in rule.Matches(Repository.Read(file))
        select $"{file}: {match.Value}";

    [GeneratedRegex(@"^(?:\w+ )*partial (?:class|struct|record) (\w+)", RegexOptions.Multiline)]
    private static partial Regex PartialType();
}
