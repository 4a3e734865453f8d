using System.CommandLine;
using System.CommandLine.Parsing;
using LaKvm.Machine.Loading;

namespace LaKvm.Cli;

/// <summary>The command line: its parser, and what becomes of mistakes.</summary>
internal static class CommandLine
{
    /// <summary>Runs the command that the arguments ask for.</summary>
    /// <returns>The process's exit code (<see cref="ExitCode"/>).</returns>
    internal static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        try
        {
            // "@file" would be read as a file of further arguments; kernel words may begin like that.
            ParseResult result = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (result.Errors.Count > 0)
            {
                string mistake = result.UnmatchedTokens is [string unknown, ..]
                    ? $"there is no command or option '{unknown}'."
                    : result.Errors[0].Message;
                return Report($"{mistake} See {Path(result)} --help.", ExitCode.Usage);
            }

            return await result.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (UserErrorException e)
        {
            return Report(e.Message, e.ExitCode);
        }
        catch (Exception e) when (e is ImageException or IOException or UnauthorizedAccessException or OutOfMemoryException)
        {
            return Report(e.Message, ExitCode.Failure);
        }
        catch (Exception e)
        {
            return Report($"internal error, please report it: {e}", ExitCode.InternalError);
        }
    }

    private static string Path(ParseResult result) =>
        result.CommandResult.Command is RootCommand ? "lakvm" : $"lakvm {result.CommandResult.Command.Name}";

    private static int Report(string sentence, int exitCode)
    {
        Console.Error.WriteLine($"lakvm: {sentence}");
        return exitCode;
    }
}
