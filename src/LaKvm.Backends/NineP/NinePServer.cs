using System.Buffers.Binary;
using LaKvm.Devices;
using LaKvm.Linux;

namespace LaKvm.Backends.NineP;

/// <summary>Answers a request: reads its fields, does it, writes the answer's fields.</summary>
/// <returns>0, or the error's number, which is then the answer.</returns>
internal delegate int NinePHandler(ref NinePReader request, ref NinePWriter answer);

/// <summary>
/// Serves a directory by 9P2000.L, as Linux's v9fs uses it. Requests are done one behind the other, so that there never
/// is one to be flushed. A client that talks nonsense gets errors.
/// </summary>
internal sealed class NinePServer : IShareBackend
{
    /// <summary>Most numbers of files that a client may have: each costs the process an open file.</summary>
    internal const int MostFids = 1 << 16;

    private const int HeaderSize = 7, TypeOffset = 4, TagOffset = 5;
    private const uint SmallestMessageSize = 4096;

    private readonly NinePSession _session;
    private readonly Dictionary<NinePType, NinePHandler> _handlers;
    private int _messageSize;

    internal NinePServer(SharedDirectory directory, int mostFids = MostFids)
    {
        _session = new NinePSession(directory, new FidTable(mostFids));
        _messageSize = LongestMessage;
        _handlers = new Dictionary<NinePType, NinePHandler>
        {
            [NinePType.Version] = Version,
            [NinePType.Flush] = Flush,
            [NinePType.Clunk] = Clunk,
        };
        new TreeRequests(_session).AddTo(_handlers);
        new NameRequests(_session).AddTo(_handlers);
        new FileRequests(_session).AddTo(_handlers);
        new AttributeRequests(_session).AddTo(_handlers);
    }

    /// <inheritdoc/>
    public int LongestMessage => 1 << 20;

    /// <inheritdoc/>
    public int Answer(ReadOnlySpan<byte> request, Span<byte> answer)
    {
        var type = (NinePType)request[TypeOffset];
        Span<byte> room = answer[HeaderSize..Math.Min(answer.Length, _messageSize)];
        var writer = new NinePWriter(room);
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(request);
        int error = size >= HeaderSize && size <= Math.Min(request.Length, _messageSize)
            ? Execute(type, request[HeaderSize..(int)size], ref writer)
            : LinuxError.MessageSize;
        if (error == 0 && writer.IsFull)
        {
            error = LinuxError.MessageSize;
        }

        if (error != 0)
        {
            type = NinePType.Error - 1;
            writer = new NinePWriter(room);
            writer.Word((uint)error);
        }

        int length = HeaderSize + writer.Length;
        BinaryPrimitives.WriteUInt32LittleEndian(answer, (uint)length);
        answer[TypeOffset] = (byte)(type + 1);
        request.Slice(TagOffset, sizeof(ushort)).CopyTo(answer[TagOffset..]);
        return length;
    }

    /// <summary>Closes all files; the directory belongs to somebody else.</summary>
    public void Dispose() => _session.Fids.Dispose();

    private static bool Changes(NinePType type) => type is NinePType.Create or NinePType.SymLink or NinePType.MakeNode
        or NinePType.Rename or NinePType.SetAttributes or NinePType.AttributeCreate or NinePType.Link
        or NinePType.MakeDirectory or NinePType.RenameAt or NinePType.UnlinkAt or NinePType.Write;

    private static int Flush(ref NinePReader request, ref NinePWriter answer) => 0;

    private int Execute(NinePType type, ReadOnlySpan<byte> body, ref NinePWriter answer)
    {
        if (!_handlers.TryGetValue(type, out NinePHandler? handler))
        {
            return LinuxError.NotSupported;
        }

        var reader = new NinePReader(body);
        return _session.ReadOnly && Changes(type) ? LinuxError.ReadOnlyFileSystem : handler(ref reader, ref answer);
    }

    /// <summary>The client introduces itself, which forgets all that was before.</summary>
    private int Version(ref NinePReader request, ref NinePWriter answer)
    {
        uint size = request.Word();
        ReadOnlySpan<byte> version = request.Text();
        if (!request.IsWhole || size < SmallestMessageSize)
        {
            return LinuxError.Protocol;
        }

        _session.Fids.Clear();
        _messageSize = (int)Math.Min(size, (uint)LongestMessage);
        answer.Word((uint)_messageSize);
        answer.Text(version.SequenceEqual("9P2000.L"u8) ? version : "unknown"u8);
        return 0;
    }

    private int Clunk(ref NinePReader request, ref NinePWriter answer)
    {
        using Fid? fid = _session.Fids.Remove(request.Word());
        return fid == null ? LinuxError.BadDescriptor : AttributeRequests.Finish(fid);
    }
}
