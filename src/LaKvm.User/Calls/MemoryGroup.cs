using LaKvm.Hypervisor;
using LaKvm.Ioctl;

namespace LaKvm.User;

/// <summary>Calls about memory.</summary>
internal static class MemoryGroup
{
    private const int MapShared = 1, MapKind = 3, MapFixed = 0x10, MapAnonymous = 0x20, MapFixedNoReplace = 0x10_0000;
    private const int RemapMayMove = 1, RemapFixed = 2, RemapDontUnmap = 4;
    private const int AdviseDontNeed = 4, AdviseRemove = 9, AdviseDontFork = 10, AdviseDoFork = 11,
        AdvisePopulateRead = 22;
    private const int AdvisePopulateWrite = 23, AdviseCollapse = 25, AdviseGuard = 102, AdviseFree = 8;
    private const int MemfdCloseOnExec = 1, MemfdAllowSealing = 2, MemfdNoExecSeal = 8, MemfdExec = 0x10;

    internal static void AddTo(CallTable table)
    {
        table.Add("brk", Break);
        table.Add("mmap", Map);
        table.Add("munmap", (UserThread t, in CallArguments a) => Result(t.Memory.Unmap(a[0], a[1])));
        table.Add("mprotect", Protect);
        table.Add("mremap", Remap);
        table.Add("madvise", Advise);
        table.Add("msync", (UserThread t, in CallArguments a) => t.Memory.IsMapped(a[0], a[1]) ? 0 : Fail.NoMem);
        table.Add("mlock", (UserThread t, in CallArguments a) => t.Memory.IsMapped(a[0], a[1]) ? 0 : Fail.NoMem);
        table.Add("munlock", (UserThread t, in CallArguments a) => t.Memory.IsMapped(a[0], a[1]) ? 0 : Fail.NoMem);
        table.Add("memfd_create", CreateMemoryFile);
    }

    /// <summary>An error of the address space as a call returns it.</summary>
    internal static long Result(Errno error) => -(long)error;

    private static long Break(UserThread thread, in CallArguments a)
    {
        UserLayout layout = thread.Process.Layout;
        lock (layout)
        {
            ulong page = thread.Memory.Pages.PageSize, old = RoundUp(layout.HeapEnd, page), end = RoundUp(a[0], page);
            if (a[0] < layout.HeapStart || end >= layout.MappingTop)
            {
                return (long)layout.HeapEnd;
            }

            if (end > old && thread.Memory.MapAt(
                old, end - old, new HostMapRequest(HostRights.ReadWrite), replace: false) != Errno.None)
            {
                return (long)layout.HeapEnd;
            }

            if (end < old)
            {
                thread.Memory.Unmap(end, old - end);
            }

            layout.HeapEnd = a[0];
            return (long)a[0];
        }
    }

    private static long Map(UserThread thread, in CallArguments a)
    {
        int flags = a.Int(3);
        bool shared = (flags & MapKind) is MapShared or MapKind;
        ulong page = thread.Memory.Pages.PageSize, bytes = RoundUp(a[1], page);
        if (bytes == 0 || bytes > HostAddressSpace.UserEnd || (flags & MapKind) == 0 || (a[5] & (page - 1)) != 0)
        {
            return bytes > HostAddressSpace.UserEnd ? Fail.NoMem : Fail.Inval;
        }

        var rights = (HostRights)(a[2] & 7);
        if ((flags & MapAnonymous) == 0)
        {
            return MapFile(thread, a, rights, shared, bytes);
        }

        if (!shared)
        {
            return Place(thread, a[0], bytes, flags, new HostMapRequest(rights));
        }

        var content = new MemoryContent(thread.Memory.Pages);
        content.SetLength(bytes);
        long result = Place(thread, a[0], bytes, flags, new HostMapRequest(rights, content, 0, IsShared: true));
        content.Drop();
        return result;
    }

    private static long MapFile(UserThread thread, in CallArguments a, HostRights rights, bool shared, ulong bytes)
    {
        if (thread.Process.Host.Descriptors.Hold(a.Int(4)) is not { } held)
        {
            return Fail.BadF;
        }

        using var descriptor = new Reference<Descriptor>(held);
        Errno error = held.Map(a[5], bytes, rights, shared, out HostMemoryObject? mapped);
        return error != Errno.None
            ? Result(error)
            : Place(thread, a[0], bytes, a.Int(3),
                new HostMapRequest(rights, mapped, a[5], shared && !mapped!.GivesCopies));
    }

    private static long Place(UserThread thread, ulong address, ulong bytes, int flags, in HostMapRequest request)
    {
        if ((flags & (MapFixed | MapFixedNoReplace)) != 0)
        {
            Errno error = thread.Memory.MapAt(address, bytes, request, (flags & MapFixedNoReplace) == 0);
            return error == Errno.None ? (long)address : Result(error);
        }

        // Large memory begins where huge pages do, so that a guest's may be mapped by them.
        ulong hint = address & ~(thread.Memory.Pages.PageSize - 1), huge = thread.Memory.Pages.HugeSize;
        ulong start = thread.Memory.MapAnywhere(
            hint, bytes, request, thread.Process.Layout.MappingTop, bytes >= huge && request.Object == null ? huge : 1);
        return start != 0 ? (long)start : Fail.NoMem;
    }

    private static long Protect(UserThread thread, in CallArguments a) =>
        (a[2] & ~7UL & ~0x300_0000UL) != 0 ? Fail.Inval
            : Result(thread.Memory.Protect(a[0], a[1], (HostRights)(a[2] & 7)));

    private static long Remap(UserThread thread, in CallArguments a)
    {
        int flags = a.Int(3);
        if ((flags & ~(RemapMayMove | RemapFixed)) != 0)
        {
            return Fail.Inval; // RemapDontUnmap is for userfaultfd
        }

        ulong? target = (flags & RemapFixed) != 0 ? a[4] : null;
        Errno error = thread.Memory.Remap(
            a[0], a[1], a[2], (flags & RemapMayMove) != 0, target, thread.Process.Layout.MappingTop, out ulong result);
        return error == Errno.None ? (long)result : Result(error);
    }

    private static long Advise(UserThread thread, in CallArguments a)
    {
        ulong page = thread.Memory.Pages.PageSize, bytes = RoundUp(a[1], page);
        int advice = a.Int(2);
        if ((a[0] & (page - 1)) != 0 || bytes < a[1] || advice is AdviseGuard or AdviseGuard + 1)
        {
            return Fail.Inval;
        }

        return bytes == 0 ? 0 : advice switch
        {
            AdviseDontNeed => Result(thread.Memory.Discard(a[0], bytes)),
            AdviseDontFork or AdviseDoFork => Result(thread.Memory.SetInherited(a[0], bytes, advice == AdviseDoFork)),
            AdvisePopulateRead or AdvisePopulateWrite => Populate(thread, a[0], bytes, advice == AdvisePopulateWrite),
            AdviseRemove or AdviseCollapse => Fail.Inval,
            < 0 or > AdviseCollapse => Fail.Inval,
            _ => thread.Memory.IsMapped(a[0], bytes) ? 0 : Fail.NoMem, // what is only advice changes nothing here
        };
    }

    private static long Populate(UserThread thread, ulong start, ulong bytes, bool write)
    {
        for (ulong at = start; at < start + bytes; at += thread.Memory.Pages.PageSize)
        {
            Errno error = thread.Memory.Pin(at, write, out ulong page, out _);
            if (error != Errno.None)
            {
                return error == Errno.Fault && !thread.Memory.IsMapped(at, 1) ? Fail.NoMem : Result(error);
            }

            thread.Memory.Unpin(page);
        }

        return 0;
    }

    private static long CreateMemoryFile(UserThread thread, in CallArguments a)
    {
        const int known = MemfdCloseOnExec | MemfdAllowSealing | MemfdNoExecSeal | MemfdExec;
        if ((a.Int(1) & ~known) != 0)
        {
            return Fail.Inval;
        }

        if (thread.Memory.ReadText(a[0]) is not { } name)
        {
            return Fail.Fault;
        }

        var content = new MemoryContent(thread.Memory.Pages);
        var file = new MemoryFile(content, $"/memfd:{name} (deleted)");
        content.Drop();
        return FileGroup.Install(thread, file, (a.Int(1) & MemfdCloseOnExec) != 0);
    }

    private static ulong RoundUp(ulong value, ulong unit) => (value + unit - 1) & ~(unit - 1);
}
