using LaKvm.Images.Store;

namespace LaKvm.Images.Debian;

/// <summary>
/// A shared library for this computer's own processor that it has no package of installed: fetched by its own apt,
/// whose sources and keys fit its C library, and kept in the cache. Nothing is installed, and no rights are needed.
/// </summary>
/// <param name="store">The cache.</param>
/// <param name="package">The Debian package, which other distributions' may be called by too.</param>
/// <param name="file">The library's file name.</param>
public sealed class HostLibrary(ImageStore store, string package, string file)
{
    private readonly HostTool _get = new("apt-get", "apt");

    /// <summary>Where it is, or would be.</summary>
    public string FullName { get; } = Path.Combine(store.Directory, "lib", file);

    /// <summary>Fetches it.</summary>
    /// <exception cref="ImageFetchException">It cannot be had.</exception>
    public async Task FetchAsync(CancellationToken cancel)
    {
        try
        {
            string apt = Directory.CreateDirectory(Path.Combine(store.Directory, "apt")).FullName;
            using var download = new ScratchDirectory(apt, package);
            string[] settings = [.. Settings(Directory.CreateDirectory(Path.Combine(apt, "host")).FullName)
                .SelectMany(setting => new[] { "-o", setting })];
            await _get.RunAsync(["-q=2", .. settings, "update"], _ => { }, cancel);
            await _get.RunAsync(["-q=2", .. settings, "download", package], _ => { }, cancel, download.FullName);
            await StoreAsync(Directory.GetFiles(download.FullName, "*.deb").Single(), download.FullName, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            throw new ImageFetchException($"{package} cannot be fetched: {e.Message}", e);
        }
    }

    /// <summary>
    /// Lists and cache of our own; what is not signed is not taken, whatever the host's settings say.
    /// </summary>
    private static string[] Settings(string directory) =>
    [
        $"Dir::State::Lists={Directory.CreateDirectory(Path.Combine(directory, "lists")).FullName}",
        $"Dir::Cache={Directory.CreateDirectory(Path.Combine(directory, "cache")).FullName}",
        "APT::Get::AllowUnauthenticated=false",
        "Acquire::AllowInsecureRepositories=false",
        "Acquire::AllowDowngradeToInsecureRepositories=false",
        "APT::Sandbox::User=root",
        "APT::Update::Post-Invoke=",
        "APT::Update::Post-Invoke-Success=",
        "Acquire::Languages=none",
    ];

    private async Task StoreAsync(string deb, string scratch, CancellationToken cancel)
    {
        // The name that programs know is a link to the file with the whole version.
        var files = new Dictionary<string, byte[]>();
        await DebPackage.ReadAsync(
            deb, path => Path.GetFileName(path).StartsWith(file, StringComparison.Ordinal), files, cancel);
        byte[] contents = files.Values.FirstOrDefault()
            ?? throw new ImageFetchException($"The package {package} has no {file}.");
        string fresh = Path.Combine(scratch, file);
        await File.WriteAllBytesAsync(fresh, contents, cancel);
        Directory.CreateDirectory(Path.GetDirectoryName(FullName)!);
        File.Move(fresh, FullName, overwrite: true);
    }
}
