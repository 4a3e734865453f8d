using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using LaKvm.Architecture.Tests;
using LaKvm.Hypervisor;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>docs/abi.md names every ioctl and exit reason, with its number.</summary>
public partial class AbiDocumentTests
{
    private static readonly string _document = Repository.Read("docs/abi.md");

    [Fact]
    public void Tables_have_every_ioctl_with_its_number()
    {
        var written = _document.Split('\n').Where(line => line.StartsWith('|')).SelectMany(Ioctls).Distinct();

        written.Should().BeEquivalentTo(typeof(KvmIoctl).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (Plain(field.Name), (uint)field.GetRawConstantValue()!)));
    }

    [Fact]
    public void Exit_reasons_are_listed_with_their_numbers()
    {
        string list = _document[_document.IndexOf("Exit reasons:", StringComparison.Ordinal)..];

        ExitReason().Matches(list[..list.IndexOf('.', StringComparison.Ordinal)])
            .Select(match => (Plain(match.Groups[1].Value), uint.Parse(match.Groups[2].Value)))
            .Should().BeEquivalentTo(Enum.GetValues<KvmExitReason>().Except(NeverProduced)
                .Select(reason => (Plain(reason.ToString()), (uint)reason)));
    }

    private static KvmExitReason[] NeverProduced => [KvmExitReason.Unknown, KvmExitReason.SystemEvent];

    /// <summary>The ioctls of a row: its first cell has the names, its second as many numbers.</summary>
    private static IEnumerable<(string Name, uint Number)> Ioctls(string row)
    {
        string[] cells = row.Trim('|').Split('|', StringSplitOptions.TrimEntries);
        string[] numbers = cells[1].Split(", ");
        if (!numbers[0].StartsWith("0x", StringComparison.Ordinal))
        {
            return [];
        }

        string[] names = cells[0].Split(", ");
        names.Should().HaveSameCount(numbers, "{0}", row);
        return names.Select(Plain).Zip(numbers.Select(number => uint.Parse(number[2..], NumberStyles.HexNumber)));
    }

    /// <summary>A name without what differs between the document, which has the kernel's, and the code.</summary>
    private static string Plain(string name) => name.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();

    [GeneratedRegex("([A-Z][A-Z_]*) ([0-9]+)")]
    private static partial Regex ExitReason();
}
