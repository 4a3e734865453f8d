using System.Net;
using System.Net.Sockets;
using LaKvm.Backends;
using LaKvm.Backends.Nbd;
using LaKvm.Devices;

namespace LaKvm.Cli;

/// <summary>
/// What a drive's name leads to: a raw image or block device, an image in a format of its own, which qemu-nbd serves,
/// or a disk that somebody serves by NBD (<c>nbd://HOST:PORT/NAME</c>, <c>nbd+unix:///NAME?socket=PATH</c>).
/// </summary>
internal static class DriveSource
{
    private const string Option = "--drive", Tcp = "nbd://", Unix = "nbd+unix://", SocketKey = "?socket=";
    private const int NbdPort = 10809;

    /// <summary>Finds out what is wrong with a drive before anything is started.</summary>
    /// <exception cref="UserErrorException">It cannot be used.</exception>
    internal static void Check(DriveOption drive)
    {
        if (!IsNetwork(drive.Path))
        {
            FileAccess access = drive.Mode == DriveMode.ReadWrite ? FileAccess.ReadWrite : FileAccess.Read;
            FileChecks.RequireDisk(Option, drive.Path, access);
            FormatOf(drive);
        }
    }

    /// <summary>Opens a drive.</summary>
    /// <exception cref="UserErrorException">It cannot be used.</exception>
    internal static IBlockBackend Open(DriveOption drive)
    {
        bool readOnly = drive.Mode != DriveMode.ReadWrite;
        try
        {
            return IsNetwork(drive.Path) ? Connect(drive.Path, readOnly)
                : FormatOf(drive) is { } format ? QemuNbd.Open(drive.Path, format, readOnly)
                : new RawFileBackend(drive.Path, readOnly);
        }
        catch (FileNotFoundException e) when (FormatOf(drive) is { } format)
        {
            throw new UserErrorException(
                $"{Option}: '{drive.Path}' is a {format} image, and {e.Message}; install the package qemu-utils.");
        }
        catch (Exception e) when (e is SocketException || (e is IOException && IsServed(drive)))
        {
            throw new UserErrorException($"{Option}: '{drive.Path}' cannot be opened: {e.Message.TrimEnd('.')}.");
        }
    }

    /// <summary>The format's name: of an image, or how a disk is reached.</summary>
    internal static string DriverOf(DriveOption drive) =>
        IsNetwork(drive.Path) ? "nbd" : FormatOf(drive) ?? DriveOption.RawFormat;

    private static bool IsNetwork(string path) =>
        path.StartsWith(Tcp, StringComparison.Ordinal) || path.StartsWith(Unix, StringComparison.Ordinal);

    private static bool IsServed(DriveOption drive) => IsNetwork(drive.Path) || FormatOf(drive) != null;

    private static string? FormatOf(DriveOption drive) => drive.Format == null ? FormatOf(drive.Path)
        : drive.Format == DriveOption.RawFormat ? null : drive.Format;

    /// <summary>
    /// The format of its own that an image's content and name agree on; null for a raw one. A guest can write into its
    /// raw disk what looks like another format, one that leads to other files: the content alone decides nothing.
    /// </summary>
    private static string? FormatOf(string path)
    {
        string? format = FileChecks.ImageFormat(path);
        return format == null || path.EndsWith($".{format}", StringComparison.OrdinalIgnoreCase) ? format
            : throw new UserErrorException(
                $"{Option}: '{path}' is a {format} image by its content; if it is to be one, name it *.{format}.");
    }

    private static NbdBackend Connect(string address, bool readOnly)
    {
        (EndPoint server, string name) = address.StartsWith(Tcp, StringComparison.Ordinal)
            ? ParseTcp(address[Tcp.Length..]) : ParseUnix(address[Unix.Length..]);
        Socket socket = server is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Connect(server);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return new NbdBackend(socket, name, readOnly);
    }

    private static (EndPoint Server, string Name) ParseTcp(string text)
    {
        string[] parts = text.Split('/', 2);
        return Uri.TryCreate($"{Tcp}{parts[0]}", UriKind.Absolute, out Uri? uri) && uri.Host.Length > 0
            ? (new DnsEndPoint(uri.DnsSafeHost, uri.Port > 0 ? uri.Port : NbdPort), NameOf(parts.ElementAtOrDefault(1)))
            : throw new UserErrorException($"{Option}: '{Tcp}{text}' is not {Tcp}HOST[:PORT][/NAME].", ExitCode.Usage);
    }

    private static (EndPoint Server, string Name) ParseUnix(string text)
    {
        int key = text.IndexOf(SocketKey, StringComparison.Ordinal);
        return key >= 0 && key + SocketKey.Length < text.Length
            ? (new UnixDomainSocketEndPoint(Uri.UnescapeDataString(text[(key + SocketKey.Length)..])),
                NameOf(text[..key].TrimStart('/')))
            : throw new UserErrorException(
                $"{Option}: '{Unix}{text}' is not {Unix}/[NAME]{SocketKey}PATH.", ExitCode.Usage);
    }

    private static string NameOf(string? text) => Uri.UnescapeDataString(text ?? "");
}
