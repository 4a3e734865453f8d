using System.Text;
using LaKvm.Devices;

namespace LaKvm.Cli;

/// <summary>One <c>--share DIR[,tag=NAME][,readonly]</c>.</summary>
/// <param name="Path">The directory.</param>
/// <param name="Tag">The name by which the guest mounts it.</param>
/// <param name="ReadOnly">Whether the guest may change nothing.</param>
internal sealed record ShareOption(string Path, string Tag, bool ReadOnly)
{
    internal const string Name = "--share", Syntax = "DIR[,tag=NAME][,readonly]", DefaultTag = "share";

    private const string TagKey = "tag=", ReadOnlyWord = "readonly";

    /// <summary>
    /// Parses the option's value. Words are taken from the end, so that a directory's name may hold commas.
    /// </summary>
    /// <exception cref="UserErrorException">There is no directory's name, or the tag cannot be one.</exception>
    internal static ShareOption Parse(string text)
    {
        var share = new ShareOption(text, DefaultTag, false);
        while (share.Path.LastIndexOf(',') is var comma and >= 0)
        {
            string word = share.Path[(comma + 1)..];
            bool isTag = word.StartsWith(TagKey, StringComparison.Ordinal);
            if (!isTag && word != ReadOnlyWord)
            {
                break;
            }

            share = share with
            {
                Path = share.Path[..comma],
                Tag = isTag ? word[TagKey.Length..] : share.Tag,
                ReadOnly = share.ReadOnly || !isTag,
            };
        }

        return share.Checked();
    }

    /// <summary>Itself, if it can be used.</summary>
    /// <exception cref="UserErrorException">There is no directory's name, or the tag cannot be one.</exception>
    internal ShareOption Checked()
    {
        if (Path.Length == 0)
        {
            throw new UserErrorException($"{Name} needs a directory: {Syntax}.", ExitCode.Usage);
        }

        int length = Encoding.UTF8.GetByteCount(Tag);
        return length is > 0 and <= VirtioShare.LongestTag ? this : throw new UserErrorException(
            $"{Name}: the tag '{Tag}' does not have 1 to {VirtioShare.LongestTag} bytes.", ExitCode.Usage);
    }
}
