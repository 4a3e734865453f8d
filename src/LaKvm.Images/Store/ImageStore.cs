using System.Text.Json;

namespace LaKvm.Images.Store;

/// <summary>A kernel with its initramfs, ready to boot.</summary>
/// <param name="Name">What users call it, such as "debian".</param>
/// <param name="KernelPath">The kernel file.</param>
/// <param name="InitrdPath">The initramfs file.</param>
/// <param name="Manifest">What they were made from.</param>
public sealed record CachedImage(string Name, string KernelPath, string InitrdPath, ImageManifest Manifest);

/// <summary>
/// The cache of images: one directory each, complete or absent. Several processes may use it at once; a directory is
/// replaced by renaming.
/// </summary>
/// <param name="directory">Where the cache lives; need not exist.</param>
public sealed class ImageStore(string directory)
{
    private const string Kernel = "vmlinuz", Initrd = "initrd.img", Manifest = "manifest.json";

    /// <summary>Where the cache lives.</summary>
    public string Directory { get; } = directory;

    /// <summary>The user's cache: lakvm below XDG_CACHE_HOME, or below ~/.cache (XDG base directory specification).</summary>
    public static ImageStore OfUser()
    {
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache) || !Path.IsPathFullyQualified(cache))
        {
            cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        }

        return new ImageStore(Path.Combine(cache, "lakvm"));
    }

    /// <summary>Everything in the cache, by name.</summary>
    public IReadOnlyList<CachedImage> List()
    {
        string images = Path.Combine(Directory, "images");
        return System.IO.Directory.Exists(images)
            ? [.. System.IO.Directory.EnumerateDirectories(images).Order(StringComparer.Ordinal).Select(Read).OfType<CachedImage>()]
            : [];
    }

    /// <summary>An image by name, or null.</summary>
    public CachedImage? Find(string name) => List().FirstOrDefault(image => image.Name == name);

    /// <summary>Puts an image into the cache in place of the one of the same name.</summary>
    internal async Task<CachedImage> AddAsync(
        string name, ImageManifest manifest, ReadOnlyMemory<byte> kernel, Action<Stream> writeInitrd, CancellationToken cancel)
    {
        string final = Path.Combine(Directory, "images", name);
        string fresh = $"{final}.{Environment.ProcessId}.new", old = $"{final}.{Environment.ProcessId}.old";
        System.IO.Directory.CreateDirectory(fresh);
        try
        {
            await File.WriteAllBytesAsync(Path.Combine(fresh, Kernel), kernel, cancel);
            using (FileStream initrd = File.Create(Path.Combine(fresh, Initrd)))
            {
                writeInitrd(initrd);
            }

            byte[] json = JsonSerializer.SerializeToUtf8Bytes(manifest, ManifestJson.Readable.ImageManifest);
            await File.WriteAllBytesAsync(Path.Combine(fresh, Manifest), json, cancel);
            if (System.IO.Directory.Exists(final))
            {
                System.IO.Directory.Move(final, old);
            }

            System.IO.Directory.Move(fresh, final);
            return Read(final)!;
        }
        finally
        {
            Remove(fresh);
            Remove(old);
        }
    }

    /// <summary>An image in a directory, or null while it is being made or if somebody took it apart.</summary>
    private static CachedImage? Read(string directory)
    {
        string name = Path.GetFileName(directory);
        string kernel = Path.Combine(directory, Kernel), initrd = Path.Combine(directory, Initrd);
        if (name.Contains('.') || !File.Exists(kernel) || !File.Exists(initrd))
        {
            return null;
        }

        try
        {
            byte[] json = File.ReadAllBytes(Path.Combine(directory, Manifest));
            ImageManifest? manifest = JsonSerializer.Deserialize(json, ManifestJson.Readable.ImageManifest);
            return manifest == null ? null : new CachedImage(name, kernel, initrd, manifest);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    private static void Remove(string directory)
    {
        if (System.IO.Directory.Exists(directory))
        {
            System.IO.Directory.Delete(directory, recursive: true);
        }
    }
}
