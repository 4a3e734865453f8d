namespace LaKvm.Tests.Support;

/// <summary>The scenarios under guests/kvm-client, and what Linux's KVM answered to them.</summary>
internal static class ScenarioFiles
{
    /// <summary>Names of the files of scenarios, without suffix.</summary>
    internal static readonly string[] All = ["exits", "interrupts", "memory", "registers", "errors"];

    private static readonly string Directory = Path.Combine(FindRoot(), "guests", "kvm-client");

    /// <summary>The script of a file.</summary>
    internal static string Script(string name) => ScenarioScript.Compile(Read(name + ".txt"));

    /// <summary>What the client printed under Linux.</summary>
    internal static string Expected(string name) => Read(Path.Combine("expected", name + ".txt"));

    private static string Read(string name) => File.ReadAllText(Path.Combine(Directory, name));

    private static string FindRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory != null && !File.Exists(Path.Combine(directory.FullName, "LaKvm.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new DirectoryNotFoundException("The tests run inside the repository.");
    }
}
