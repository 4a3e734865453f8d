namespace LaKvm.Isa.Tests;

/// <summary>Files of the repository, found from where the test assembly lies.</summary>
internal static class RepositoryFiles
{
    private static readonly string Root = FindRoot();

    public static string Path(string relative) => System.IO.Path.Combine(Root, relative);

    /// <summary>The lines "word text" of a recorded data file, without its header.</summary>
    public static IEnumerable<(uint Word, string Text)> Recorded(string name) =>
        from line in File.ReadLines(Path($"tests/LaKvm.Isa.Tests/Data/{name}"))
        where line[0] != '#'
        select (Convert.ToUInt32(line[..8], 16), line[9..]);

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory != null && !File.Exists(System.IO.Path.Combine(directory, "LaKvm.sln")))
        {
            directory = System.IO.Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("the test assembly is not inside the repository");
    }
}
