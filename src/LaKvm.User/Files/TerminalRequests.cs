namespace LaKvm.User;

/// <summary>
/// The requests of ioctl(2) that terminals, pipes and sockets have, with the sizes of what they point to; the numbers
/// and structures of LoongArch are those of x86-64 (asm-generic).
/// </summary>
internal static class TerminalRequests
{
    private const uint GetModes = 0x5401, SetModes = 0x5402, SetModesWait = 0x5403, SetModesFlush = 0x5404;
    private const uint SendBreak = 0x5409, Flow = 0x540a, Flush = 0x540b, GetGroup = 0x540f, SetGroup = 0x5410;
    private const uint GetWindow = 0x5413, SetWindow = 0x5414, BytesReady = 0x541b, NonBlocking = 0x5421;
    private const uint OutputQueue = 0x5411;
    private const int ModesSize = 36, WindowSize = 8, NumberSize = 4;

    /// <summary>Bytes that the argument points to; 0 if it is a number, negative for an unknown request.</summary>
    internal static int SizeOf(uint request) => request switch
    {
        GetModes or SetModes or SetModesWait or SetModesFlush => ModesSize,
        GetWindow or SetWindow => WindowSize,
        GetGroup or SetGroup or BytesReady or NonBlocking or OutputQueue => NumberSize,
        SendBreak or Flow or Flush => 0,
        _ => -1,
    };

    /// <summary>Whether the request fills what the argument points to.</summary>
    internal static bool Reads(uint request) =>
        request is GetModes or GetWindow or GetGroup or BytesReady or OutputQueue;
}
