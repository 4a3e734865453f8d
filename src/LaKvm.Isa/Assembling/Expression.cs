using System.Globalization;

namespace LaKvm.Isa.Assembling;

/// <summary>
/// Evaluates expressions with C's operators and precedences: | ^ &amp; &lt;&lt; &gt;&gt; + - * / % and unary - + ~;
/// numbers, characters, symbols and '.' (the current address). Arithmetic is 64-bit and wraps.
/// </summary>
internal sealed class Expression
{
    private static readonly string[][] Levels = [["|"], ["^"], ["&"], ["<<", ">>"], ["+", "-"], ["*", "/", "%"]];

    private readonly string _text;
    private readonly SymbolTable _symbols;
    private readonly long _here;
    private int _position;

    private Expression(string text, SymbolTable symbols, long here)
    {
        _text = text;
        _symbols = symbols;
        _here = here;
    }

    /// <summary>Evaluates <paramref name="text"/> at the address <paramref name="here"/>.</summary>
    public static Value Evaluate(string text, SymbolTable symbols, long here)
    {
        Expression expression = new(text, symbols, here);
        Value value = expression.Binary(0);
        expression.SkipSpaces();
        return expression._position == text.Length ? value : throw expression.Malformed();
    }

    private Value Binary(int level)
    {
        if (level == Levels.Length)
        {
            return Unary();
        }

        Value left = Binary(level + 1);
        while (Array.Find(Levels[level], Take) is { } symbol)
        {
            left = Apply(symbol, left, Binary(level + 1));
        }

        return left;
    }

    private static Value Apply(string symbol, Value left, Value right)
    {
        (long a, long b) = (left.Number, right.Number);
        return symbol switch
        {
            "+" => new Value(a + b, left.IsAddress ^ right.IsAddress),
            "-" => new Value(a - b, left.IsAddress && !right.IsAddress),
            "*" => new Value(a * b, false),
            "/" or "%" when b == 0 => throw new AssemblyException("division by zero"),
            "/" => new Value(b == -1 ? -a : a / b, false),
            "%" => new Value(b == -1 ? 0 : a % b, false),
            "<<" => new Value(b is >= 0 and < 64 ? a << (int)b : 0, false),
            ">>" => new Value(b is >= 0 and < 64 ? (long)((ulong)a >> (int)b) : 0, false),
            "&" => new Value(a & b, false),
            "^" => new Value(a ^ b, false),
            _ => new Value(a | b, false),
        };
    }

    private Value Unary()
    {
        if (Take("-"))
        {
            return new Value(-Unary().Number, false);
        }

        if (Take("~"))
        {
            return new Value(~Unary().Number, false);
        }

        return Take("+") ? Unary() : Primary();
    }

    private Value Primary()
    {
        if (Take("("))
        {
            Value inner = Binary(0);
            return Take(")") ? inner : throw Malformed();
        }

        if (Take("'"))
        {
            char character = StringLiteral.Character(_text, ref _position);
            return Take("'") ? new Value(character, false) : throw Malformed();
        }

        int start = _position;
        while (_position < _text.Length && SourceReader.IsSymbolCharacter(_text[_position]))
        {
            _position++;
        }

        string word = _text[start.._position];
        return word switch
        {
            "" => throw Malformed(),
            "." => new Value(_here, true),
            _ => Number(word) is { } number ? new Value(number, false) : _symbols.Find(word, _here),
        };
    }

    private static long? Number(string word)
    {
        if (!char.IsAsciiDigit(word[0]) || word[^1] is 'f' or 'b' && word[..^1].All(char.IsAsciiDigit))
        {
            return null;
        }

        string prefix = word.Length > 2 ? word[..2].ToLowerInvariant() : "";
        (string digits, NumberStyles style) = prefix switch
        {
            "0x" => (word[2..], NumberStyles.AllowHexSpecifier),
            "0b" => (word[2..], NumberStyles.AllowBinarySpecifier),
            _ => (word, NumberStyles.None),
        };
        return ulong.TryParse(digits, style, CultureInfo.InvariantCulture, out ulong value)
            ? (long)value
            : throw new AssemblyException($"'{word}' is not a number of 64 bits");
    }

    private bool Take(string symbol)
    {
        SkipSpaces();
        if (string.CompareOrdinal(_text, _position, symbol, 0, symbol.Length) != 0)
        {
            return false;
        }

        _position += symbol.Length;
        return true;
    }

    private void SkipSpaces()
    {
        while (_position < _text.Length && char.IsWhiteSpace(_text[_position]))
        {
            _position++;
        }
    }

    private AssemblyException Malformed() => new($"'{_text}' is not an expression");
}
