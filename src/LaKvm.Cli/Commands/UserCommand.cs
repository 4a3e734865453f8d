using System.Collections;
using System.CommandLine;
using LaKvm.Cpu;
using LaKvm.Hypervisor;
using LaKvm.Running;
using LaKvm.User;

namespace LaKvm.Cli;

/// <summary>
/// <c>lakvm user PROGRAM</c>: runs a LoongArch Linux program, whose /dev/kvm is LaKvm's hypervisor.
/// </summary>
internal sealed class UserCommand : Command
{
    internal const string CommandName = "user";

    /// <summary>SIGTERM: what the program gets for any signal that ends this process.</summary>
    private const int Terminate = 15;

    private const ulong DefaultMemory = 16UL << 30, LeastMemory = 64UL << 20, MostMemory = 1UL << 40;

    private readonly Argument<string[]> _words = new("program")
    {
        Description = "The program and its words",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> _root = ValueOption.Text("--root", "DIR",
        "Where files are looked for first: a LoongArch system's dynamic linker and libraries");

    private readonly Option<bool> _trace =
        new("--strace") { Description = "Show system calls and what they return on stderr" };

    private readonly Option<int?> _cpus = ValueOption.Number("--cpus", "N",
        "Number of cores [default: as many as this computer has]", 1, GuestOptions.MaxCpus, "-c");

    private readonly Option<ulong?> _memory = ValueOption.Size("--memory",
        "Most memory that programs and their guests may use [default: 16G]", LeastMemory, MostMemory,
        "a size; write for example 4G", "-m");

    private readonly Option<EngineKind?> _engine = EngineOption.Create();

    internal UserCommand()
        : base(CommandName, "Run a LoongArch Linux program with LaKvm's hypervisor behind /dev/kvm; it is no sandbox")
    {
        Add(_words);
        Options.Add(_root);
        Options.Add(_trace);
        Options.Add(_cpus);
        Options.Add(_memory);
        Options.Add(_engine);
        SetAction((result, stop) => Task.FromResult(Run(result, stop)));
    }

    /// <summary>
    /// Marks where the program's words begin, so that none of them is taken for an option of ours: behind the first
    /// word that is neither an option nor an option's value.
    /// </summary>
    internal string[] Separate(string[] args)
    {
        if (args is not [CommandName, ..])
        {
            return args;
        }

        int at = 1;
        while (at < args.Length && args[at].StartsWith('-') && args[at] != "--")
        {
            bool takesNext = Options.Any(option => option.ValueType != typeof(bool)
                && (option.Name == args[at] || option.Aliases.Contains(args[at])));
            at += takesNext ? 2 : 1;
        }

        return at >= args.Length || args[at] == "--" ? args : [.. args[..at], "--", .. args[at..]];
    }

    private int Run(ParseResult result, CancellationToken stop)
    {
        string[] words = result.GetValue(_words)!;
        Func<Core, IExecutionEngine> engine = EngineOption.Factory(result.GetValue(_engine));
        using var machine = new HostMachine(
            result.GetValue(_cpus) ?? System.Environment.ProcessorCount, result.GetValue(_memory) ?? DefaultMemory,
                new MonotonicClock(), engine);
        var options = new UserOptions
        {
            Root = result.GetValue(_root),
            Trace = result.GetValue(_trace) ? Console.Error : null,
            Log = line => CommandLine.Report(line, ExitCode.Success),
        };
        using var kernel = new UserKernel(machine, options);
        using CancellationTokenRegistration end = stop.Register(() => kernel.Signal(Terminate));
        try
        {
            return kernel.Run(words[0], words, Environment());
        }
        catch (UserProgramException e)
        {
            throw new UserErrorException($"{e.Message}.", ExitCode.Failure);
        }
    }

    private static List<string> Environment() =>
        [.. System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(entry =>
            $"{entry.Key}={entry.Value}")];
}
