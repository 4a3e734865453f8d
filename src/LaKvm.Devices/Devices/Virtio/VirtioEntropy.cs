namespace LaKvm.Devices;

/// <summary>The virtio entropy source (virtio 1.2, 5.4): fills every buffer it is given.</summary>
/// <param name="random">Where the bytes come from.</param>
public sealed class VirtioEntropy(IRandomSource random) : VirtioDevice
{
    /// <summary>Most bytes that one request gets; a driver asks again for more.</summary>
    public const int LongestAnswer = 1 << 16;

    /// <inheritdoc/>
    public override VirtioType Type => VirtioType.Entropy;

    /// <inheritdoc/>
    public override ulong Features => 0;

    /// <inheritdoc/>
    public override IReadOnlyList<int> QueueSizes { get; } = [64];

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Configuration => [];

    /// <inheritdoc/>
    protected internal override void Process(int index, Virtqueue queue)
    {
        while (queue.TryPop(out DescriptorChain chain))
        {
            byte[] bytes = new byte[Math.Min(chain.WritableLength, LongestAnswer)];
            random.Fill(bytes);
            chain.Write(0, bytes);
            queue.Push(chain, (uint)bytes.Length);
        }
    }
}
