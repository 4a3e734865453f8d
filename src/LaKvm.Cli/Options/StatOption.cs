namespace LaKvm.Cli;

/// <summary>The option for a table of exits, and where it goes.</summary>
/// <param name="Path">A file, pipe or terminal; null is stderr.</param>
internal sealed record StatOption(string? Path)
{
    internal const string Name = "--stat";
}
