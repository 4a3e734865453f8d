using LaKvm.Images.Initramfs;
using LaKvm.Images.Store;
using LaKvm.Linux;

namespace LaKvm.Images.Debian;

/// <summary>
/// Makes a bootable image of Debian's current LoongArch kernel: the kernel, an initramfs with busybox and the modules a
/// virtual machine needs. The packages come through the host's apt, signatures checked.
/// </summary>
/// <param name="store">The cache to work in.</param>
public sealed class DebianImages(ImageStore store)
{
    /// <summary>The image's name in the cache.</summary>
    public const string ImageName = "debian";

    /// <summary>Debian's name of the architecture.</summary>
    internal const string Architecture = "loong64";

    /// <summary>To be raised when the same packages give another initramfs.</summary>
    private const int Recipe = 10;

    private const string KernelPackage = "linux-image-" + Architecture, BusyboxPackage = "busybox-static";

    // The next release first; unstable has the kernel when that one lacks it.
    private static readonly string[] Suites = ["forky", "sid"];

    private static readonly string[] Modules =
    [
        "virtio_mmio", "virtio_pci", "virtio_blk", "virtio_net", "virtio_rng", "virtio_console",
        "ext4", "overlay", "9p", "9pnet_virtio", "evdev",
    ];

    /// <summary>
    /// What else a virtual machine may want of the kernel: file systems, network protocols, networks made of software,
    /// and what they stand on. Radio and the like is for hardware.
    /// </summary>
    private static readonly string[] PackedDirectories =
    [
        "kernel/fs/", "kernel/net/", "kernel/drivers/virtio/", "kernel/drivers/vhost/", "kernel/drivers/net/bonding/",
        "kernel/drivers/net/ipvlan/", "kernel/drivers/net/ovpn/", "kernel/drivers/net/ppp/", "kernel/drivers/net/team/",
        "kernel/drivers/net/vxlan/", "kernel/drivers/net/wireguard/", "kernel/drivers/block/loop",
        "kernel/drivers/block/nbd",
        "kernel/drivers/scsi/virtio_scsi",
    ];

    private static readonly string[] HardwareDirectories =
    [
        "kernel/net/6lowpan/", "kernel/net/atm/", "kernel/net/bluetooth/", "kernel/net/can/", "kernel/net/ieee802154/",
        "kernel/net/mac80211/", "kernel/net/mac802154/", "kernel/net/nfc/", "kernel/net/phonet/", "kernel/net/qrtr/",
        "kernel/net/rfkill/", "kernel/net/wireless/", "kernel/fs/jffs2/", "kernel/fs/ubifs/",
    ];

    // Drivers of networks made of software lie directly in drivers/net, those of hardware in directories below it.
    private const string NetworkDrivers = "kernel/drivers/net/";

    /// <summary>Whether an image is as this version makes it; one that is not may lack what is asked of it.</summary>
    public static bool IsOfThisVersion(CachedImage image) => image.Manifest.Recipe == Recipe;

    /// <summary>Brings the image up to date and returns it; does nothing if Debian has no newer packages.</summary>
    /// <param name="progress">Told about each step.</param>
    /// <param name="mirror">Address of a Debian mirror, or null for the one of the host's apt.</param>
    /// <param name="cancel">Stops the work; the cache keeps what it had.</param>
    /// <exception cref="ImageFetchException">The image cannot be made; the cache keeps what it had.</exception>
    public async Task<CachedImage> FetchAsync(
        IProgress<FetchProgress> progress, string? mirror = null, CancellationToken cancel = default)
    {
        try
        {
            string state = Path.Combine(store.Directory, "apt");
            Directory.CreateDirectory(state);
            using FileStream turn = Lock(Path.Combine(state, "lock"));
            var apt = new AptRepository(state);
            mirror ??= await apt.FindMirrorAsync(cancel);
            (string suite, IReadOnlyList<AptPackage> packages) = await FindPackagesAsync(apt, mirror, progress, cancel);
            return Current(suite, packages) ?? await MakeAsync(apt, suite, packages, progress, cancel);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ImageFetchException($"The image cache {store.Directory} cannot be written: {e.Message}", e);
        }
    }

    private static bool IsPacked(string path) =>
        (PackedDirectories.Any(path.StartsWith) && !HardwareDirectories.Any(path.StartsWith))
        || (path.StartsWith(NetworkDrivers, StringComparison.Ordinal)
        && path.LastIndexOf('/') == NetworkDrivers.Length - 1);

    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e.HResult == LinuxError.TryAgain)
        {
            throw new ImageFetchException("Another lakvm is fetching images at the moment.", e);
        }
    }

    private static async Task<(string Suite, IReadOnlyList<AptPackage> Packages)> FindPackagesAsync(
        AptRepository apt, string mirror, IProgress<FetchProgress> progress, CancellationToken cancel)
    {
        ImageFetchException? first = null;
        foreach (string suite in Suites)
        {
            try
            {
                await apt.UpdateAsync(
                    mirror, suite, fraction => progress.Report(new(FetchPhase.PackageLists, fraction)), cancel);
                return (suite, await ResolveAsync(apt, cancel));
            }
            catch (ImageFetchException e)
            {
                first ??= e;
            }
        }

        throw new ImageFetchException(
            $"Debian's packages for {Architecture} cannot be had from {mirror}: {first!.Message}", first);
    }

    /// <summary>
    /// The kernel's packages: "linux-image-loong64" depends on the current version's package, which may be split into
    /// several (image, modules, base). Everything else it depends on serves to install it.
    /// </summary>
    private static async Task<IReadOnlyList<AptPackage>> ResolveAsync(AptRepository apt, CancellationToken cancel)
    {
        var packages = new List<AptPackage> { await apt.ShowAsync(BusyboxPackage, cancel) };
        var waiting = new Queue<string>([KernelPackage]);
        while (waiting.TryDequeue(out string? name))
        {
            if (packages.Exists(package => package.Name == name))
            {
                continue;
            }

            AptPackage package = await apt.ShowAsync(name, cancel);
            packages.Add(package);
            foreach (string dependency in package.Depends)
            {
                if (dependency.StartsWith("linux-") && dependency.EndsWith("-" + Architecture))
                {
                    waiting.Enqueue(dependency);
                }
            }
        }

        return packages;
    }

    private static SortedDictionary<string, string> Versions(IReadOnlyList<AptPackage> packages) =>
        new(packages.ToDictionary(package => package.Name, package => package.Version), StringComparer.Ordinal);

    private CachedImage? Current(string suite, IReadOnlyList<AptPackage> packages)
    {
        CachedImage? image = store.Find(ImageName);
        return image != null && image.Manifest.Recipe == Recipe && image.Manifest.Suite == suite
            && image.Manifest.Packages.SequenceEqual(Versions(packages))
            && image.Manifest.Sha256 != null && image.IsSound ? image : null;
    }

    private async Task<CachedImage> MakeAsync(
        AptRepository apt, string suite, IReadOnlyList<AptPackage> packages, IProgress<FetchProgress> progress,
        CancellationToken cancel)
    {
        using var download = new ScratchDirectory(Path.Combine(store.Directory, "apt"), "download");
        string[] names = [.. packages.Select(package => package.Name)];
        IReadOnlyList<string> debs = await apt.DownloadAsync(names, download.FullName, progress, cancel);
        var files = new Dictionary<string, byte[]>();
        for (int n = 0; n < debs.Count; n++)
        {
            progress.Report(new FetchProgress(FetchPhase.Unpack, (double)n / debs.Count));
            await DebPackage.ReadAsync(debs[n], KernelFiles.IsWanted, files, cancel);
        }

        progress.Report(new FetchProgress(FetchPhase.Build, 0));
        var kernel = new KernelFiles(files);
        ModuleSet modules = await ModuleSet.CollectAsync(Modules, kernel.Modules, kernel.BuiltIn, cancel);
        await modules.AddPackedAsync(IsPacked, kernel.Modules, download.FullName, cancel);
        var manifest = new ImageManifest(Recipe, ImageName, suite, kernel.Release, Versions(packages),
            [.. modules.Modules.Select(module => KernelModule.NameOf(module.Path))], DateTimeOffset.UtcNow);
        CachedImage image = await store.AddAsync(ImageName, manifest, kernel.Kernel,
            output => InitramfsBuilder.Write(output, kernel.Busybox, kernel.Release, modules), cancel);
        progress.Report(new FetchProgress(FetchPhase.Build, 1));
        return image;
    }
}
