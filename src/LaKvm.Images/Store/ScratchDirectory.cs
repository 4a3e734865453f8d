using System.ComponentModel;
using System.Diagnostics;

namespace LaKvm.Images.Store;

/// <summary>
/// A directory for what is needed during a fetch. A shell beside this process removes it when the process ends, even if
/// that is killed; what survives a shell that is killed too goes with the next fetch.
/// </summary>
internal sealed class ScratchDirectory : IDisposable
{
    // The pipe's end is the process's. Downloads under way may put files there while it is being removed.
    private const string Remove =
        "trap '' HUP INT QUIT TERM; exec >/dev/null 2>&1; cat; until rm -rf -- \"$1\"; do sleep 1; done";

    private readonly Process? _remover;

    /// <summary>Makes the directory; one fetch at a time may use the same place and name.</summary>
    internal ScratchDirectory(string place, string name)
    {
        Directory.CreateDirectory(place);
        foreach (string old in Directory.GetDirectories(place, $".{name}.*"))
        {
            Directory.Delete(old, recursive: true);
        }

        FullName = Path.Combine(place, $".{name}.{Environment.ProcessId}");
        _remover = StartRemover();
        Directory.CreateDirectory(FullName);
    }

    /// <summary>Its path.</summary>
    internal string FullName { get; }

    /// <summary>Removes the directory with all that is in it.</summary>
    public void Dispose()
    {
        if (_remover == null)
        {
            Directory.Delete(FullName, recursive: true);
            return;
        }

        _remover.StandardInput.Close();
        _remover.WaitForExit();
        _remover.Dispose();
    }

    private Process? StartRemover()
    {
        try
        {
            return Process.Start(new ProcessStartInfo(
                "sh", ["-c", Remove, "sh", FullName]) { RedirectStandardInput = true });
        }
        catch (Win32Exception)
        {
            return null; // no shell: then only this process can do it
        }
    }
}
