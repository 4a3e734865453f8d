using System.CommandLine;
using System.CommandLine.Help;

namespace LaKvm.Cli;

/// <summary><c>lakvm help COMMAND</c>: the same as <c>lakvm COMMAND --help</c>.</summary>
internal sealed class HelpCommand : Command
{
    internal HelpCommand(RootCommand root)
        : base("help", "Show what a command does and what it understands")
    {
        var words = new Argument<string[]>("command")
        {
            Description = "The command; none shows all of them",
            Arity = ArgumentArity.ZeroOrMore,
        };
        words.CompletionSources.Add([.. root.Subcommands.Select(command => command.Name)]);
        Arguments.Add(words);
        SetAction(result => Show(Find(root, result.GetValue(words) ?? [])));
    }

    /// <summary>Lets a command that has only subcommands show its help when none of them is named.</summary>
    internal static void ShowWhereNothingIsAsked(Command command) => command.SetAction(_ => Show(command));

    /// <summary>Of --help's names, those that begin with a slash would be paths here.</summary>
    internal static void ForgetOtherSystemsNames(RootCommand root)
    {
        foreach (HelpOption option in root.Options.OfType<HelpOption>())
        {
            foreach (string alias in option.Aliases.Where(alias => alias.StartsWith('/')).ToArray())
            {
                option.Aliases.Remove(alias);
            }
        }
    }

    private static int Show(Command command)
    {
        string[] path = CommandLine.Path(command).Split(' ')[1..];
        Command root = command;
        while (root.Parents.OfType<Command>().FirstOrDefault() is { } parent)
        {
            root = parent;
        }

        return new HelpAction().Invoke(root.Parse([.. path, "--help"]));
    }

    private static Command Find(Command command, ReadOnlySpan<string> words)
    {
        foreach (string word in words)
        {
            command = command.Subcommands.FirstOrDefault(sub => sub.Name == word) ?? throw new UserErrorException(
                $"there is no command '{word}'.{NearMiss.Hint(word, command.Subcommands.Select(sub => sub.Name))}"
                + $" See {CommandLine.Path(command)} --help.", ExitCode.Usage);
        }

        return command;
    }
}
