using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace LaKvm.Images.Initramfs;

/// <summary>A kernel module, unpacked.</summary>
/// <param name="Path">Path below the kernel's module directory, without compression suffix: kernel/fs/ext4/ext4.ko.</param>
/// <param name="Contents">The ELF object.</param>
/// <param name="Depends">Names of the modules that must be there before, '_' for '-'.</param>
internal sealed record KernelModule(string Path, byte[] Contents, IReadOnlyList<string> Depends)
{
    private static readonly HostTool Xz = new("xz", "xz-utils"), Zstd = new("zstd", "zstd");

    /// <summary>Unpacks a module and reads what it depends on.</summary>
    internal static async Task<KernelModule> ReadAsync(string path, byte[] file, CancellationToken cancel)
    {
        int suffix = path.IndexOf(".ko", StringComparison.Ordinal) + ".ko".Length;
        byte[] contents = path[suffix..] switch
        {
            "" => file,
            ".gz" => Gunzip(file),
            ".xz" => await Xz.FilterAsync(["-dc"], file, cancel),
            ".zst" => await Zstd.FilterAsync(["-dcq"], file, cancel),
            string other => throw new ImageFetchException(
                $"The kernel's modules are compressed as '{other}', which LaKvm does not read."),
        };
        return new KernelModule(path[..suffix], contents, ReadDepends(contents));
    }

    /// <summary>The name by which modules are asked for: file name with '_' for '-'.</summary>
    internal static string NameOf(string path)
    {
        string file = path[(path.LastIndexOf('/') + 1)..];
        int end = file.IndexOf(".ko", StringComparison.Ordinal);
        return (end < 0 ? file : file[..end]).Replace('-', '_');
    }

    /// <summary>
    /// Section .modinfo is a list of NUL-terminated "key=value": "depends" names what must be loaded before, "softdep" with
    /// "pre:" what should.
    /// </summary>
    internal static IReadOnlyList<string> ReadDepends(ReadOnlySpan<byte> elf)
    {
        var depends = new List<string>();
        foreach (string entry in Encoding.UTF8.GetString(ModInfo(elf)).Split('\0'))
        {
            if (entry.StartsWith("depends=", StringComparison.Ordinal))
            {
                depends.AddRange(entry["depends=".Length..].Split(',', StringSplitOptions.RemoveEmptyEntries));
            }
            else if (entry.StartsWith("softdep=pre:", StringComparison.Ordinal))
            {
                string pre = entry["softdep=pre:".Length..].Split("post:")[0];
                depends.AddRange(pre.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            }
        }

        return [.. depends.Select(name => name.Replace('-', '_')).Distinct()];
    }

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
