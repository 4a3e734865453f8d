using System.Security.Cryptography;
using System.Text.Json;
using LaKvm.Linux;

namespace LaKvm.Images.Store;

/// <summary>A kernel with its initramfs, ready to boot.</summary>
/// <param name="Name">What users call it, such as "debian".</param>
/// <param name="KernelPath">The kernel file.</param>
/// <param name="InitrdPath">The initramfs file.</param>
/// <param name="Manifest">What they were made from.</param>
public sealed record CachedImage(string Name, string KernelPath, string InitrdPath, ImageManifest Manifest)
{
    /// <summary>Whether the files are those that were fetched.</summary>
    public bool IsSound => Array.TrueForAll([KernelPath, InitrdPath], IsAsFetched);

    /// <summary>Reads the files and compares them with what was fetched.</summary>
    /// <exception cref="ImageFetchException">They differ: a disk or a person has changed them.</exception>
    public void Check()
    {
        if (!IsSound)
        {
            throw new ImageFetchException(
                $"The image in {Path.GetDirectoryName(KernelPath)} is damaged; 'lakvm images fetch {Name}' mends it.");
        }
    }

    /// <summary>The hash of a file, as the manifest has it.</summary>
    internal static string Hash(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    private bool IsAsFetched(string path)
    {
        try
        {
            return Manifest.Sha256?.GetValueOrDefault(Path.GetFileName(path)) is not { } hash || Hash(path) == hash;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // a disk that cannot be read any more
        }
    }
}

/// <summary>
/// The cache of images: one directory each, complete or absent. Several processes may use it at once; a directory is
/// on the disk before it gets its name, and replaced in one step.
/// </summary>
/// <param name="directory">Where the cache lives; need not exist.</param>
public sealed class ImageStore(string directory)
{
    private const string Kernel = "vmlinuz", Initrd = "initrd.img", Manifest = "manifest.json";

    /// <summary>Where the cache lives.</summary>
    public string Directory { get; } = directory;

    /// <summary>
    /// The user's cache: lakvm below XDG_CACHE_HOME, or below ~/.cache (XDG base directory specification).
    /// </summary>
    public static ImageStore OfUser()
    {
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(cache) || !Path.IsPathFullyQualified(cache))
        {
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            cache = home.Length > 0 ? Path.Combine(home, ".cache") : throw new ImageFetchException(
                "There is no home directory to keep images in; set HOME, or XDG_CACHE_HOME to a directory.");
        }

        return new ImageStore(Path.Combine(cache, "lakvm"));
    }

    /// <summary>Everything in the cache, by name.</summary>
    public IReadOnlyList<CachedImage> List()
    {
        string images = Path.Combine(Directory, "images");
        return System.IO.Directory.Exists(images)
            ? [.. System.IO.Directory.EnumerateDirectories(images).Order(StringComparer.Ordinal).Select(Read)
            .OfType<CachedImage>()]
            : [];
    }

    /// <summary>An image by name, or null.</summary>
    public CachedImage? Find(string name) => List().FirstOrDefault(image => image.Name == name);

    /// <summary>Puts an image into the cache in place of the one of the same name.</summary>
    internal async Task<CachedImage> AddAsync(
        string name, ImageManifest manifest, ReadOnlyMemory<byte> kernel, Action<Stream> writeInitrd,
        CancellationToken cancel)
    {
        string images = Path.Combine(Directory, "images"), final = Path.Combine(images, name);
        using var scratch = new ScratchDirectory(images, name);
        string fresh = System.IO.Directory.CreateDirectory(Path.Combine(scratch.FullName, name)).FullName;
        await File.WriteAllBytesAsync(Path.Combine(fresh, Kernel), kernel, cancel);
        using (FileStream initrd = File.Create(Path.Combine(fresh, Initrd)))
        {
            writeInitrd(initrd);
        }

        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string file in (string[])[Kernel, Initrd])
        {
            hashes[file] = CachedImage.Hash(Path.Combine(fresh, file));
        }

        byte[] json = JsonSerializer.SerializeToUtf8Bytes(
            manifest with { Sha256 = hashes }, ManifestJson.Readable.ImageManifest);
        await File.WriteAllBytesAsync(Path.Combine(fresh, Manifest), json, cancel);
        Publish(fresh, final);
        return Read(final)!;
    }

    /// <summary>
    /// Puts a directory in the place of another, such that a power failure leaves one or the other whole.
    /// </summary>
    private static void Publish(string fresh, string final)
    {
        foreach (string file in (string[])[Kernel, Initrd, Manifest, ""])
        {
            FileCalls.Synchronize(Path.Combine(fresh, file));
        }

        if (!System.IO.Directory.Exists(final))
        {
            System.IO.Directory.Move(fresh, final);
        }
        else if (!FileCalls.TryExchange(fresh, final))
        {
            // A file system that cannot exchange names; readers find no image for a moment.
            System.IO.Directory.Move(final, fresh + ".old");
            System.IO.Directory.Move(fresh, final);
        }

        FileCalls.Synchronize(Path.GetDirectoryName(final)!);
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
}
