using LaKvm.Linux;

namespace LaKvm.User;

/// <summary>
/// An epoll: one of the computer's, which watches the computer's descriptors behind the program's files; a file that
/// has none is always ready and cannot be watched, as on Linux.
/// </summary>
internal sealed class PollFile : UserFile
{
    private const int Delete = 2;

    private readonly int _poll;

    internal PollFile(int poll) => _poll = poll;

    /// <inheritdoc/>
    public override string Name => "anon_inode:[eventpoll]";

    /// <inheritdoc/>
    internal override int Number => _poll;

    /// <summary>epoll_ctl.</summary>
    internal long Change(int operation, UserFile file, uint events, ulong data) => file.Number < 0
        ? Fail.Perm
        : DescriptorCalls.ControlPoll(_poll, operation, file.Number, events, operation == Delete ? 0 : data);

    /// <summary>epoll_pwait: waits for events until the deadline; 0 when the time is up.</summary>
    internal long Wait(UserThread thread, PollEvent[] events, ulong? deadline)
    {
        const short readable = 1;
        long? Take() => DescriptorCalls.TakeEvents(_poll, events) is var count && count != 0 ? count : null;
        return thread.Wait(Take, deadline, _poll, readable) ?? 0;
    }

    /// <inheritdoc/>
    protected override void Release() => _ = FileCalls.Close(_poll);
}
