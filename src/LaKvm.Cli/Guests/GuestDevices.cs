using LaKvm.Backends;
using LaKvm.Backends.UserNetwork;
using LaKvm.Debugger.Monitor;
using LaKvm.Devices;
using LaKvm.Linux;
using LaKvm.Running;

namespace LaKvm.Cli;

/// <summary>
/// What the command line connects to the board. Disks live as long as the process, so that a guest that resets finds
/// what it has written, snapshots included; everything else is connected anew.
/// </summary>
internal sealed class GuestDevices : IDisposable
{
    private readonly GuestOptions _options;
    private readonly ITerminal _terminal;
    private readonly IBlockBackend[] _disks;
    private readonly string[] _drivers;
    private readonly SharedDirectory[] _shares;
    private readonly IReadOnlyList<ShareOption> _shareOptions;
    private readonly IReadOnlyList<NetworkOption> _networks;
    private readonly Action<VirtioTransport> _check;
    private readonly SlirpLibrary? _userNetworks;
    private readonly ProgramStreams? _streams;
    private readonly int _entropySources;

    // Two guests of one network must have different addresses, and a guest that resets keeps its own.
    private readonly byte[] _addresses = new byte[2];

    /// <summary>Opens the disks and shares.</summary>
    public GuestDevices(GuestOptions options, ITerminal terminal, ProgramStreams? streams)
    {
        _options = options;
        _streams = streams;
        _terminal = terminal;
        new HostRandom().Fill(_addresses);
        _drivers = [.. options.Drives.Select(DriveSource.DriverOf)]; // first: opened disks are locked
        _disks = [.. options.Drives.Select(Open)];
        _networks = options.Networks;
        _check = options.CheckRoom;
        _userNetworks = options.UserNetworks;
        _shareOptions = options.Shares;
        _entropySources = options.EntropySources;
        _shares = [.. options.Shares.Select(share => new SharedDirectory(share.Path, share.ReadOnly))];
    }

    /// <summary>Devices for one run of a machine, which disposes of them.</summary>
    /// <param name="transport">How virtio devices are reached.</param>
    /// <param name="stop">Ends the wait for a network's other end.</param>
    /// <exception cref="UserErrorException">There is no room for all, or a network has no other end.</exception>
    internal BoardDeviceOptions Create(VirtioTransport transport, CancellationToken stop)
    {
        _check(transport);
        return new()
        {
            Serial = [_terminal],
            Terminal = () => _terminal.Size,
            Transport = transport,
            Virtio =
            [
                .. _disks.Select(disk => new VirtioBlock(new BorrowedDisk(disk))),
                .. _networks.Select((network, index) => Connect(network, index, stop)),
                .. _shares.Zip(_shareOptions, (share, option) => new VirtioShare(share.Serve(), option.Tag)),
                .. Enumerable.Range(0, _entropySources).Select(_ => new VirtioEntropy(new HostRandom())),
                .. new[] { _streams?.CreateDevice() }.OfType<VirtioDevice>(),
            ],
        };
    }

    /// <summary>What the machine is made of, for commands that list it.</summary>
    internal MachineInventory Describe(bool isVirtual) => new()
    {
        Name = _options.Name,
        IsVirtual = isVirtual,
        Cpus = _options.Cpus,
        Memory = _options.Memory,
        Drives = [.. _disks.Select((disk, index) => new DriveInventory(
            $"drive{index}", _options.Drives[index].Path, _drivers[index], disk.Length, disk.ReadOnly))],
        Networks = [.. _options.Networks.Select(network => network.Describe())],
        Shares = [.. _shareOptions.Select(share => (share.Tag, share.Path))],
        CharacterDevices = [("serial0", "stdio")],
    };

    /// <summary>Connects what the user types to a serial port.</summary>
    internal void Attach(Uart16550 console) => _terminal.Port = console;

    /// <summary>Keeps what the user types until the next machine is attached.</summary>
    internal void Detach() => _terminal.Port = null;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable opened in (IDisposable[])[.. _disks, .. _shares])
        {
            opened.Dispose();
        }
    }

    private static IBlockBackend Open(DriveOption drive)
    {
        IBlockBackend disk = DriveSource.Open(drive);
        return drive.Mode == DriveMode.Snapshot ? Overlay(disk) : disk;
    }

    private static OverlayBackend Overlay(IBlockBackend file)
    {
        try
        {
            return new OverlayBackend(file, Path.GetTempPath().TrimEnd('/'));
        }
        catch (LinuxException e)
        {
            throw new UserErrorException($"--drive: {e.Message}; TMPDIR can name another directory.");
        }
    }

    private VirtioNetwork Connect(NetworkOption network, int index, CancellationToken stop) =>
        new(network.Connect(_userNetworks, stop),
            network.Mac?.GetAddressBytes() ?? [0x52, 0x54, 0x00, .. _addresses, (byte)index]);

    /// <summary>A disk that outlives the machine it is plugged into.</summary>
    private sealed class BorrowedDisk(IBlockBackend disk) : IBlockBackend
    {
        public ulong Length => disk.Length;

        public bool ReadOnly => disk.ReadOnly;

        public void Read(ulong offset, Span<byte> destination) => disk.Read(offset, destination);

        public void Write(ulong offset, ReadOnlySpan<byte> source) => disk.Write(offset, source);

        public bool CanDiscard => disk.CanDiscard;

        public bool TryWriteZeroes(ulong offset, ulong length, bool mayDiscard) =>
            disk.TryWriteZeroes(offset, length, mayDiscard);

        public void Discard(ulong offset, ulong length) => disk.Discard(offset, length);

        public void Flush() => disk.Flush();

        public void Dispose()
        {
        }
    }
}
