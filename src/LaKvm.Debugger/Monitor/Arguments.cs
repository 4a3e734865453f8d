using System.Globalization;

namespace LaKvm.Debugger.Monitor;

/// <summary>Reads the words behind a command.</summary>
internal static class Arguments
{
    /// <summary>The core that the command is about.</summary>
    internal static IDebugThread Thread(MonitorContext context) =>
        context.Thread ?? throw new MonitorException("there is no core");

    /// <summary>A number, hexadecimal with 0x, or the PC for <c>pc</c>.</summary>
    internal static ulong Number(MonitorContext context, string[] words, int index, ulong? usual = null)
    {
        if (index >= words.Length)
        {
            return usual ?? throw new MonitorException("an address is missing");
        }

        string word = words[index];
        if (word == "pc")
        {
            return Thread(context).Pc;
        }

        bool isHex = word.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        bool ok = isHex
            ? Hex.TryNumber(word.AsSpan(2), out ulong value)
            : ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        return ok ? value : throw new MonitorException($"'{word}' is not a number; write for example 0x1000");
    }
}
