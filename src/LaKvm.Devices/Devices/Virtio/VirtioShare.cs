using System.Buffers.Binary;
using System.Text;

namespace LaKvm.Devices;

/// <summary>What answers the file requests of a <see cref="VirtioShare"/>. One thread at a time.</summary>
public interface IShareBackend : IDisposable
{
    /// <summary>Most bytes of a request or an answer.</summary>
    int LongestMessage { get; }

    /// <summary>Answers a request; never throws, whatever it says.</summary>
    /// <param name="request">The request, which may be cut off.</param>
    /// <param name="answer">Receives the answer; at least <see cref="VirtioShare.ShortestAnswer"/> bytes.</param>
    /// <returns>Bytes of the answer.</returns>
    int Answer(ReadOnlySpan<byte> request, Span<byte> answer);
}

/// <summary>
/// Carries the messages of the 9P protocol to a share of files: one request, and the room for its answer, in each chain
/// of the only queue. The device is not in virtio's specification; it is as Linux's client has it
/// (net/9p/trans_virtio).
/// </summary>
public sealed class VirtioShare : VirtioDevice
{
    /// <summary>Least room for an answer: size, type, tag and an error's number.</summary>
    public const int ShortestAnswer = 11;

    /// <summary>Most bytes of the name by which a guest mounts the share.</summary>
    public const int LongestTag = 31;

    private const ulong FeatureMountTag = 1 << 0;
    private const int ShortestRequest = 7, TagOffset = 2;

    private readonly IShareBackend _backend;
    private readonly byte[] _configuration, _request, _answer;

    /// <summary>Makes a device.</summary>
    /// <param name="backend">The files; belongs to the device.</param>
    /// <param name="tag">The name by which a guest mounts it, 1 to <see cref="LongestTag"/> bytes.</param>
    public VirtioShare(IShareBackend backend, string tag)
    {
        byte[] name = Encoding.UTF8.GetBytes(tag);
        ArgumentOutOfRangeException.ThrowIfZero(name.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, LongestTag);
        _backend = backend;
        _configuration = new byte[TagOffset + name.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(_configuration, (ushort)name.Length);
        name.CopyTo(_configuration, TagOffset);
        _request = new byte[backend.LongestMessage];
        _answer = new byte[backend.LongestMessage];
    }

    /// <inheritdoc/>
    public override VirtioType Type => VirtioType.Share;

    /// <inheritdoc/>
    public override ulong Features => FeatureMountTag;

    /// <inheritdoc/>
    public override IReadOnlyList<int> QueueSizes { get; } = [256];

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Configuration => _configuration;

    /// <inheritdoc/>
    public override void Dispose()
    {
        _backend.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected internal override void Process(int index, Virtqueue queue)
    {
        while (Transport?.Stopping != true && queue.TryPop(out DescriptorChain chain))
        {
            if (chain.ReadableLength < ShortestRequest || chain.WritableLength < ShortestAnswer)
            {
                queue.Fail("a 9P request, or the room for its answer, is too short");
                return;
            }

            Span<byte> request = _request.AsSpan(0, (int)Math.Min(chain.ReadableLength, _request.Length));
            Span<byte> answer = _answer.AsSpan(0, (int)Math.Min(chain.WritableLength, _answer.Length));
            chain.Read(0, request);
            int length = _backend.Answer(request, answer);
            chain.Write(0, answer[..length]);
            queue.Push(chain, (uint)length);
        }
    }
}
