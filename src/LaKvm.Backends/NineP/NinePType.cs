namespace LaKvm.Backends.NineP;

/// <summary>
/// Types of requests in 9P2000.L (the protocol's description by diod, and Linux's include/net/9p/9p.h); an answer's
/// type is one more.
/// </summary>
internal enum NinePType : byte
{
    /// <summary>The answer to a request that failed: an error's number.</summary>
    Error = 7,
    StatFs = 8,
    Open = 12,
    Create = 14,
    SymLink = 16,
    MakeNode = 18,
    Rename = 20,
    ReadLink = 22,
    GetAttributes = 24,
    SetAttributes = 26,
    AttributeWalk = 30,
    AttributeCreate = 32,
    ReadDirectory = 40,
    Synchronize = 50,
    Lock = 52,
    GetLock = 54,
    Link = 70,
    MakeDirectory = 72,
    RenameAt = 74,
    UnlinkAt = 76,
    Version = 100,
    Authenticate = 102,
    Attach = 104,
    Flush = 108,
    Walk = 110,
    Read = 116,
    Write = 118,
    Clunk = 120,
    Remove = 122,
}
