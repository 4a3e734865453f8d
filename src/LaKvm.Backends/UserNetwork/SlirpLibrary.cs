using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace LaKvm.Backends.UserNetwork;

/// <summary>
/// libslirp, the library by which QEMU has its user-mode network too: TCP, UDP and ICMP of a guest become sockets of
/// this process, which needs no rights for it. Loaded when it is asked for (its own src/libslirp.h has the calls).
/// </summary>
public sealed unsafe class SlirpLibrary
{
    /// <summary>The library's file name, which the dynamic linker looks for.</summary>
    public const string FileName = "libslirp.so.0";

    private SlirpLibrary(nint library)
    {
        New = (delegate* unmanaged<SlirpConfiguration*, SlirpCallbacks*, nint, nint>)Export(library, "slirp_new");
        Free = (delegate* unmanaged<nint, void>)Export(library, "slirp_cleanup");
        Input = (delegate* unmanaged<nint, byte*, int, void>)Export(library, "slirp_input");
        FillPoll = (delegate* unmanaged<nint, uint*, nint, nint, void>)Export(library, "slirp_pollfds_fill");
        EndPoll = (delegate* unmanaged<nint, int, nint, nint, void>)Export(library, "slirp_pollfds_poll");
        Forward = (delegate* unmanaged<nint, int, uint, int, uint, int, int>)Export(library, "slirp_add_hostfwd");
    }

    internal delegate* unmanaged<SlirpConfiguration*, SlirpCallbacks*, nint, nint> New { get; }

    internal delegate* unmanaged<nint, void> Free { get; }

    internal delegate* unmanaged<nint, byte*, int, void> Input { get; }

    internal delegate* unmanaged<nint, uint*, nint, nint, void> FillPoll { get; }

    internal delegate* unmanaged<nint, int, nint, nint, void> EndPoll { get; }

    internal delegate* unmanaged<nint, int, uint, int, uint, int, int> Forward { get; }

    /// <summary>Loads the library where the system has it, or from other files.</summary>
    /// <param name="files">
    /// Files to try if the system has none, it behind those it needs: what is loaded already the dynamic linker finds
    /// by its name.
    /// </param>
    /// <param name="library">The library.</param>
    public static bool TryLoad(IEnumerable<string> files, [NotNullWhen(true)] out SlirpLibrary? library)
    {
        bool found = NativeLibrary.TryLoad(FileName, out nint handle);
        foreach (string file in found ? [] : files)
        {
            found = NativeLibrary.TryLoad(file, out handle) && Path.GetFileName(file) == FileName;
        }

        library = found ? new SlirpLibrary(handle) : null;
        return found;
    }

    private static nint Export(nint library, string name) => NativeLibrary.GetExport(library, name);
}

/// <summary>struct SlirpConfig, as version 1 has it: what IPv4 needs, and zeros.</summary>
internal unsafe struct SlirpConfiguration
{
    internal uint Version;
    internal int Restricted;
    internal byte HasIpv4;
    internal uint Network, Mask, Host;
    internal byte HasIpv6;
    internal fixed uint Prefix6[4];
    internal byte PrefixLength6;
    internal fixed uint Host6[4];
    internal nint HostName, TftpName, TftpPath, BootFile;
    internal uint FirstGuest, NameServer;
    internal fixed uint NameServer6[4];
    internal nint SearchDomains, Domain;
    internal nuint LongestToGuest, LongestFromGuest;
    internal byte HidesLoopback, Emulates;
}

/// <summary>struct SlirpCb, as version 1 has it.</summary>
internal unsafe struct SlirpCallbacks
{
    internal delegate* unmanaged<byte*, nuint, nint, nint> SendPacket;
    internal delegate* unmanaged<byte*, nint, void> GuestError;
    internal delegate* unmanaged<nint, long> Nanoseconds;
    internal delegate* unmanaged<delegate* unmanaged<nint, void>, nint, nint, nint> NewTimer;
    internal delegate* unmanaged<nint, nint, void> FreeTimer;
    internal delegate* unmanaged<nint, long, nint, void> SetTimer;
    internal delegate* unmanaged<int, nint, void> RegisterPoll, UnregisterPoll;
    internal delegate* unmanaged<nint, void> Notify;
}
