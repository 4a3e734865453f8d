using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace LaKvm.Images.Initramfs;

/// <summary>A kernel module as an initramfs holds it.</summary>
/// <param name="Path">Path below the kernel's module directory: kernel/fs/ext4/ext4.ko, with .xz if it stays
/// compressed.</param>
/// <param name="Contents">The file.</param>
/// <param name="Depends">Names of the modules that must be there before, '_' for '-'.</param>
/// <param name="Aliases">Other names by which the kernel asks for it: fs-ext4.</param>
internal sealed record KernelModule(
    string Path, byte[] Contents, IReadOnlyList<string> Depends, IReadOnlyList<string> Aliases)
{
    private static readonly HostTool Xz = new("xz", "xz-utils"), Zstd = new("zstd", "zstd");

    /// <summary>Unpacks a module and reads what it depends on.</summary>
    internal static async Task<KernelModule> ReadAsync(string path, byte[] file, CancellationToken cancel)
    {
        byte[] contents = await UnpackAsync(path, file, cancel);
        return new KernelModule(path[..SuffixOf(path)], contents, ReadDepends(contents), ReadInfo(contents, "alias="));
    }

    /// <summary>
    /// Reads what modules depend on, and leaves them as they are; <paramref name="work"/> is a directory to work in.
    /// </summary>
    internal static async Task<IReadOnlyList<KernelModule>> ReadPackedAsync(
        IReadOnlyDictionary<string, byte[]> files, string work, CancellationToken cancel)
    {
        IReadOnlyDictionary<string, byte[]> unpacked = await UnpackAllAsync(files, work, cancel);
        return [.. unpacked.Select(file =>
            new KernelModule(file.Key, files[file.Key], ReadDepends(file.Value), ReadInfo(file.Value, "alias=")))];
    }

    /// <summary>Hundreds of modules in one run of xz, which takes longer to start than to unpack one.</summary>
    private static async Task<IReadOnlyDictionary<string, byte[]>> UnpackAllAsync(
        IReadOnlyDictionary<string, byte[]> files, string work, CancellationToken cancel)
    {
        var unpacked = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        string[] packed = [.. files.Keys.Where(path => path.EndsWith(".xz", StringComparison.Ordinal))];
        foreach (string path in files.Keys.Except(packed))
        {
            unpacked[path] = await UnpackAsync(path, files[path], cancel);
        }

        if (packed.Length == 0)
        {
            return unpacked;
        }

        for (int n = 0; n < packed.Length; n++)
        {
            await File.WriteAllBytesAsync(System.IO.Path.Combine(work, $"{n}.ko.xz"), files[packed[n]], cancel);
        }

        await Xz.RunAsync(["-dfq", .. packed.Select((_, n) => $"{n}.ko.xz")], _ => { }, cancel, work);
        for (int n = 0; n < packed.Length; n++)
        {
            unpacked[packed[n]] = await File.ReadAllBytesAsync(System.IO.Path.Combine(work, $"{n}.ko"), cancel);
        }

        return unpacked;
    }

    private static int SuffixOf(string path) => path.IndexOf(".ko", StringComparison.Ordinal) + ".ko".Length;

    private static async Task<byte[]> UnpackAsync(string path, byte[] file, CancellationToken cancel) =>
        path[SuffixOf(path)..] switch
    {
        "" => file,
        ".gz" => Gunzip(file),
        ".xz" => await Xz.FilterAsync(["-dc"], file, cancel),
        ".zst" => await Zstd.FilterAsync(["-dcq"], file, cancel),
        string other => throw new ImageFetchException(
            $"The kernel's modules are compressed as '{other}', which LaKvm does not read."),
    };

    /// <summary>The name by which modules are asked for: file name with '_' for '-'.</summary>
    internal static string NameOf(string path)
    {
        string file = path[(path.LastIndexOf('/') + 1)..];
        int end = file.IndexOf(".ko", StringComparison.Ordinal);
        return (end < 0 ? file : file[..end]).Replace('-', '_');
    }

    /// <summary>
    /// Section .modinfo is a list of NUL-terminated "key=value": "depends" names what must be loaded before, "softdep"
    /// with "pre:" what should.
    /// </summary>
    internal static IReadOnlyList<string> ReadDepends(ReadOnlySpan<byte> elf)
    {
        IEnumerable<string> required = ReadInfo(elf, "depends=").SelectMany(names => names.Split(','));
        IEnumerable<string> wanted = ReadInfo(elf, "softdep=pre:")
            .SelectMany(names => names.Split("post:")[0].Split(' '));
        return [.. required.Concat(wanted).Where(name => name != "").Select(name => name.Replace('-', '_')).Distinct()];
    }

    private static IReadOnlyList<string> ReadInfo(ReadOnlySpan<byte> elf, string key) =>
        [.. from entry in Encoding.UTF8.GetString(ModInfo(elf)).Split('\0')
            where entry.StartsWith(key, StringComparison.Ordinal)
            select entry[key.Length..]];

    private static ReadOnlySpan<byte> ModInfo(ReadOnlySpan<byte> elf)
    {
        const int headerSize = 64;
        if (elf.Length < 64 || !elf.StartsWith("\u007fELF"u8))
        {
            throw new ImageFetchException("A kernel module is not an ELF file.");
        }

        int table = (int)BinaryPrimitives.ReadUInt64LittleEndian(elf[40..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(elf[60..]);
        int namesIndex = BinaryPrimitives.ReadUInt16LittleEndian(elf[62..]);
        ReadOnlySpan<byte> names = Section(elf, table + (namesIndex * headerSize));
        for (int n = 0; n < count; n++)
        {
            int header = table + (n * headerSize);
            ReadOnlySpan<byte> name = names[BinaryPrimitives.ReadInt32LittleEndian(elf[header..])..];
            if (name.StartsWith(".modinfo\0"u8))
            {
                return Section(elf, header);
            }
        }

        return [];
    }

    private static ReadOnlySpan<byte> Section(ReadOnlySpan<byte> elf, int header) => elf.Slice(
        (int)BinaryPrimitives.ReadUInt64LittleEndian(elf[(header + 24)..]),
        (int)BinaryPrimitives.ReadUInt64LittleEndian(elf[(header + 32)..]));

    private static byte[] Gunzip(byte[] file)
    {
        using var gzip = new GZipStream(new MemoryStream(file), CompressionMode.Decompress);
        var contents = new MemoryStream();
        gzip.CopyTo(contents);
        return contents.ToArray();
    }
}
