using LaKvm.Cli;

return await CommandLine.RunAsync(LakvmCommand.Create(), args);
