using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LaKvm.Devices;
using LaKvm.Linux;

namespace LaKvm.Backends.UserNetwork;

/// <summary>
/// A network of the guest's own behind this process's sockets (NAT), at the addresses that QEMU's has: the computer is
/// 10.0.2.2, its name server 10.0.2.3, the guest gets 10.0.2.15 by DHCP. All of libslirp runs on one thread; what the
/// guest sends waits for it in a queue.
/// </summary>
public sealed unsafe class SlirpNetwork : INetworkBackend
{
    /// <summary>Most frames of the guest that wait; more are dropped, as by any network.</summary>
    public const int Backlog = 512;

    // An Ethernet header with nothing behind it, and one with a full packet: the card's MTU is 1500.
    private const int ShortestFrame = 14, LongestFrame = 14 + 1500;

    private readonly SlirpLibrary _library;
    private readonly ConcurrentQueue<byte[]> _sent = new();
    private readonly EventDescriptor _bell = new();
    private readonly SlirpTimers _timers = new();
    private readonly List<PollDescriptor> _polls = [];
    private readonly SlirpCallbacks* _callbacks;
    private readonly GCHandle _self;
    private nint _slirp;
    private Thread? _thread;
    private NetworkFrameHandler? _receive;
    private volatile bool _stopping;

    /// <summary>Makes a network with nobody on it.</summary>
    /// <param name="library">The library.</param>
    /// <param name="isRestricted">Whether the guest may reach nothing outside.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public SlirpNetwork(SlirpLibrary library, bool isRestricted = false)
    {
        _library = library;
        _self = GCHandle.Alloc(this);
        _callbacks = (SlirpCallbacks*)NativeMemory.AllocZeroed((nuint)sizeof(SlirpCallbacks));
        *_callbacks = new SlirpCallbacks
        {
            SendPacket = &OnSendPacket,
            GuestError = &OnGuestError,
            Nanoseconds = &OnNanoseconds,
            NewTimer = &OnNewTimer,
            FreeTimer = &OnFreeTimer,
            SetTimer = &OnSetTimer,
            RegisterPoll = &OnPollChange,
            UnregisterPoll = &OnPollChange,
            Notify = &OnNotify,
        };
        var configuration = new SlirpConfiguration
        {
            Version = 1,
            Restricted = isRestricted ? 1 : 0,
            HasIpv4 = 1,
            Network = Raw("10.0.2.0"),
            Mask = Raw("255.255.255.0"),
            Host = Raw("10.0.2.2"),
            NameServer = Raw("10.0.2.3"),
            FirstGuest = Raw(GuestAddress),
        };
        _slirp = library.New(&configuration, _callbacks, GCHandle.ToIntPtr(_self));
        if (_slirp == 0)
        {
            Release();
            throw new IOException("libslirp cannot make a network");
        }
    }

    /// <summary>The address that the guest gets.</summary>
    public static string GuestAddress => "10.0.2.15";

    /// <summary>Connections to a port of this computer go to one of the guest; before <see cref="Start"/>.</summary>
    /// <exception cref="LinuxException">The port cannot be had.</exception>
    public void Forward(PortForward forward)
    {
        if (_library.Forward(_slirp, forward.IsUdp ? 1 : 0, Raw(forward.HostAddress), forward.HostPort,
            Raw(forward.GuestAddress), forward.GuestPort) != 0)
        {
            throw new LinuxException($"port {forward.HostPort} of {forward.HostAddress} cannot be forwarded",
                Marshal.GetLastSystemError());
        }
    }

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<byte> frame)
    {
        if (frame.Length is >= ShortestFrame and <= LongestFrame && _sent.Count < Backlog)
        {
            _sent.Enqueue(frame.ToArray());
            _bell.Ring();
        }
    }

    /// <inheritdoc/>
    public void Start(NetworkFrameHandler receive)
    {
        _receive = receive;
        _thread = new Thread(Run) { Name = "user network", IsBackground = true };
        _thread.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        _bell.Ring();
        _thread?.Join();
        if (_slirp != 0)
        {
            _library.Free(_slirp);
            _slirp = 0;
            Release();
        }
    }

    private void Release()
    {
        NativeMemory.Free(_callbacks);
        _self.Free();
        _bell.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            Wait();
            while (_sent.TryDequeue(out byte[]? frame))
            {
                fixed (byte* bytes = frame)
                {
                    _library.Input(_slirp, bytes, frame.Length);
                }
            }

            _timers.Fire();
        }
    }

    /// <summary>Waits for the guest, the sockets or the time, and lets the library look at its sockets.</summary>
    private void Wait()
    {
        nint self = GCHandle.ToIntPtr(_self);
        uint timeout = _timers.Milliseconds;
        _polls.Clear();
        _polls.Add(new PollDescriptor { Fd = _bell.Number, Events = FileCalls.Readable });
        _library.FillPoll(_slirp, &timeout, (nint)(delegate* unmanaged<int, int, nint, int>)&OnAddPoll, self);
        int ready = FileCalls.Poll(CollectionsMarshal.AsSpan(_polls), (int)Math.Min(timeout, int.MaxValue));
        _bell.Clear();
        _library.EndPoll(_slirp, ready < 0 ? 1 : 0, (nint)(delegate* unmanaged<int, nint, int>)&OnGetEvents, self);
    }

    /// <summary>An address as it lies in memory: its first byte first.</summary>
    private static uint Raw(string address) => BitConverter.ToUInt32(IPAddress.Parse(address).GetAddressBytes());

    private static SlirpNetwork Of(nint self) => (SlirpNetwork)GCHandle.FromIntPtr(self).Target!;

    [UnmanagedCallersOnly]
    private static nint OnSendPacket(byte* bytes, nuint length, nint self)
    {
        Of(self)._receive?.Invoke(new ReadOnlySpan<byte>(bytes, (int)length));
        return (nint)length;
    }

    /// <summary>What the guest does wrong on its network is its own affair.</summary>
    [UnmanagedCallersOnly]
    private static void OnGuestError(byte* message, nint self)
    {
    }

    [UnmanagedCallersOnly]
    private static long OnNanoseconds(nint self) => Stopwatch.GetElapsedTime(0).Ticks * 100;

    [UnmanagedCallersOnly]
    private static nint OnNewTimer(delegate* unmanaged<nint, void> fire, nint argument, nint self) =>
        Of(self)._timers.Add((nint)fire, argument);

    [UnmanagedCallersOnly]
    private static void OnFreeTimer(nint timer, nint self) => Of(self)._timers.Remove(timer);

    [UnmanagedCallersOnly]
    private static void OnSetTimer(nint timer, long milliseconds, nint self) =>
        Of(self)._timers.Set(timer, milliseconds);

    /// <summary>The sockets are asked for before each wait.</summary>
    [UnmanagedCallersOnly]
    private static void OnPollChange(int socket, nint self)
    {
    }

    [UnmanagedCallersOnly]
    private static void OnNotify(nint self) => Of(self)._bell.Ring();

    // SLIRP_POLL_IN, OUT, PRI, ERR, HUP are bits 0 to 4; poll's are 1, 4, 2, 8, 16.
    [UnmanagedCallersOnly]
    private static int OnAddPoll(int socket, int events, nint self)
    {
        List<PollDescriptor> polls = Of(self)._polls;
        polls.Add(new PollDescriptor { Fd = socket, Events = (short)Swapped(events) });
        return polls.Count - 1;
    }

    [UnmanagedCallersOnly]
    private static int OnGetEvents(int index, nint self)
    {
        List<PollDescriptor> polls = Of(self)._polls;
        return (uint)index < (uint)polls.Count ? Swapped(polls[index].Returned) : 0;
    }

    /// <summary>Bits 1 and 2 change places between the library and poll.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Swapped(int events) => (events & 0x19) | ((events & 2) << 1) | ((events & 4) >> 1);
}

/// <summary>A port of this computer that leads to one of the guest.</summary>
/// <param name="IsUdp">UDP, not TCP.</param>
/// <param name="HostAddress">The address on this computer, IPv4.</param>
/// <param name="HostPort">The port there.</param>
/// <param name="GuestAddress">The guest's address.</param>
/// <param name="GuestPort">The guest's port.</param>
public sealed record PortForward(
    bool IsUdp, string HostAddress, ushort HostPort, string GuestAddress, ushort GuestPort);
