using LaKvm.Boot;
using LaKvm.Devices;
using LaKvm.Images;

namespace LaKvm.Cli;

/// <summary>
/// The files to boot, read and unpacked while the host and the machine are being built, and kept for a boot after a
/// reset.
/// </summary>
/// <param name="options">What to boot.</param>
/// <param name="streams">What a program in the guest is connected to, if there is one.</param>
internal sealed class BootFiles(GuestOptions options, ProgramStreams? streams) : IDisposable
{
    private readonly Task<KernelImage>? _kernel =
        options.Firmware == null ? Task.Run(() => LoadKernel(options)) : null;

    private readonly Task _check = options.Image is { } image ? Task.Run(image.Check) : Task.CompletedTask;

    /// <summary>The firmware that finds the kernel; null if there is none.</summary>
    internal GuestFirmware? Firmware { get; } = GuestFirmware.Load(options);

    /// <summary>The kernel; waits until it has been read. Null where a firmware begins.</summary>
    /// <exception cref="ImageException">The file is no kernel, or damaged.</exception>
    /// <exception cref="ImageFetchException">It is of an image that is damaged.</exception>
    internal KernelImage? Kernel
    {
        get
        {
            // First: what a damaged kernel looks like tells nobody what to do.
            _check.GetAwaiter().GetResult();
            return _kernel?.GetAwaiter().GetResult();
        }
    }

    /// <summary>What else is placed in RAM.</summary>
    /// <exception cref="ImageException">A file cannot be read.</exception>
    internal IReadOnlyList<LoadedFile> Others { get; } =
        [.. options.Loads.Where(load => load.Path != null).Select(load => LoadedFile.Load(load.Path!, load.Address))];

    /// <summary>The initial RAM disk, or null; its bytes are read when it is placed.</summary>
    /// <exception cref="ImageException">The file cannot be read.</exception>
    internal InitrdImage? Initrd { get; } = LoadInitrd(options, streams);

    private static InitrdImage? LoadInitrd(GuestOptions options, ProgramStreams? streams)
    {
        InitrdImage? initrd = options.Initrd == null ? null : InitrdImage.Load(options.Initrd);
        return options.Program == null || streams == null ? initrd : initrd?.With(options.Program.Archive(streams));
    }

    /// <summary>Gives the board its firmware, if there is one.</summary>
    internal BoardDeviceOptions Attach(BoardDeviceOptions devices) => Firmware?.Attach(devices) ?? devices;

    /// <inheritdoc/>
    public void Dispose() => Firmware?.Dispose();

    private static KernelImage LoadKernel(GuestOptions options) =>
        options.KernelAddress is { } address
            ? KernelImage.LoadRaw(options.Kernel!, address)
            : KernelImage.Load(options.Kernel!).Unpack();
}
