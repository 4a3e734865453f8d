using LaKvm.Boot;
using LaKvm.Devices;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Cli;

/// <summary>
/// The firmware that the user names, with its variables: those in a file are changed there at once, others are dropped
/// at the end of the process.
/// </summary>
internal sealed class GuestFirmware : IDisposable
{
    private readonly SafeFileHandle? _file;
    private readonly GuestOptions _options;
    private readonly FirmwareRequest _request;

    private GuestFirmware(GuestOptions options)
    {
        _options = options;
        byte[] variables = new byte[Flash.BankSize];
        if (options.Nvram != null)
        {
            _file = File.OpenHandle(options.Nvram, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            if (RandomAccess.GetLength(_file) > Flash.BankSize)
            {
                throw new UserErrorException($"--nvram: '{options.Nvram}' is longer than {Flash.BankSize >> 20} MiB.");
            }

            _ = RandomAccess.Read(_file, variables, 0);
            RandomAccess.SetLength(_file, Flash.BankSize);
        }

        _request = new FirmwareRequest(File.ReadAllBytes(options.Firmware!), new FlashContent(variables, Save))
        {
            Kernel = ReadOrEmpty(options.Kernel),
            Initrd = ReadOrEmpty(options.Initrd),
            CommandLine = options.Append,
        };
    }

    /// <summary>Reads all files; null if the user names no firmware.</summary>
    /// <exception cref="UserErrorException">One cannot be read.</exception>
    internal static GuestFirmware? Load(GuestOptions options)
    {
        try
        {
            return options.Firmware == null ? null : new GuestFirmware(options);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"The firmware's files cannot be used: {e.Message}");
        }
    }

    /// <summary>Gives a board the firmware.</summary>
    internal BoardDeviceOptions Attach(BoardDeviceOptions devices)
    {
        var options = new BoardDeviceTreeOptions
        {
            Cores = _options.Cpus,
            RamSize = _options.Memory,
            Devices = devices,
        };
        return FirmwareBoot.Attach(BoardLayout.QemuVirt, options, _request);
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private static byte[] ReadOrEmpty(string? path) => path == null ? [] : File.ReadAllBytes(path);

    private void Save(int offset, ReadOnlyMemory<byte> part)
    {
        if (_file != null)
        {
            RandomAccess.Write(_file, part.Span, offset);
        }
    }
}
