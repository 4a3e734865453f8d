using System.Text.RegularExpressions;

namespace LaKvm.Cli.Tests;

public partial class ReadmeTests
{
    /// <summary>The commands of the README's code blocks, from the word behind the program's name.</summary>
    public static TheoryData<string> Commands() =>
        [.. Command().Matches(File.ReadAllText(Path.Combine(LakvmProcess.Root, "README.md")))
        .Select(m => m.Groups[1].Value)];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Command_in_the_readme_is_understood(string arguments) =>
        LakvmCommand.Create().Parse(arguments).Errors.Should().BeEmpty();

    [GeneratedRegex("^(?:lakvm|dotnet run .* --) (.+)$", RegexOptions.Multiline)]
    private static partial Regex Command();
}
