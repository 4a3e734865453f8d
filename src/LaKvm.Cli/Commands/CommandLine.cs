using System.CommandLine;
using System.Text;
using LaKvm.Boot;
using LaKvm.Cli.Qemu;
using LaKvm.Cpu;
using LaKvm.Images;
using LaKvm.Linux;
using LaKvm.Memory;

namespace LaKvm.Cli;

/// <summary>The command line: its parser, and what becomes of mistakes.</summary>
internal static class CommandLine
{
    /// <summary>Runs the command that the arguments ask for.</summary>
    /// <returns>The process's exit code (<see cref="ExitCode"/>).</returns>
    internal static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        using var signals = new ExitSignals();
        int exitCode = await RunAsync(root, args, signals.Token);
        return signals.Received is { } signal ? ExitCode.OfSignal(signal) : exitCode;
    }

    private static async Task<int> RunAsync(RootCommand root, string[] args, CancellationToken stop)
    {
        try
        {
            // "@file" would be read as a file of further arguments; kernel words may begin like that.
            args = QemuCommand.Separate(root.Subcommands.OfType<UserCommand>().Single().Separate(args));
            ParseResult result = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (result.Errors.Count > 0 || GuestCommand.StrayWord(result) != null)
            {
                string hint = $"See {Path(result.CommandResult.Command)} --help.";
                return Report($"{Mistake(result)} {hint}", ExitCode.Usage);
            }

            var configuration = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await result.InvokeAsync(configuration, stop);
        }
        catch (UserErrorException e)
        {
            return Report(e.Message, e.ExitCode);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Failure;
        }
        catch (Exception e) when (ResourceLimits.Explain(e) is { } sentence)
        {
            return Report(sentence, ExitCode.Failure);
        }
        catch (Exception e) when (
            e is ImageException or ImageFetchException or IOException or UnauthorizedAccessException
            or MemoryExhaustedException or OutOfMemoryException)
        {
            return Report(e.Message, ExitCode.Failure);
        }
        catch (EngineDifferenceException e)
        {
            return Report(e.Message, ExitCode.InternalError);
        }
        catch (Exception e)
        {
            return Report($"internal error, please report it: {e}", ExitCode.InternalError);
        }
    }

    private static string? Unmatched(ParseResult result) => result.UnmatchedTokens is [string first, ..] ? first : null;

    private static string Mistake(ParseResult result) =>
        (GuestCommand.StrayWord(result) ?? Unmatched(result)) is { } unknown
        ? $"there is no command or option '{unknown}'.{Hint(unknown, result)}"
        : result.Errors[0].Message.ReplaceLineEndings(" ").Replace("\t", null);

    /// <summary>What was meant, or to which other command it belongs.</summary>
    private static string Hint(string unknown, ParseResult result)
    {
        string hint = NearMiss.Hint(unknown, Words(result.CommandResult.Command));
        Command? owner = result.RootCommandResult.Command.Subcommands.FirstOrDefault(
            sub => Words(sub).Contains(unknown));
        return hint.Length > 0 || owner == null ? hint : $" It belongs to {Path(owner)}.";
    }

    /// <summary>What a command's user may write behind it.</summary>
    private static IEnumerable<string> Words(Command command) =>
    [
        .. command.Subcommands.Select(sub => sub.Name),
        .. command.Options.SelectMany<Option, string>(
        option => [option.Name, .. option.Aliases.Where(alias => alias.Length > 2)]),
    ];

    /// <summary>The command with those it belongs to, as the user writes it.</summary>
    internal static string Path(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{Path(parent)} {command.Name}" : "lakvm";

    /// <summary>Tells the user why the process ends.</summary>
    /// <returns>The exit code.</returns>
    internal static int Report(string sentence, int exitCode)
    {
        // Not through Console, which needs a descriptor of its own: that there are no more may be what is to be said.
        _ = FileCalls.WriteAll(FileCalls.StandardError, Encoding.UTF8.GetBytes($"lakvm: {sentence}\n"));
        return exitCode;
    }
}
