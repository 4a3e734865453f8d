using LaKvm.Cpu;

namespace LaKvm.Translator;

/// <summary>
/// What makes machine code of one kind of host: everything that knows the host's instructions and registers stands
/// behind this. Regions, the intermediate form and its passes, code pages, links and the engine are the same on all.
/// </summary>
internal unsafe interface IBackEnd
{
    /// <summary>Bytes of code, sites and constants that the longest region may need.</summary>
    int RegionBytes { get; }

    /// <summary>Code to which the entries of what is not translated lead: it leaves machine code.</summary>
    byte* Resolve { get; }

    /// <summary>The same, for an instruction that has a breakpoint and is never translated.</summary>
    byte* Breakpoint { get; }

    /// <summary>Makes machine code of the region, and enters its blocks in its page.</summary>
    void Emit(CodePage* page);

    /// <summary>
    /// Runs machine code from its entry; <paramref name="isTaken"/> says that a control transfer leads there, where
    /// attention is looked for. Returns a trap or an <see cref="Exit"/>.
    /// </summary>
    int Enter(CpuState* state, byte* entry, bool isTaken);

    /// <summary>Leads a jump to its target, which is translated now.</summary>
    void Lead(in Link link, byte* entry);
}

/// <summary>What passes have to know of a host.</summary>
internal interface IHostTraits
{
    /// <summary>
    /// Number of the host register in which a guest register lives between regions, or negative if it lives in memory.
    /// </summary>
    int UsualRegister(int guest);

    /// <summary>
    /// Whether a load or store is made machine code of. A handler looks for its own access only: a group that began
    /// with one would never be looked for.
    /// </summary>
    bool MakesAccess(in Node node);

    /// <summary>Whether an instruction is done on the host's vector registers.</summary>
    bool UsesVectors(in Node node);
}
