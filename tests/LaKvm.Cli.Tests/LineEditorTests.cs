using System.Text;

namespace LaKvm.Cli.Tests;

public class LineEditorTests
{
    private const string Erase = "\b \b", Up = "\e[A", Down = "\eOB";

    private readonly LineEditor _editor = new();
    private readonly List<string> _lines = [];

    [Theory]
    [InlineData("stop\r", "stop\n", "stop")]
    [InlineData("stpp\u007f\bop\r", "stpp" + Erase + Erase + "op\n", "stop")]
    [InlineData("\u007fx\r", "x\n", "x")]
    [InlineData("ab\u0015c\r", "ab" + Erase + Erase + "c\n", "c")]
    [InlineData("ab\u0003c\r", "ab" + Erase + Erase + "c\n", "c")]
    [InlineData("a\e[1;5Cb\e[Hc\u0000\r", "abc\n", "abc")]
    [InlineData("a\r" + Up + "b\r", "a\nab\n", "a", "ab")]
    [InlineData("a\rb\r" + Up + Up + Down + "\r", "a\nb\nb" + Erase + "a" + Erase + "b\n", "a", "b", "b")]
    [InlineData("a\r" + Up + Up + Down + Down + "c\r", "a\na" + Erase + "c\n", "a", "c")]
    [InlineData("\r", "\n", "")]
    public void Keys_make_a_line(string keys, string shown, params string[] lines)
    {
        Type(keys).Should().Be(shown);
        _lines.Should().Equal(lines);
    }

    [Fact]
    public void Line_has_an_end_whatever_is_typed()
    {
        Type(new string('x', 5000) + "\r");
        _lines.Single().Should().HaveLength(1024);
    }

    private string Type(string keys)
    {
        string shown = "";
        foreach (byte key in Encoding.UTF8.GetBytes(keys))
        {
            if (_editor.Type(key, out string echo) is { } line)
            {
                _lines.Add(line);
            }

            shown += echo;
        }

        return shown;
    }
}
