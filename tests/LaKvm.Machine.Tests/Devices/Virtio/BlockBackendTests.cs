using LaKvm.Backends;

namespace LaKvm.Machine.Tests;

public sealed class BlockBackendTests : IDisposable
{
    private const int Sectors = 300;
    private readonly string _path = Path.GetTempFileName();
    private readonly byte[] _image = new byte[Sectors * 512];

    public BlockBackendTests()
    {
        new Random(7).NextBytes(_image);
        File.WriteAllBytes(_path, _image);
    }

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void Overlay_takes_the_writes_and_leaves_the_image()
    {
        byte[] data = new byte[700];
        new Random(9).NextBytes(data);
        string directory = Directory.CreateTempSubdirectory().FullName;
        using (var overlay = new OverlayBackend(new RawFileBackend(_path, readOnly: true), directory))
        {
            overlay.ReadOnly.Should().BeFalse();
            overlay.Length.Should().Be(Sectors * 512);
            overlay.Write(OverlayBackend.ClusterSize - 300, data);
            overlay.Write((Sectors * 512) - 10, data.AsSpan(0, 10));
            byte[] expected = (byte[])_image.Clone();
            data.CopyTo(expected, OverlayBackend.ClusterSize - 300);
            data.AsSpan(0, 10).CopyTo(expected.AsSpan((Sectors * 512) - 10));
            byte[] all = new byte[Sectors * 512];
            overlay.Read(0, all);
            all.Should().Equal(expected);
            byte[] part = new byte[1000];
            overlay.Read(OverlayBackend.ClusterSize - 500, part);
            part.Should().Equal(expected.AsSpan(OverlayBackend.ClusterSize - 500, 1000).ToArray());
            overlay.Flush();
        }

        File.ReadAllBytes(_path).Should().Equal(_image);
        Directory.GetFiles(directory).Should().BeEmpty();
        Directory.Delete(directory);
    }

    [Fact]
    public void Image_with_a_broken_tail_reads_zeros_there()
    {
        File.WriteAllBytes(_path, _image.AsSpan(0, 1000).ToArray());
        using var backend = new RawFileBackend(_path, readOnly: true);
        backend.Length.Should().Be(1024);
        byte[] bytes = new byte[1024];
        bytes.AsSpan().Fill(0xff);
        backend.Read(0, bytes);
        bytes.AsSpan(0, 1000).SequenceEqual(_image.AsSpan(0, 1000)).Should().BeTrue();
        bytes.AsSpan(1000).ToArray().Should().AllBeEquivalentTo((byte)0);
    }
}
