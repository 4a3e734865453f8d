
using LaKvm.Boot;

namespace LaKvm.Machine.Tests.Loading;

/// <summary>libzstd, and what takes over where it is not installed, do the same.</summary>
public class ZstdPayloadTests
{
    private static readonly byte[] Plain = MakePlain();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Frame_is_inflated_and_what_follows_it_is_not_touched(bool managed)
    {
        IPayload payload = Make(managed, [.. TestImages.CompressZstd(Plain), 1, 2, 3, 4], Plain.Length);
        byte[] start = new byte[1000], all = new byte[Plain.Length];

        payload.Peek(start);
        payload.Inflate(all);

        start.Should().Equal(Plain[..1000]);
        all.AsSpan().SequenceEqual(Plain).Should().BeTrue();
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(false, 100)]
    [InlineData(true, 100)]
    public void Frame_that_is_damaged_or_cut_is_refused(bool managed, int length)
    {
        byte[] frame = TestImages.CompressZstd(Plain)[..^1];
        IPayload payload = Make(
            managed, frame.AsMemory(0, length == 0 ? frame.Length : length).ToArray(), Plain.Length);
        Action inflate = () => payload.Inflate(new byte[Plain.Length]);

        inflate.Should().Throw<ImageException>().WithMessage("*damaged*");
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(false, -1)]
    [InlineData(true, -1)]
    public void Frame_of_another_length_is_refused(bool managed, int difference)
    {
        IPayload payload = Make(managed, TestImages.CompressZstd(Plain), Plain.Length + difference);
        Action inflate = () => payload.Inflate(new byte[Plain.Length + difference]);

        inflate.Should().Throw<ImageException>().WithMessage("*damaged*");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_no_frame_is_refused(bool managed)
    {
        IPayload payload = Make(managed, [.. "this is no frame"u8], 100);
        Action peek = () => payload.Peek(new byte[10]), inflate = () => payload.Inflate(new byte[100]);

        peek.Should().Throw<ImageException>();
        inflate.Should().Throw<ImageException>();
    }

    private static IPayload Make(bool managed, byte[] frame, int length) =>
        managed ? new ManagedZstdPayload(frame, length) : new ZstdPayload(frame, length);

    /// <summary>A MiB with repetitions, near and far.</summary>
    private static byte[] MakePlain()
    {
        byte[] plain = new byte[1 << 20];
        new Random(1).NextBytes(plain.AsSpan(0, 1 << 18));
        plain.AsSpan(0, 1 << 18).CopyTo(plain.AsSpan(3 << 18));
        return plain;
    }
}
