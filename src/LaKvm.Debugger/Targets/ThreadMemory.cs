namespace LaKvm.Debugger;

/// <summary>Memory by virtual or physical address, a page at a time.</summary>
internal static class ThreadMemory
{
    private const ulong Page = 4096;

    /// <summary>Reads as much as there is from the beginning; returns how many bytes.</summary>
    public static int Read(IDebugThread thread, ulong address, Span<byte> bytes, bool physical)
    {
        int done = 0;
        while (done < bytes.Length)
        {
            ulong at = address + (ulong)done;
            int part = PartOf(at, bytes.Length - done);
            if (!Find(thread, at, physical, out ulong place) || !thread.ReadPhysical(place, bytes.Slice(done, part)))
            {
                break;
            }

            done += part;
        }

        return done;
    }

    /// <summary>Writes all of it, or nothing.</summary>
    public static bool Write(IDebugThread thread, ulong address, ReadOnlySpan<byte> bytes, bool physical)
    {
        byte[] old = new byte[bytes.Length];
        if (Read(thread, address, old, physical) != bytes.Length)
        {
            return false;
        }

        int done = 0;
        while (done < bytes.Length)
        {
            ulong at = address + (ulong)done;
            int part = PartOf(at, bytes.Length - done);
            _ = Find(thread, at, physical, out ulong place) && thread.WritePhysical(place, bytes.Slice(done, part));
            done += part;
        }

        return true;
    }

    private static int PartOf(ulong address, int left) => (int)Math.Min((ulong)left, Page - (address & (Page - 1)));

    private static bool Find(IDebugThread thread, ulong address, bool physical, out ulong place)
    {
        place = address;
        return physical || thread.Translate(address, out place);
    }
}
