using System.Xml.Linq;

namespace LaKvm.Architecture.Tests;

/// <summary>
/// Who may know whom (docs/architecture.md): arrows point from the command line down to the ISA only.
/// </summary>
public class ReferenceGraphTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Isa.Generator"] = [],
        ["Diagnostics"] = [],
        ["Isa"] = [],
        ["Linux"] = [],
        ["Memory"] = ["Linux"],
        ["Images"] = ["Linux"],
        ["Cpu"] = ["Diagnostics", "Isa", "Memory", "Linux"],
        ["Interpreter"] = ["Cpu", "Isa", "Memory"],
        ["Translator"] = ["Cpu", "Isa", "Memory"],
        ["Devices"] = ["Cpu", "Diagnostics", "Memory"],
        ["Boot"] = ["Devices", "Diagnostics", "Linux", "Memory"],
        ["Backends"] = ["Devices", "Linux"],
        ["Running"] = ["Cpu", "Devices"],
        ["Machine"] = ["Running", "Boot", "Devices", "Cpu", "Diagnostics", "Memory"],
        ["Hypervisor"] = ["Devices", "Cpu", "Diagnostics", "Isa", "Memory"],
        ["Ioctl"] = ["Hypervisor", "Cpu", "Diagnostics", "Memory"],
        ["User"] = ["Ioctl", "Hypervisor", "Cpu", "Diagnostics", "Memory", "Linux"],
        ["Vmm"] = ["Running", "Ioctl", "Boot", "Devices", "Diagnostics", "Memory"],
        ["Debugger"] = ["Cpu", "Diagnostics", "Hypervisor", "Ioctl", "Isa", "Memory", "Running", "Vmm"],
        ["Control"] = ["Debugger", "Running"],
        ["Web"] = ["Control", "Debugger"],
        ["Cli"] = ["Web", "Control", "Debugger",
            "Vmm", "User", "Ioctl", "Hypervisor", "Machine", "Running", "Boot", "Backends", "Devices", "Images",
            "Interpreter", "Translator", "Cpu", "Diagnostics",
            "Memory", "Isa", "Linux"],
    };

    /// <summary>Every project below src.</summary>
    public static TheoryData<string> Projects() => [.. Repository.Files
        .Where(file => file.StartsWith("src/", StringComparison.Ordinal)
        && file.EndsWith(".csproj", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_references_only_the_layers_below_it(string project)
    {
        string name = ShortName(project);

        Allowed.Should().ContainKey(name, "every project has its place in the layering");
        References(project).Should().BeSubsetOf(Allowed[name]);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_is_in_the_solution(string project) =>
        Repository.Read("LaKvm.sln").Replace('\\', '/').Should().Contain($"\"{project}\"");

    private static IEnumerable<string> References(string project) =>
        XDocument.Parse(Repository.Read(project)).Descendants("ProjectReference")
            .Select(reference => ShortName(reference.Attribute("Include")!.Value));

    private static string ShortName(string project) =>
        Path.GetFileNameWithoutExtension(project.Replace('\\', '/'))["LaKvm.".Length..];
}
