using System.Text;
using LaKvm.Images.Initramfs;

namespace LaKvm.Images.Debian;

/// <summary>
/// What LaKvm uses of the packages' files. Debian's kernel lies in /boot or beside its modules, the modules in
/// /lib/modules/RELEASE or the same below /usr.
/// </summary>
internal sealed class KernelFiles
{
    private const string ModulesDirectory = "lib/modules/";

    /// <param name="files">All wanted files of all packages, by path.</param>
    /// <exception cref="ImageFetchException">Kernel or busybox are not among them.</exception>
    internal KernelFiles(IReadOnlyDictionary<string, byte[]> files)
    {
        Kernel = Only(files, IsKernel, "no kernel");
        Busybox = Only(files, IsBusybox, "no busybox");
        string someModule = files.Keys.FirstOrDefault(IsModule)
            ?? throw new ImageFetchException("Debian's packages have no modules.");
        Release = BelowModules(someModule).Split('/')[0];
        string prefix = Release + "/";
        Modules = files.Where(file => IsModule(file.Key))
            .ToDictionary(file => BelowModules(file.Key)[prefix.Length..], file => file.Value);
        BuiltIn = files.FirstOrDefault(file => IsBuiltInList(file.Key)).Value is { } list
            ? Encoding.UTF8.GetString(list).Split('\n').Select(KernelModule.NameOf).ToHashSet()
            : null;
    }

    /// <summary>The compressed kernel.</summary>
    internal byte[] Kernel { get; }

    /// <summary>The busybox binary.</summary>
    internal byte[] Busybox { get; }

    /// <summary>The kernel's release.</summary>
    internal string Release { get; }

    /// <summary>Module files by path below the kernel's module directory.</summary>
    internal IReadOnlyDictionary<string, byte[]> Modules { get; }

    /// <summary>Names of what is built in, or null where no package tells.</summary>
    internal IReadOnlySet<string>? BuiltIn { get; }

    /// <summary>True for the files this class looks at.</summary>
    internal static bool IsWanted(string path) =>
        IsKernel(path) || IsBusybox(path) || IsModule(path) || IsBuiltInList(path);

    private static bool IsKernel(string path) => Path.GetFileName(path).StartsWith("vmlinuz", StringComparison.Ordinal);

    private static bool IsBusybox(string path) => path.EndsWith("bin/busybox", StringComparison.Ordinal);

    private static bool IsModule(string path) =>
        path.Contains(ModulesDirectory, StringComparison.Ordinal)
        && Path.GetFileName(path).Contains(".ko", StringComparison.Ordinal);

    private static bool IsBuiltInList(string path) => Path.GetFileName(path) == "modules.builtin";

    private static string BelowModules(string path) =>
        path[(path.IndexOf(ModulesDirectory, StringComparison.Ordinal) + ModulesDirectory.Length)..];

    private static byte[] Only(IReadOnlyDictionary<string, byte[]> files, Func<string, bool> match, string missing) =>
        files.FirstOrDefault(file => match(file.Key)).Value
        ?? throw new ImageFetchException($"Debian's packages have {missing}.");
}
