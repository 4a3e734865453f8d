using LaKvm.Backends.NineP;
using LaKvm.Devices;
using LaKvm.Linux;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Backends;

/// <summary>
/// A directory of the host for guests. It is opened once; devices that serve it come and go with the machine.
/// </summary>
public sealed class SharedDirectory : IDisposable
{
    /// <summary>Opens a directory.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="readOnly">Whether nothing in it may change.</param>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    public SharedDirectory(string path, bool readOnly)
    {
        Root = FileCalls.Open(path, DirectoryCalls.PathOnly);
        ReadOnly = readOnly;
        FileStatus status = default;
        int error = Root.IsInvalid ? LinuxError.Last : DirectoryCalls.Status(Root, out status);
        error = error != 0 ? error : status.Kind == FileKind.Directory ? 0 : LinuxError.NotDirectory;
        if (error != 0)
        {
            Root.Dispose();
            throw new LinuxException($"'{path}' cannot be shared", error);
        }
    }

    /// <summary>Whether nothing in it may change.</summary>
    public bool ReadOnly { get; }

    internal SafeFileHandle Root { get; }

    /// <summary>A server for one device.</summary>
    public IShareBackend Serve() => new NinePServer(this);

    /// <inheritdoc/>
    public void Dispose() => Root.Dispose();
}
