namespace LaKvm.Machine.Tests.Loading;

/// <summary>A file with given contents, deleted at the end of a test.</summary>
internal sealed class TemporaryFile : IDisposable
{
    internal TemporaryFile(byte[] contents) => File.WriteAllBytes(Path, contents);

    internal string Path { get; } = System.IO.Path.GetTempFileName();

    public void Dispose() => File.Delete(Path);
}
