using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using LaKvm.Cli.Tests;

namespace LaKvm.Boot.Tests.Programs;

/// <summary>
/// A disk image of Debian's perl, python3, gcc, openssl and coreutils, their work, and the results that are right.
/// </summary>
public sealed class DebianPrograms : IDisposable
{
    private static readonly string[] Packages =
    [
        "perl", "python3", "gcc", "libc6-dev", "openssl", "coreutils", "dash", "gzip", "xz-utils", "zstd", "bzip2",
        "grep",
        "sed", "diffutils", "findutils",
    ];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lakvm-programs-");

    /// <summary>
    /// Makes the image; the packages come from Debian's mirror unless they are still there from the last time.
    /// </summary>
    public DebianPrograms()
    {
        GuestShell.EnsureImage();
        string work = Path.Combine(_directory.FullName, "work");
        Directory.CreateDirectory(work);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(LakvmProcess.Root, "tests/rootfs/checks")))
        {
            File.Copy(file, Path.Combine(work, Path.GetFileName(file)));
        }

        Expected = WriteInput(work);
        Image = Path.Combine(_directory.FullName, "programs.img");
        using Process process = Process.Start(
            Path.Combine(LakvmProcess.Root, "tests/rootfs/unpacked.sh"), [Image, work, .. Packages]);
        process.WaitForExit();
        process.ExitCode.Should().Be(0, "unpacked.sh makes the image");
    }

    /// <summary>An ext4 image.</summary>
    public string Image { get; }

    /// <summary>The lines that check.sh prints: name and result.</summary>
    public IReadOnlyDictionary<string, string> Expected { get; }

    public void Dispose() => _directory.Delete(recursive: true);

    private static Dictionary<string, string> WriteInput(string work)
    {
        var random = new Random(7);
        // Half noise, half text: there is something to compress and something that cannot be.
        byte[] data = new byte[1_200_000];
        random.NextBytes(data);
        for (int i = 0; i < data.Length / 2; i++)
        {
            data[i] = (byte)"lorem ipsum dolor sit amet\n"[(i * 7 + data[i] / 90) % 27];
        }

        string[] words = [.. Enumerable.Range(0, 20_000)
            .Select(_ => $"{random.Next(0x1000):x}:{random.Next(1_000_000)}")];
        byte[] key = RandomNumberGenerator.GetBytes(32), iv = RandomNumberGenerator.GetBytes(16);
        File.WriteAllBytes(Path.Combine(work, "data"), data);
        File.WriteAllText(Path.Combine(work, "words"), Lines(words));
        File.WriteAllText(Path.Combine(work, "key"), Hex(key));
        File.WriteAllText(Path.Combine(work, "iv"), Hex(iv));
        return Results(data, words, key, iv);
    }

    private static Dictionary<string, string> Results(byte[] data, string[] words, byte[] key, byte[] iv)
    {
        using var aes = Aes.Create();
        aes.Key = key;
        string sha256 = Hex(SHA256.HashData(data)), md5 = Hex(MD5.HashData(data));
        string asTheyAre = Digest(words), sorted = Digest(words.Order(StringComparer.Ordinal));
        string numbers = Digest(words.Select(word => word.Split(':')[1]).OrderBy(int.Parse));
        var results = new Dictionary<string, string>
        {
            ["machine"] = "loongarch64",
            ["sha256sum"] = sha256,
            ["sha512sum"] = Hex(SHA512.HashData(data)),
            ["sha1sum"] = Hex(SHA1.HashData(data)),
            ["md5sum"] = md5,
            ["openssl-sha256"] = sha256,
            ["openssl-md5"] = md5,
            ["openssl-aes"] = Hex(SHA256.HashData(aes.EncryptCbc(data, iv))),
            ["openssl-chacha"] = sha256,
            ["openssl-speed"] = "done",
            ["sort"] = sorted,
            ["sort-unique"] = $"{words.Distinct().Count()}",
            ["sort-numbers"] = numbers,
            ["tac"] = asTheyAre,
            ["tr"] = asTheyAre,
            ["base64"] = sha256,
            ["grep"] = $"{words.Count(word => word.Split(':')[0].All(char.IsAsciiLetterLower))}",
            ["sed"] = asTheyAre,
            ["dd"] = "same",
            ["split"] = "same",
            ["find"] = "many",
            ["perl"] = "14",
            ["perl-sort"] = sorted,
            ["python"] = "20",
            ["python-sort"] = sorted,
            ["python-sha256"] = sha256,
        };
        foreach (string tool in (string[])["gzip", "xz", "zstd", "bzip2"])
        {
            results[tool] = sha256;
        }

        foreach (string options in (string[])["-O0", "-O2", "-O3-mlasx"])
        {
            results["gcc" + options] = "78498 92 307505.000 3.141592653590 1.643935";
        }

        return results;
    }

    private static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(line => line + "\n"));

    private static string Digest(IEnumerable<string> lines) =>
        Hex(SHA256.HashData(Encoding.ASCII.GetBytes(Lines(lines))));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
