namespace LaKvm.Cli.Tests;

public class EscapeKeyTests
{
    [Theory]
    [InlineData("ls\n", "ls\n")]
    [InlineData("\u0001\u0001", "\u0001")]
    [InlineData("a\u0001hb", "a?b")]
    [InlineData("a\u0001sb", "a#b")]
    [InlineData("a\u0001bb", "a%b")]
    [InlineData("a\u0001pb", "a^b")]
    [InlineData("a\u0001cb", "a>b")]
    [InlineData("\u0001\u0001x", "\u0001x")]
    [InlineData("a\u0001xb", "a!b")]
    [InlineData("\u0001qa", "a")]
    public void Keys_behind_the_escape_key_are_not_the_guests(string typed, string expected) =>
        Seen(new EscapeKey(ControlKey.Default), typed).Should().Be(expected);

    [Theory]
    [InlineData("ctrl-b", "\u0001x\u0002h", "\u0001x?")]
    [InlineData("none", "\u0001x\u0000", "\u0001x\u0000")]
    public void Other_escape_key_leaves_the_usual_one_to_the_guest(string name, string typed, string expected) =>
        Seen(new EscapeKey(ControlKey.Parse(name)), typed).Should().Be(expected);

    private static string Seen(EscapeKey key, string typed)
    {
        string seen = "";
        foreach (char c in typed)
        {
            seen += key.Next((byte)c) switch
            {
                EscapeCommand.None => c.ToString(),
                EscapeCommand.Exit => "!",
                EscapeCommand.Help => "?",
                EscapeCommand.Statistics => "#",
                EscapeCommand.Break => "%",
                EscapeCommand.PowerButton => "^",
                EscapeCommand.Monitor => ">",
                _ => "",
            };
        }

        return seen;
    }
}
