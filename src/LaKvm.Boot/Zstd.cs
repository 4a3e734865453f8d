using System.Runtime.InteropServices;

namespace LaKvm.Boot;

/// <summary>The part of libzstd's stable interface that unpacks kernels.</summary>
internal static unsafe partial class Zstd
{
    internal const int ParameterWindowLogMax = 100;

    private const string Library = "libzstd.so.1";

    /// <summary>Whether this computer has the library.</summary>
    internal static bool IsInstalled { get; } = NativeLibrary.TryLoad(Library, out _);

    [LibraryImport(Library, EntryPoint = "ZSTD_createDCtx")]
    internal static partial nint CreateContext();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDCtx")]
    internal static partial nuint FreeContext(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_DCtx_setParameter")]
    internal static partial nuint SetParameter(nint context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    internal static partial nuint DecompressStream(nint context, Buffer* output, Buffer* input);

    [LibraryImport(Library, EntryPoint = "ZSTD_findFrameCompressedSize")]
    internal static partial nuint FrameCompressedSize(byte* source, nuint size);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressDCtx")]
    internal static partial nuint Decompress(nint context, byte* destination, nuint capacity, byte* source, nuint size);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    internal static partial uint IsError(nuint result);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    internal static partial nint ErrorName(nuint result);

    /// <summary>ZSTD_inBuffer and ZSTD_outBuffer.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Buffer
    {
        internal byte* Data;
        internal nuint Size;
        internal nuint Position;
    }
}

/// <summary>Owns a decompression context.</summary>
internal readonly struct ZstdContext : IDisposable
{
    /// <exception cref="ImageException">There is no memory for it.</exception>
    public ZstdContext()
    {
        Handle = Zstd.CreateContext();
        if (Handle == 0)
        {
            throw new ImageException("libzstd found no memory to unpack the kernel.");
        }
    }

    internal nint Handle { get; }

    public void Dispose() => _ = Zstd.FreeContext(Handle);
}
