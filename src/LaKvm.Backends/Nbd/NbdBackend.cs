using System.Buffers.Binary;
using System.Net.Sockets;
using LaKvm.Devices;

namespace LaKvm.Backends.Nbd;

/// <summary>
/// A disk that another program serves by the NBD protocol (its specification, doc/proto.md of nbd), over a TCP or Unix
/// socket. One request at a time. A server that talks nonsense, or is silent for too long, is left for good.
/// </summary>
public sealed class NbdBackend : IBlockBackend
{
    private const uint RequestMagic = 0x2560_9513, ReplyMagic = 0x6744_6698;
    private const int RequestSize = 28, ReplySize = 16;
    private const ushort NoHole = 2;
    private const int Patience = 60_000;

    private readonly Socket _socket;
    private readonly NbdExport _export;
    private readonly byte[] _request = new byte[RequestSize];
    private readonly byte[] _reply = new byte[ReplySize];
    private ulong _cookie;
    private bool _left;

    /// <summary>Asks a server for a disk.</summary>
    /// <param name="connected">A connection to the server; belongs to the backend.</param>
    /// <param name="name">The disk's name there; empty for the one that it offers by default.</param>
    /// <param name="readOnly">Whether the disk must not change.</param>
    /// <exception cref="IOException">The server has no such disk, or is none.</exception>
    public NbdBackend(Socket connected, string name, bool readOnly)
    {
        _socket = connected;
        _socket.ReceiveTimeout = _socket.SendTimeout = Patience;
        try
        {
            _export = NbdHandshake.Ask(new NbdStream(_socket), name);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        ReadOnly = readOnly || _export.IsReadOnly;
    }

    private enum Command : ushort
    {
        Read = 0,
        Write = 1,
        Disconnect = 2,
        Flush = 3,
        Trim = 4,
        WriteZeroes = 6,
    }

    /// <inheritdoc/>
    public ulong Length => _export.Size / VirtioBlock.SectorSize * VirtioBlock.SectorSize;

    /// <inheritdoc/>
    public bool ReadOnly { get; }

    /// <inheritdoc/>
    public bool CanDiscard => _export.CanTrim && !ReadOnly;

    /// <inheritdoc/>
    public void Read(ulong offset, Span<byte> destination) =>
        Execute(Command.Read, offset, (uint)destination.Length, 0, [], destination);

    /// <inheritdoc/>
    public void Write(ulong offset, ReadOnlySpan<byte> source) =>
        Execute(Command.Write, offset, (uint)source.Length, 0, source, []);

    /// <inheritdoc/>
    public void Flush()
    {
        if (_export.CanFlush)
        {
            Execute(Command.Flush, 0, 0, 0, [], []);
        }
    }

    /// <inheritdoc/>
    public bool TryWriteZeroes(ulong offset, ulong length, bool mayDiscard)
    {
        if (!_export.CanWriteZeroes || length > int.MaxValue)
        {
            return false;
        }

        Execute(Command.WriteZeroes, offset, (uint)length, mayDiscard ? (ushort)0 : NoHole, [], []);
        return true;
    }

    /// <inheritdoc/>
    public void Discard(ulong offset, ulong length)
    {
        if (CanDiscard && length <= int.MaxValue)
        {
            Execute(Command.Trim, offset, (uint)length, 0, [], []);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            if (!_left)
            {
                Send(Command.Disconnect, 0, 0, 0);
            }
        }
        catch (IOException)
        {
            // It is gone already.
        }

        _socket.Dispose();
    }

    private void Execute(
        Command command, ulong offset, uint length, ushort flags, ReadOnlySpan<byte> data, Span<byte> answer)
    {
        if (_left)
        {
            throw new IOException("the NBD server has been left");
        }

        try
        {
            var stream = new NbdStream(_socket);
            Send(command, offset, length, flags);
            stream.Send(data);
            int error = ReceiveReply(stream);
            if (error == 0)
            {
                stream.Receive(answer);
                return;
            }

            throw new NbdException($"the NBD server cannot {command}: error {error}");
        }
        catch (IOException e) when (e is not NbdException)
        {
            // What comes next on this connection could be anything.
            _left = true;
            _socket.Dispose();
            throw;
        }
    }

    private void Send(Command command, ulong offset, uint length, ushort flags)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_request, RequestMagic);
        BinaryPrimitives.WriteUInt16BigEndian(_request.AsSpan(4), flags);
        BinaryPrimitives.WriteUInt16BigEndian(_request.AsSpan(6), (ushort)command);
        BinaryPrimitives.WriteUInt64BigEndian(_request.AsSpan(8), ++_cookie);
        BinaryPrimitives.WriteUInt64BigEndian(_request.AsSpan(16), offset);
        BinaryPrimitives.WriteUInt32BigEndian(_request.AsSpan(24), length);
        new NbdStream(_socket).Send(_request);
    }

    private int ReceiveReply(NbdStream stream)
    {
        stream.Receive(_reply);
        return BinaryPrimitives.ReadUInt32BigEndian(_reply) == ReplyMagic
            && BinaryPrimitives.ReadUInt64BigEndian(_reply.AsSpan(8)) == _cookie
            ? BinaryPrimitives.ReadInt32BigEndian(_reply.AsSpan(4))
            : throw new IOException("the NBD server answers something that is no answer");
    }

    /// <summary>An error that the server reports in order.</summary>
    private sealed class NbdException(string message) : IOException(message);
}
