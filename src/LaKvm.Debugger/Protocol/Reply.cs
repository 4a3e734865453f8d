using System.Text;

namespace LaKvm.Debugger;

/// <summary>An answer to a packet.</summary>
internal readonly struct Reply
{
    private const int NoSuchThing = 2, BadArgument = 0x16, BadAddress = 0xe;

    private readonly byte[]? _data;

    private Reply(byte[] data) => _data = data;

    /// <summary>Done.</summary>
    internal static Reply Ok { get; } = Of("OK");

    /// <summary>The packet is not known here.</summary>
    internal static Reply Unknown { get; } = Of("");

    /// <summary>No answer now: the machine runs, and the answer is why it stops.</summary>
    internal static Reply Later => default;

    /// <summary>The packet does not make sense.</summary>
    internal static Reply Bad { get; } = Error(BadArgument);

    /// <summary>There is no memory.</summary>
    internal static Reply NoMemory { get; } = Error(BadAddress);

    /// <summary>There is no such thread, register or annex.</summary>
    internal static Reply Missing { get; } = Error(NoSuchThing);

    /// <summary>Whether there is an answer.</summary>
    internal bool IsNow => _data != null;

    /// <summary>What to send.</summary>
    internal ReadOnlySpan<byte> Data => _data;

    /// <summary>Some text.</summary>
    internal static Reply Of(string text) => new(Encoding.Latin1.GetBytes(text));

    /// <summary>A letter and bytes as they are.</summary>
    internal static Reply Binary(char prefix, ReadOnlySpan<byte> bytes) => new([(byte)prefix, .. bytes]);

    /// <summary>An error that a person can read.</summary>
    internal static Reply Fail(string why) => Of($"E.{why}");

    private static Reply Error(int number) => Of($"E{number:x2}");
}
