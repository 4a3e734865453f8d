using System.Reflection;
using System.Xml.Linq;

namespace LaKvm.Architecture.Tests;

/// <summary>
/// What a machine is made of asks the computer neither for time nor for chance or threads: an analyzer looks for what
/// src/BannedSymbols.txt lists. It passes over a name that does not exist, so that is looked at here.
/// </summary>
public class BannedSymbolTests
{
    /// <summary>
    /// What is outside of machines or their boundary. Backends: what stands behind a machine's lines goes by the
    /// computer's time.
    /// </summary>
    private static readonly string[] Free =
    [
        "LaKvm.Diagnostics", "LaKvm.Linux", "LaKvm.Running", "LaKvm.Backends", "LaKvm.User", "LaKvm.Debugger",
        "LaKvm.Control", "LaKvm.Web", "LaKvm.Images", "LaKvm.Cli", "LaKvm.Isa.Generator",
    ];

    public static TheoryData<string> Symbols() =>
        [.. Repository.Read("src/BannedSymbols.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(';')[0])];

    [Theory]
    [MemberData(nameof(Symbols))]
    public void Banned_symbol_exists(string id)
    {
        string[] parts = id[2..].TrimEnd(')').Split('(');
        string name = parts[0];
        int dot = name.LastIndexOf('.');
        int parameters = parts.Length == 1 ? 0 : parts[1].Split(',').Length;
        bool exists = id[0] switch
        {
            'N' => Types().Any(type => type.Namespace == name),
            'T' => name.StartsWith("LaKvm.", StringComparison.Ordinal) ? IsOurs(name) : FindType(name) != null,
            'P' => FindType(name[..dot])?.GetProperty(name[(dot + 1)..]) != null,
            _ => FindType(name[..dot])?.GetMembers().OfType<MethodBase>()
                .Any(m => m.Name == name[(dot + 1)..].Replace('#', '.') && m.GetParameters().Length == parameters)
                ?? false,
        };

        exists.Should().BeTrue();
    }

    [Fact]
    public void Only_projects_outside_of_machines_are_free_to_ask_the_computer()
    {
        string list = XDocument.Parse(Repository.Read("Directory.Build.props"))
            .Descendants("OutsideOfMachines").Single().Value;

        list.Split(';', StringSplitOptions.RemoveEmptyEntries).Should().BeEquivalentTo(Free);
        Free.Should().OnlyContain(name => Repository.Files.Contains($"src/{name}/{name}.csproj"));
    }

    private static bool IsOurs(string name)
    {
        string[] parts = name.Split('.');
        return Repository.Files.Contains($"src/LaKvm.{parts[1]}/{parts[2]}.cs");
    }

    private static Type? FindType(string name) => Types().FirstOrDefault(type => type.FullName == name);

    private static IEnumerable<Type> Types() =>
        new[] { typeof(object), typeof(System.Diagnostics.Stopwatch), typeof(System.Timers.Timer),
            typeof(System.Security.Cryptography.RandomNumberGenerator) }
            .SelectMany(type => type.Assembly.GetExportedTypes());
}
