using LaKvm.Backends.UserNetwork;
using LaKvm.Images;
using LaKvm.Images.Debian;
using LaKvm.Images.Store;

namespace LaKvm.Cli;

/// <summary>The library for user networks: of the system, or of the cache.</summary>
internal static class UserNetworkLibrary
{
    // The address's source, to the packaged guest and to kernels that ask themselves.
    private const string KernelWord = "ip=";

    private const string Package = "libslirp0";

    /// <summary>What it needs and small systems lack, each behind those that it needs itself.</summary>
    private static readonly string[] Needed = ["libpcre2-8.so.0", "libpcre.so.3", "libglib-2.0.so.0"];

    /// <summary>The library where it is, or null.</summary>
    internal static SlirpLibrary? Find() =>
        SlirpLibrary.TryLoad(CachedFiles(), out SlirpLibrary? library) ? library : null;

    /// <summary>
    /// Adds the library to options that need it; and a network to those of the packaged guest that say nothing about
    /// networks, if there is room for it and the library is there.
    /// </summary>
    /// <exception cref="UserErrorException">A network needs the library, which cannot be had.</exception>
    internal static async Task<GuestOptions> CompleteAsync(GuestOptions options, CancellationToken stop)
    {
        if (options.Networks.OfType<UserNetworkOption>().Any())
        {
            options = options with { UserNetworks = await RequireAsync(stop) };
        }
        else if (options.HasDefaultNetwork && options.IsPackaged && options.HasRoom && Find() is { } library)
        {
            options = options with { UserNetworks = library, Networks = [UserNetworkOption.Default] };
        }

        return options.UserNetworks == null || !options.IsPackaged || options.Append.Contains(KernelWord)
            ? options : options with { Append = $"{options.Append} {KernelWord}dhcp".TrimStart() };
    }

    /// <summary>The library, fetched into the cache if it is nowhere.</summary>
    /// <exception cref="UserErrorException">It cannot be had.</exception>
    internal static async Task<SlirpLibrary> RequireAsync(CancellationToken stop)
    {
        if (Find() is { } library)
        {
            return library;
        }

        string reason = await TryFetchAsync(stop) is { } failure ? $" (it cannot be fetched either: {failure})" : "";
        return Find() ?? throw new UserErrorException(
            $"{NetworkOption.Name} user needs libslirp; install the package {Package}{reason}.");
    }

    /// <summary>Fetches the library into the cache.</summary>
    /// <returns>Why that is not possible, or null.</returns>
    internal static async Task<string?> TryFetchAsync(CancellationToken stop)
    {
        try
        {
            await InCache(ImageStore.OfUser()).FetchAsync(stop);
            return null;
        }
        catch (ImageFetchException e)
        {
            return e.Message.TrimEnd('.');
        }
    }

    private static IReadOnlyList<string> CachedFiles()
    {
        try
        {
            return InCache(ImageStore.OfUser()).Files;
        }
        catch (ImageFetchException)
        {
            return []; // there is no place for a cache
        }
    }

    private static HostLibrary InCache(ImageStore store) => new(store, Package, [.. Needed, SlirpLibrary.FileName]);
}
