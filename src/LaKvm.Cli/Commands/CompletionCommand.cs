using System.CommandLine;

namespace LaKvm.Cli;

/// <summary>
/// <c>lakvm completion SHELL</c>: a script for the shell. It asks the program itself what fits, through the directive
/// <c>[suggest:POSITION]</c> of System.CommandLine, so that it never goes out of date.
/// </summary>
internal sealed class CompletionCommand : Command
{
    private static readonly string[] Shells = ["bash", "zsh", "fish"];

    internal CompletionCommand()
        : base("completion", "Write a script that teaches a shell to complete lakvm's commands")
    {
        var shell = new Argument<string>("shell")
        {
            Description = "bash: source <(lakvm completion bash); zsh: the same behind compinit;"
                + " fish: lakvm completion fish | source",
        };
        shell.AcceptOnlyFromAmong(Shells);
        Arguments.Add(shell);
        SetAction(result => Console.Out.Write(Read($"completion.{result.GetRequiredValue(shell)}")));
    }

    private static string Read(string resource)
    {
        using Stream stream = typeof(CompletionCommand).Assembly.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
