using System.ComponentModel;
using System.Diagnostics;
using System.Net.Sockets;

namespace LaKvm.Backends.Nbd;

/// <summary>
/// Disk images in formats of their own, through QEMU's program for them: it serves the image on a socket in a directory
/// that only this user may enter, and ends with the connection, however that ends.
/// </summary>
public static class QemuNbd
{
    private const string Program = "qemu-nbd";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Serves an image.</summary>
    /// <param name="image">The file.</param>
    /// <param name="format">QEMU's name of its format.</param>
    /// <param name="readOnly">Whether it must not change.</param>
    /// <exception cref="FileNotFoundException">The program is not installed.</exception>
    /// <exception cref="IOException">It does not take the image.</exception>
    public static NbdBackend Open(string image, string format, bool readOnly)
    {
        string directory = Directory.CreateTempSubdirectory("lakvm-nbd-").FullName;
        try
        {
            string path = Path.Combine(directory, "socket");
            string[] mode = readOnly ? ["--read-only"] : ["--discard=unmap"];
            Run(["--fork", $"--socket={path}", $"--format={format}", .. mode, Path.GetFullPath(image)]);
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new NbdBackend(socket, "", readOnly);
        }
        catch (SocketException e)
        {
            throw new IOException($"{Program} does not listen: {e.Message}", e);
        }
        finally
        {
            Directory.Delete(directory, recursive: true); // the connection needs no name
        }
    }

    /// <summary>Starts the program, which goes on by itself once it has opened the image.</summary>
    private static void Run(string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(Program, arguments) { RedirectStandardError = true };
            using Process server = Process.Start(start)!;
            Task<string> complaint = server.StandardError.ReadToEndAsync();
            if (!server.WaitForExit(Patience))
            {
                server.Kill();
                throw new IOException($"{Program} does not begin to serve it");
            }

            if (server.ExitCode != 0)
            {
                throw new IOException(complaint.Result.Trim().ReplaceLineEndings(" "));
            }
        }
        catch (Win32Exception e)
        {
            throw new FileNotFoundException($"there is no {Program}", e);
        }
    }
}
