using System.Text.RegularExpressions;

namespace LaKvm.Architecture.Tests;

/// <summary>Rules for the translator's folders.</summary>
public sealed partial class TranslatorTests
{
    private const string Project = "src/LaKvm.Translator/";

    /// <summary>What belongs to one kind of host; the rest has to do with any.</summary>
    private static readonly string[] HostFolders = ["Lowering/", "Host/"];

    [Fact]
    public void What_is_not_of_one_host_knows_no_instruction_or_register_of_it() =>
        (from file in Repository.Files
         where file.StartsWith(Project, StringComparison.Ordinal) && file.EndsWith(".cs", StringComparison.Ordinal)
             && !Array.Exists(HostFolders, folder => file.StartsWith(Project + folder, StringComparison.Ordinal))
         from match in HostNames().Matches(Repository.Read(file))
         select $"{file}: {match.Value}")
            .Should().BeEmpty("another back end brings its own lowering and assembler, behind IBackEnd");

    [GeneratedRegex(@"\b(Emitter|Reg|Rm|Simd|RegisterMap|Stubs|EmitContext|VectorCache)\b")]
    private static partial Regex HostNames();
}
