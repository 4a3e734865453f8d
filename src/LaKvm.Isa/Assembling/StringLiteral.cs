using System.Globalization;
using System.Text;

namespace LaKvm.Isa.Assembling;

/// <summary>Quoted text with the escapes \n \t \r \0 \\ \" \' and \xHH (a code point).</summary>
internal static class StringLiteral
{
    /// <summary>The UTF-8 bytes of a string in double quotes.</summary>
    public static byte[] Bytes(string operand)
    {
        if (operand.Length < 2 || operand[0] != '"' || operand[^1] != '"')
        {
            throw new AssemblyException($"{operand} is not a string in double quotes");
        }

        StringBuilder text = new();
        for (int position = 1; position < operand.Length - 1;)
        {
            text.Append(Character(operand, ref position));
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Reads one character or escape at <paramref name="position"/> and moves behind it.</summary>
    public static char Character(string text, ref int position)
    {
        char character = At(text, position++);
        if (character != '\\')
        {
            return character;
        }

        character = At(text, position++);
        switch (character)
        {
            case 'n': return '\n';
            case 't': return '\t';
            case 'r': return '\r';
            case '0': return '\0';
            case '\\' or '"' or '\'': return character;
            case 'x' when position + 2 <= text.Length
                && byte.TryParse(text.AsSpan(position, 2), NumberStyles.AllowHexSpecifier, null, out byte code):
                position += 2;
                return (char)code;
            default: throw new AssemblyException($"unknown escape \\{character}");
        }
    }

    private static char At(string text, int position) =>
        position < text.Length ? text[position] : throw new AssemblyException($"{text} ends too early");
}
