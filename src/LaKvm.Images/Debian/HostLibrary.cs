using LaKvm.Images.Store;

namespace LaKvm.Images.Debian;

/// <summary>
/// A shared library for this computer's own processor that it has no package of installed: fetched by its own apt,
/// whose sources and keys fit its C library, and kept in the cache with what it needs and the computer lacks too.
/// Nothing is installed, and no rights are needed.
/// </summary>
/// <param name="store">The cache.</param>
/// <param name="package">The Debian package, which other distributions' may be called by too.</param>
/// <param name="files">The libraries' names, each behind those that it needs.</param>
public sealed class HostLibrary(ImageStore store, string package, params string[] files)
{
    private readonly HostTool _get = new("apt-get", "apt");
    private readonly string _directory = Path.Combine(store.Directory, "lib");

    /// <summary>What of it is in the cache, in the order of the names: that in which the files can be loaded.</summary>
    public IReadOnlyList<string> Files =>
        [.. files.Select(file => Path.Combine(_directory, file)).Where(File.Exists)];

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
            string[] packages = await FindPackagesAsync(settings, cancel);
            await _get.RunAsync(["-q=2", .. settings, "download", .. packages], _ => { }, cancel, download.FullName);
            var contents = new Dictionary<string, byte[]>();
            foreach (string deb in Directory.GetFiles(download.FullName, "*.deb"))
            {
                await DebPackage.ReadAsync(deb, path => NameOf(path) != null, contents, cancel);
            }

            Store(contents, download.FullName);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImageFetchException($"{package} cannot be fetched: {e.Message}", e);
        }
    }

    /// <summary>
    /// The packages in the output of "apt-get install --print-uris": an address in quotes and NAME_VERSION_….deb.
    /// </summary>
    internal static IEnumerable<string> PackagesOf(IEnumerable<string> lines) => lines
        .Where(line => line.StartsWith('\''))
        .Select(line => line.Split(' ').ElementAtOrDefault(1)?.Split('_')[0])
        .OfType<string>();

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
        "Debug::NoLocking=true", // nothing is installed, and the host's own lock is for its owner
    ];

    /// <summary>The package with those that it depends on and that are not installed.</summary>
    private async Task<string[]> FindPackagesAsync(string[] settings, CancellationToken cancel)
    {
        var lines = new List<string>();
        string[] words = ["-q=2", .. settings, "install", "--no-install-recommends", "--print-uris", package];
        await _get.RunAsync(words, lines.Add, cancel);
        return [.. PackagesOf(lines).Append(package).Distinct()];
    }

    /// <summary>The name that programs know, which is a link to the file with the whole version.</summary>
    private string? NameOf(string path) => Array.Find(
        files, file => Path.GetFileName(path).StartsWith($"{file}.", StringComparison.Ordinal)
            || Path.GetFileName(path) == file);

    private void Store(Dictionary<string, byte[]> contents, string scratch)
    {
        if (contents.Keys.All(path => NameOf(path) != files[^1]))
        {
            throw new ImageFetchException($"The package {package} has no {files[^1]}.");
        }

        Directory.CreateDirectory(_directory);
        foreach ((string path, byte[] bytes) in contents)
        {
            string name = NameOf(path)!, fresh = Path.Combine(scratch, name);
            File.WriteAllBytes(fresh, bytes);
            File.Move(fresh, Path.Combine(_directory, name), overwrite: true);
        }
    }
}
