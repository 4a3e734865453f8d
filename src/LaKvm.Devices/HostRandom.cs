namespace LaKvm.Devices;

/// <summary>
/// The host kernel's random numbers. Read directly, because .NET's generator loads OpenSSL first, which takes as long
/// as a tenth of the whole start.
/// </summary>
public static class HostRandom
{
    /// <summary>Fills <paramref name="bytes"/>.</summary>
    /// <exception cref="IOException">The host has no /dev/urandom.</exception>
    public static void Fill(Span<byte> bytes)
    {
        using FileStream source =
            new("/dev/urandom", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        source.ReadExactly(bytes);
    }

    /// <summary>A number of random bytes.</summary>
    public static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        Fill(bytes);
        return bytes;
    }
}
