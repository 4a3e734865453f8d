using LaKvm.Cli;
using LaKvm.Linux;

// Asked first: with fewer descriptors the program's own parts cannot be loaded, and nobody could say so.
return ResourceLimits.Shortage() is { } shortage
    ? CommandLine.Report(shortage, ExitCode.Failure)
    : await CommandLine.RunAsync(LakvmCommand.Create(), args);
