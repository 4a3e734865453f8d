using System.Text;

namespace LaKvm.Isa.Assembling;

/// <summary>One label or operation of the source.</summary>
/// <param name="Line">Line number, from 1.</param>
/// <param name="Name">Label without colon, mnemonic, or directive with its dot.</param>
/// <param name="Operands">The text of the operands, trimmed; null for a label.</param>
internal sealed record Statement(int Line, string Name, string[]? Operands);

/// <summary>What is wrong with a statement; reported as an <see cref="AssemblyError"/>.</summary>
internal sealed class AssemblyException(string message) : Exception(message);

/// <summary>Splits source text into statements: lines and ';' separate them, '#' and '//' start a comment.</summary>
internal static class SourceReader
{
    /// <summary>Reads all statements; lines that cannot be split go to <paramref name="errors"/>.</summary>
    public static void Read(string source, List<Statement> statements, List<AssemblyError> errors)
    {
        int number = 0;
        foreach (string line in source.Split('\n'))
        {
            number++;
            try
            {
                foreach (string part in Split(line, ';', stopAtComment: true))
                {
                    ReadStatement(number, part, statements);
                }
            }
            catch (AssemblyException e)
            {
                errors.Add(new AssemblyError(number, e.Message));
            }
        }
    }

    private static void ReadStatement(int line, string text, List<Statement> statements)
    {
        int colon = LabelLength(text);
        while (colon > 0)
        {
            statements.Add(new Statement(line, text[..colon], null));
            text = text[(colon + 1)..].Trim();
            colon = LabelLength(text);
        }

        if (text.Length > 0)
        {
            int end = text.IndexOfAny([' ', '\t']);
            string name = end < 0 ? text : text[..end];
            string rest = end < 0 ? "" : text[end..].Trim();
            statements.Add(new Statement(line, name, rest.Length == 0 ? [] : Split(rest, ',').ToArray()));
        }
    }

    /// <summary>Length of the label that <paramref name="text"/> starts with, or 0.</summary>
    private static int LabelLength(string text)
    {
        int length = 0;
        while (length < text.Length && IsSymbolCharacter(text[length]))
        {
            length++;
        }

        return length < text.Length && text[length] == ':' ? length : 0;
    }

    /// <summary>Whether a symbol's name may contain the character.</summary>
    public static bool IsSymbolCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '.';

    /// <summary>Splits at a separator outside of quotes; the parts are trimmed.</summary>
    private static List<string> Split(string text, char separator, bool stopAtComment = false)
    {
        List<string> parts = [];
        StringBuilder part = new();
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quote == '\0' && stopAtComment && (c == '#' || (c == '/' && i + 1 < text.Length && text[i + 1] == '/')))
            {
                break;
            }

            if (quote == '\0' && c == separator)
            {
                parts.Add(part.ToString().Trim());
                part.Clear();
                continue;
            }

            part.Append(c);
            if (quote != '\0' && c == '\\' && i + 1 < text.Length)
            {
                part.Append(text[++i]);
            }
            else if (c is '"' or '\'')
            {
                quote = quote == '\0' ? c : quote == c ? '\0' : quote;
            }
        }

        parts.Add(part.ToString().Trim());
        return quote == '\0' ? parts : throw new AssemblyException($"missing closing {quote}");
    }
}
