using LaKvm.Ioctl;
using LaKvm.Linux;

namespace LaKvm.User;

/// <summary>
/// An open file as programs see it (struct file). What it waits for is a descriptor of the computer's, so that all
/// kinds can be waited for together.
/// </summary>
internal abstract class UserFile : Descriptor
{
    /// <summary>
    /// O_APPEND, O_NONBLOCK, O_DIRECT, O_LARGEFILE, O_NOATIME: what F_SETFL may change, or F_GETFL shows.
    /// </summary>
    protected const int NonBlockingFlag = 0x800;

    /// <summary>The computer's descriptor that is ready when the file is, or -1 for a file that always is.</summary>
    internal virtual int Number => -1;

    /// <summary>Whether what is done with the content waits for the computer's disks, without anybody's help.</summary>
    internal virtual bool MayWait => false;

    /// <summary>Flags of open(2).</summary>
    internal virtual int Flags { get; set; }

    /// <summary>Whether calls do not wait.</summary>
    internal bool IsNonBlocking => (Flags & NonBlockingFlag) != 0;

    /// <summary>read: EINVAL for a file that cannot be read.</summary>
    internal virtual long Read(UserThread thread, Span<byte> buffer) => Fail.Inval;

    /// <summary>write.</summary>
    internal virtual long Write(UserThread thread, ReadOnlySpan<byte> buffer) => Fail.Inval;

    /// <summary>pread.</summary>
    internal virtual long ReadAt(Span<byte> buffer, long offset) => Fail.SPipe;

    /// <summary>pwrite.</summary>
    internal virtual long WriteAt(ReadOnlySpan<byte> buffer, long offset) => Fail.SPipe;

    /// <summary>lseek.</summary>
    internal virtual long Seek(long offset, int origin) => Fail.SPipe;

    /// <summary>ftruncate.</summary>
    internal virtual long SetLength(long length) => Fail.Inval;

    /// <summary>fallocate.</summary>
    internal virtual long Allocate(int mode, long offset, long length) => Fail.NoDev;

    /// <summary>fsync, fdatasync.</summary>
    internal virtual long Synchronize(bool dataOnly) => Fail.Inval;

    /// <summary>getdents64.</summary>
    internal virtual long ReadDirectory(Span<byte> buffer) => Fail.NotDir;

    /// <summary>ioctl.</summary>
    internal virtual long Control(UserThread thread, uint request, ulong argument) => Fail.NoTty;

    /// <summary>statx: fills the structure.</summary>
    internal virtual long Status(Span<byte> status)
    {
        StatusBuffer.Fill(status, StatusBuffer.AnonymousMode, 0, GetHashCode());
        return 0;
    }

    /// <summary>What is ready now, of the events of poll(2).</summary>
    internal short ReadyEvents(short wanted)
    {
        const short readable = 1, writable = 4;
        if (Number < 0)
        {
            return (short)(wanted & (readable | writable));
        }

        Span<PollDescriptor> poll = [new PollDescriptor { Fd = Number, Events = wanted }];
        return DescriptorCalls.Poll(poll, 0) > 0 ? poll[0].Returned : (short)0;
    }

    /// <summary>Repeats a call that may have nothing to do yet until it has, unless the file does not wait.</summary>
    protected long Await(UserThread thread, short events, Func<long> attempt)
    {
        long result = attempt();
        return result != Fail.Again || IsNonBlocking
            ? result
            : thread.Wait(() => attempt() is var again and not Fail.Again ? again : null, null, Number, events)!.Value;
    }
}

/// <summary>A reference to an object, which ends with this.</summary>
internal readonly struct Reference<T>(T value) : IDisposable
    where T : Descriptor
{
    internal T Value => value;

    public void Dispose() => value.Drop();
}
