using System.Text.RegularExpressions;

namespace LaKvm.Architecture.Tests;

/// <summary>What the documents point at exists.</summary>
public partial class DocumentationTests
{
    [Fact]
    public void Every_relative_link_leads_to_a_file() =>
        (from document in Repository.Files
         where document.EndsWith(".md", StringComparison.Ordinal)
         from Match link in Link().Matches(Repository.Read(document))
         let target = link.Groups["target"].Value
         where !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith('#')
         let path = Path.Combine(Repository.Root, Path.GetDirectoryName(document)!, target.Split('#')[0])
         where !Path.Exists(path)
         select $"{document}: {target}").Should().BeEmpty();

    [Fact]
    public void Every_document_is_reached_from_the_readme()
    {
        var reached = new HashSet<string>();
        Follow("README.md", reached);

        Repository.Files.Where(file => file.EndsWith(".md", StringComparison.Ordinal)).Should().BeSubsetOf(reached);
    }

    [Fact]
    public void Every_path_in_the_documents_code_exists() =>
        (from document in Repository.Files
         where document.EndsWith(".md", StringComparison.Ordinal)
         from Match code in RepositoryPath().Matches(Repository.Read(document))
         where !Path.Exists(Path.Combine(Repository.Root, code.Value.TrimEnd('.', '/')))
         select $"{document}: {code.Value}").Should().BeEmpty();

    private static void Follow(string document, HashSet<string> reached)
    {
        if (!document.EndsWith(".md", StringComparison.Ordinal) || !reached.Add(document))
        {
            return;
        }

        foreach (Match link in Link().Matches(Repository.Read(document)))
        {
            string path = Path.Combine(
                Repository.Root, Path.GetDirectoryName(document)!, link.Groups["target"].Value.Split('#')[0]);
            Follow(Path.GetRelativePath(Repository.Root, Path.GetFullPath(path)), reached);
        }
    }

    [GeneratedRegex(@"\[[^\]]*\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    // A path from the root, as commands and texts name it; patterns and placeholders are none.
    [GeneratedRegex(@"(?<![\w/.-])(src|tests|benchmarks|guests|docs|\.ci)/[\w./-]+(?![\w*<{])")]
    private static partial Regex RepositoryPath();
}
