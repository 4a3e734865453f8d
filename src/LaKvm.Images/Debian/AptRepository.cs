using System.Globalization;

namespace LaKvm.Images.Debian;

/// <summary>One package as the repository offers it.</summary>
/// <param name="Name">Package name.</param>
/// <param name="Version">Debian version.</param>
/// <param name="Depends">Names it depends on, first alternatives only.</param>
internal sealed record AptPackage(string Name, string Version, IReadOnlyList<string> Depends);

/// <summary>
/// A Debian suite for another architecture, seen through the host's apt with state of its own: the host's package
/// database and lists stay as they are. How to reach the network (proxies) is the host's configuration; that apt checks
/// the signatures, with Debian's keyring, is ours, whatever the host says.
/// </summary>
internal sealed class AptRepository
{
    private static readonly string[] Keyrings =
    [
        "/usr/share/keyrings/debian-archive-keyring.gpg",
        "/usr/share/keyrings/debian-archive-keyring.pgp",
    ];

    private readonly HostTool _get = new("apt-get", "apt");
    private readonly HostTool _cache = new("apt-cache", "apt");
    private readonly string _directory;
    private readonly string _configuration;

    /// <param name="directory">Where lists and caches live.</param>
    internal AptRepository(string directory)
    {
        _directory = directory;
        _configuration = Path.Combine(directory, "apt.conf");
    }

    /// <summary>The Debian mirror that the host's own apt uses.</summary>
    internal async Task<string> FindMirrorAsync(CancellationToken cancel)
    {
        // With lists of our own apt needs no lock of the host's; with --print-uris it fetches nothing.
        string lists = MakeDirectory("host-lists");
        var uris = new List<string>();
        await _get.RunAsync(["update", "--print-uris", "-o", $"Dir::State::Lists={lists}"], uris.Add, cancel);
        return MirrorOf(uris) ?? throw new ImageFetchException(
            "apt's sources name no Debian mirror (an address that ends in /debian); add one or pass one.");
    }

    /// <summary>The mirror in the output of "apt-get update --print-uris": lines with a quoted address first.</summary>
    internal static string? MirrorOf(IEnumerable<string> lines)
    {
        const string dists = "/debian/dists/";
        foreach (string line in lines)
        {
            int end = line.IndexOf(dists, StringComparison.Ordinal);
            if (line.StartsWith('\'') && end > 0)
            {
                return line[1..(end + "/debian".Length)];
            }
        }

        return null;
    }

    /// <summary>Points the repository to a suite and brings its lists up to date.</summary>
    internal async Task UpdateAsync(string mirror, string suite, Action<double> onFraction, CancellationToken cancel)
    {
        string keyring = Keyrings.FirstOrDefault(File.Exists) ?? throw new ImageFetchException(
            "Debian's archive keys are needed to check the packages; install the package debian-archive-keyring.");
        string sources = Path.Combine(_directory, "sources.list"), status = Path.Combine(_directory, "status");
        string source =
            $"deb [arch={DebianImages.Architecture} target=Packages signed-by={keyring}] {mirror} {suite} main\n";
        MakeDirectory("lists/partial");
        MakeDirectory("cache/archives/partial");
        await File.WriteAllTextAsync(status, "", cancel);
        await File.WriteAllTextAsync(sources, source, cancel);
        await File.WriteAllTextAsync(_configuration, Configuration(sources, status), cancel);
        await RunWithProgressAsync(["update"], null, onFraction, cancel);
    }

    /// <summary>What the repository knows about a package.</summary>
    internal async Task<AptPackage> ShowAsync(string name, CancellationToken cancel)
    {
        var lines = new List<string>();
        await _cache.RunAsync(["-c", _configuration, "show", "--no-all-versions", name], lines.Add, cancel);
        return ParsePackage(name, lines);
    }

    /// <summary>Reads the fields of a package record.</summary>
    internal static AptPackage ParsePackage(string name, IEnumerable<string> record)
    {
        string version = "";
        IReadOnlyList<string> depends = [];
        foreach (string line in record)
        {
            if (line.StartsWith("Version: ", StringComparison.Ordinal))
            {
                version = line["Version: ".Length..];
            }
            else if (line.StartsWith("Depends: ", StringComparison.Ordinal))
            {
                depends = [.. line["Depends: ".Length..].Split(',').Select(d => d.Trim().Split(' ', '|', '(', ':')[0])];
            }
        }

        return version == ""
            ? throw new ImageFetchException($"Debian offers no package {name} for {DebianImages.Architecture}.")
            : new AptPackage(name, version, depends);
    }

    /// <summary>Downloads packages into a directory; apt compares their hashes with the signed lists.</summary>
    /// <returns>Paths of the .deb files, in the order of the names.</returns>
    internal async Task<IReadOnlyList<string>> DownloadAsync(
        IReadOnlyList<string> names, string directory, IProgress<FetchProgress> progress, CancellationToken cancel)
    {
        var files = new List<string>();
        long total = 0;
        string[] arguments = ["-c", _configuration, "download", .. names];

        // One line for each package: 'address' file size hash.
        await _get.RunAsync([.. arguments, "--print-uris"], line =>
        {
            string[] parts = line.Split(' ');
            if (parts.Length >= 3 && long.TryParse(parts[2], CultureInfo.InvariantCulture, out long size))
            {
                files.Add(Path.Combine(directory, parts[1]));
                total += size;
            }
        }, cancel);
        await RunWithProgressAsync(["download", .. names], directory,
            fraction => progress.Report(new FetchProgress(FetchPhase.Packages, fraction, total)), cancel);
        return files;
    }

    private Task RunWithProgressAsync(
        IEnumerable<string> arguments, string? directory, Action<double> onFraction, CancellationToken cancel) =>
        _get.RunAsync(["-c", _configuration, "-q=2", "-o", "APT::Status-Fd=1", .. arguments], line =>
        {
            // dlstatus:<item>:<percent>:<words>
            string[] parts = line.Split(':');
            if (parts[0] == "dlstatus" && parts.Length > 2
                && double.TryParse(parts[2], CultureInfo.InvariantCulture, out double percent))
            {
                onFraction(Math.Clamp(percent / 100, 0, 1));
            }
        }, cancel, directory);

    private string MakeDirectory(string name) => Directory.CreateDirectory(Path.Combine(_directory, name)).FullName;

    /// <summary>Settings that are read after the host's own.</summary>
    internal string Configuration(string sources, string status) => $$"""
        #clear APT::Architectures;
        #clear APT::Update::Post-Invoke;
        #clear APT::Update::Post-Invoke-Success;
        #clear APT::Default-Release;
        APT::Architecture "{{DebianImages.Architecture}}";
        APT::Architectures { "{{DebianImages.Architecture}}"; };
        #clear Acquire::gpgv::Options;
        #clear APT::Hashes;
        #clear APT::Key;
        APT::Get::AllowUnauthenticated "false";
        Acquire::AllowInsecureRepositories "false";
        Acquire::AllowWeakRepositories "false";
        Acquire::AllowDowngradeToInsecureRepositories "false";
        APT::Sandbox::User "root";
        APT::Update::Error-Mode "any";
        Acquire::Languages "none";
        Acquire::Retries "2";
        Dir::State::Lists "{{Path.Combine(_directory, "lists")}}";
        Dir::State::Status "{{status}}";
        Dir::Cache "{{Path.Combine(_directory, "cache")}}";
        Dir::Cache::pkgcache "pkgcache.bin";
        Dir::Cache::srcpkgcache "srcpkgcache.bin";
        Dir::Etc::SourceList "{{sources}}";
        Dir::Etc::SourceParts "/dev/null";
        Dir::Etc::Preferences "/dev/null";
        Dir::Etc::PreferencesParts "/dev/null";

        """;
}
