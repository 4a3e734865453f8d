using System.Buffers.Binary;

namespace LaKvm.Boot.Tests.Nested;

/// <summary>
/// An empty disk in QEMU's format (docs/interop/qcow2.rst, version 2): a header, a table and a block of reference
/// counts, and a table of what is there, each in a cluster of its own.
/// </summary>
internal static class QcowFile
{
    private const int ClusterBits = 16, Cluster = 1 << ClusterBits, Clusters = 4;

    /// <summary>Writes the file; of at most 512 MiB, which one entry of the table of what is there covers.</summary>
    internal static void Create(string path, ulong size)
    {
        byte[] file = new byte[Clusters * Cluster];
        uint[] header = [0x514649fb, 2, 0, 0, 0, ClusterBits, (uint)(size >> 32), (uint)size, 0, 1, 0, 3 * Cluster,
            0, Cluster, 1, 0, 0, 0];
        for (int i = 0; i < header.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(4 * i), header[i]);
        }

        BinaryPrimitives.WriteUInt64BigEndian(file.AsSpan(Cluster), 2 * Cluster);
        for (int cluster = 0; cluster < Clusters; cluster++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(file.AsSpan((2 * Cluster) + (2 * cluster)), 1);
        }

        File.WriteAllBytes(path, file);
    }
}
