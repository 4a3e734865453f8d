using LaKvm.Memory;

namespace LaKvm.Hypervisor;

/// <summary>Copying from and to an address space, as a kernel does with a program's memory.</summary>
public static unsafe class HostMemoryAccess
{
    /// <summary>Copies to the address space; false if a part of the range is not mapped writable.</summary>
    public static bool CopyTo(this HostAddressSpace space, ulong address, ReadOnlySpan<byte> source)
    {
        HostPages pages = space.Pages;
        while (source.Length > 0)
        {
            if (space.Pin(address, write: true, out ulong page, out _) != Errno.None)
            {
                return false;
            }

            ulong offset = address & (pages.PageSize - 1);
            int length = (int)Math.Min((ulong)source.Length, pages.PageSize - offset);
            byte* target = pages.Pointer(page);
            if (target == null)
            {
                return false; // a device of the host
            }

            SingleCopy.Copy(source[..length], new Span<byte>(target + offset, length));
            pages.Memory.Written(page + offset, (ulong)length);
            space.Unpin(page);
            address += (ulong)length;
            source = source[length..];
        }

        return true;
    }

    /// <summary>Copies from the address space; false if a part of the range is not mapped.</summary>
    public static bool CopyFrom(this HostAddressSpace space, ulong address, Span<byte> target)
    {
        HostPages pages = space.Pages;
        while (target.Length > 0)
        {
            if (space.Pin(address, write: false, out ulong page, out _) != Errno.None)
            {
                return false;
            }

            ulong offset = address & (pages.PageSize - 1);
            int length = (int)Math.Min((ulong)target.Length, pages.PageSize - offset);
            byte* source = pages.Pointer(page);
            if (source == null)
            {
                return false; // a device of the host
            }

            SingleCopy.Copy(new ReadOnlySpan<byte>(source + offset, length), target);
            space.Unpin(page);
            address += (ulong)length;
            target = target[length..];
        }

        return true;
    }

    /// <summary>
    /// To be called around direct writes through <see cref="HostAddressSpace.Pointer"/>: cores drop what they decoded
    /// from the range.
    /// </summary>
    public static void Written(this HostAddressSpace space, ulong address, ulong length)
    {
        HostPages pages = space.Pages;
        while (length > 0)
        {
            ulong part = Math.Min(length, space.ContiguousBytes(address));
            if (part == 0 || space.Pin(address, write: true, out ulong page, out _) != Errno.None)
            {
                return;
            }

            pages.Memory.Written(page + (address & (pages.PageSize - 1)), part);
            space.Unpin(page);
            address += part;
            length -= part;
        }
    }
}
