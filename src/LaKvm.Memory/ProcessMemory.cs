using System.Runtime.InteropServices;
using LaKvm.Linux;

namespace LaKvm.Memory;

/// <summary>
/// Copies from and to addresses of this process that may be bad, as a kernel does with a program's pointers: a bad one
/// is reported, where touching it would end the process.
/// </summary>
public static unsafe class ProcessMemory
{
    private const int NoSystemCall = 38, NotPermitted = 1; // ENOSYS, EPERM

    private static bool _unchecked;

    /// <summary>Copies from an address; false if a part of it cannot be read.</summary>
    public static bool TryRead(nint address, Span<byte> target) => Transfer(address, target, write: false);

    /// <summary>
    /// Copies to an address; false if a part of it cannot be written. Parts before that one may have been.
    /// </summary>
    public static bool TryWrite(nint address, ReadOnlySpan<byte> source) =>
        Transfer(address, MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(source), source.Length), write: true);

    private static bool Transfer(nint address, Span<byte> bytes, bool write)
    {
        if (bytes.IsEmpty)
        {
            return true;
        }

        fixed (byte* pointer = bytes)
        {
            var local = new MemoryCalls.IoVector { Base = (nint)pointer, Length = (nuint)bytes.Length };
            var remote = new MemoryCalls.IoVector { Base = address, Length = (nuint)bytes.Length };
            if (!_unchecked)
            {
                nint done = write
                    ? MemoryCalls.WriteProcess(Environment.ProcessId, &local, 1, &remote, 1, 0)
                    : MemoryCalls.ReadProcess(Environment.ProcessId, &local, 1, &remote, 1, 0);
                if (done >= 0 || Marshal.GetLastPInvokeError() is not (NoSystemCall or NotPermitted))
                {
                    return done == bytes.Length;
                }

                _unchecked = true; // this computer forbids the call: only a null pointer can be told from a good one
            }

            if (address != 0)
            {
                void* from = write ? pointer : (void*)address;
                void* to = write ? (void*)address : pointer;
                Buffer.MemoryCopy(from, to, bytes.Length, bytes.Length);
            }

            return address != 0;
        }
    }
}
