using LaKvm.Devices;

namespace LaKvm.Running;

/// <summary>
/// The host kernel's random numbers. Read directly, because .NET's generator loads OpenSSL first, which takes as long
/// as a tenth of the whole start.
/// </summary>
public sealed class HostRandom : IRandomSource
{
    /// <inheritdoc/>
    /// <exception cref="IOException">The host has no /dev/urandom.</exception>
    public void Fill(Span<byte> bytes)
    {
        using FileStream source =
            new("/dev/urandom", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        source.ReadExactly(bytes);
    }
}
