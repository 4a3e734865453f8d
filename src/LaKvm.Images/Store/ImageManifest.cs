using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LaKvm.Images.Store;

/// <summary>What a cached image was made from; stored beside it as manifest.json.</summary>
/// <param name="Recipe">Version of the way LaKvm builds the initramfs; another one means the image is out of
/// date.</param>
/// <param name="Distribution">Such as "debian".</param>
/// <param name="Suite">The distribution's suite, such as "forky".</param>
/// <param name="KernelRelease">What uname -r prints in the guest.</param>
/// <param name="Packages">Versions of the packages used, by name.</param>
/// <param name="Modules">Names of the modules in the initramfs.</param>
/// <param name="Fetched">When it was made.</param>
/// <param name="Sha256">Hashes of the image's files by name, in hexadecimal; older images have none.</param>
public sealed record ImageManifest(
    int Recipe,
    string Distribution,
    string Suite,
    string KernelRelease,
    SortedDictionary<string, string> Packages,
    IReadOnlyList<string> Modules,
    DateTimeOffset Fetched,
    SortedDictionary<string, string>? Sha256 = null);

[JsonSerializable(typeof(ImageManifest))]
internal sealed partial class ManifestJson : JsonSerializerContext
{
    /// <summary>For people to read: indented, and versions with their '+' as it is.</summary>
    internal static ManifestJson Readable { get; } = new(
        new JsonSerializerOptions { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
