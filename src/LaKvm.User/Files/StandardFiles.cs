namespace LaKvm.User;

/// <summary>Input, output and errors of the first process: the program's own.</summary>
internal static class StandardFiles
{
    /// <summary>Opens descriptors 0 to 2.</summary>
    internal static void Open(UserProcess process)
    {
        for (int fd = 0; fd <= 2; fd++)
        {
            process.Host.Descriptors.Install(new HostFile(fd, $"/dev/fd/{fd}", owned: false));
        }
    }
}
