using LaKvm.Cpu;
using LaKvm.Debugger.Logging;
using LaKvm.Debugger.Monitor;
using LaKvm.Diagnostics;
using LaKvm.Running;

namespace LaKvm.Debugger;

/// <summary>
/// A machine as a debugger sees it. What its threads say is to be asked while the machine is paused only.
/// </summary>
public interface IDebugMachine
{
    /// <summary>Pause, resume and step.</summary>
    IMachineLife Life { get; }

    /// <summary>
    /// Its address spaces and register files: the machine itself, then the guest of a hypervisor that runs on it.
    /// </summary>
    IReadOnlyList<IDebugProcess> Processes { get; }

    /// <summary>Names of its code, if known.</summary>
    ISymbols? Symbols { get; }

    /// <summary>What is around its cores.</summary>
    MachineDumps Dumps { get; }

    /// <summary>The log of what its cores do, if there is one.</summary>
    EventLog? Log { get; }

    /// <summary>What it has beyond cores; null if that is not known.</summary>
    IMachineBoard? Board { get; }

    /// <summary>Sets where its cores stop, in place of what was set before.</summary>
    void SetStopPoints(ReadOnlySpan<StopPoint> points);

    /// <summary>Makes a core's interrupts wait, so that a step does not end in a handler.</summary>
    void HoldInterrupts(int cpu, bool hold);

    /// <summary>Which process a core executes now.</summary>
    IDebugProcess ProcessOf(int cpu);
}

/// <summary>What gdb calls a process: one mode's view of all cores.</summary>
public interface IDebugProcess
{
    /// <summary>What it is, for a person.</summary>
    string Name { get; }

    /// <summary>Whether its stop points are those of guest mode (<see cref="StopPoint.InGuest"/>).</summary>
    bool IsGuest { get; }

    /// <summary>One for each core, by number.</summary>
    IReadOnlyList<IDebugThread> Threads { get; }

    /// <summary>The CSRs that its threads show.</summary>
    IReadOnlyList<CsrGroup> Csrs { get; }
}

/// <summary>A core's registers and addresses in one mode.</summary>
public interface IDebugThread
{
    /// <summary>Number of the core.</summary>
    int Cpu { get; }

    /// <summary>What it is, for a person.</summary>
    string Name { get; }

    /// <summary>What it is doing, in a few words.</summary>
    string Describe();

    /// <summary>
    /// Whether the core holds its registers now; those of a guest are in its hypervisor's memory while that runs.
    /// </summary>
    bool HasRegisters { get; }

    /// <summary>Address of the next instruction.</summary>
    ulong Pc { get; set; }

    /// <summary>FCSR0.</summary>
    uint Fcsr { get; set; }

    /// <summary>fcc0 to fcc7, a byte each, fcc0 lowest.</summary>
    ulong Fcc { get; set; }

    /// <summary>A general register, 0 to 31.</summary>
    ulong ReadGpr(int number);

    /// <summary>Changes a general register; r0 stays 0.</summary>
    void WriteGpr(int number, ulong value);

    /// <summary>The 32 bytes of a vector register, low byte first.</summary>
    void ReadVector(int number, Span<byte> bytes);

    /// <summary>Changes a vector register.</summary>
    void WriteVector(int number, ReadOnlySpan<byte> bytes);

    /// <summary>A CSR of a group.</summary>
    ulong ReadCsr(CsrFile file, int number);

    /// <summary>Changes the writable bits of a CSR, with all that this means, as csrwr would.</summary>
    void WriteCsr(CsrFile file, int number, ulong value);

    /// <summary>
    /// Translates an address as the mode does, whatever its privilege level, without changing anything.
    /// </summary>
    /// <param name="va">Virtual address.</param>
    /// <param name="physical">Physical address of the process: of the machine, or of the guest.</param>
    /// <param name="steps">Takes what was looked at, a line each.</param>
    bool Translate(ulong va, out ulong physical, ICollection<string>? steps = null);

    /// <summary>
    /// Translates a guest-physical address by the second stage; <paramref name="steps"/> takes what was looked at.
    /// </summary>
    bool TranslateSecondStage(ulong gpa, out ulong physical, ICollection<string> steps);

    /// <summary>Reads RAM at a physical address of the process; false if not all of it is RAM.</summary>
    bool ReadPhysical(ulong address, Span<byte> bytes);

    /// <summary>Writes RAM; cores that have decoded it are told.</summary>
    bool WritePhysical(ulong address, ReadOnlySpan<byte> bytes);

    /// <summary>What is in its TLB, a line each; nothing where that cannot be seen.</summary>
    IEnumerable<string> Tlb();
}

/// <summary>One of a core's CSR files.</summary>
public enum CsrFile
{
    /// <summary>Those that csrrd of the process's mode reads.</summary>
    Own,

    /// <summary>The guest CSR file, which root mode reads by gcsrrd.</summary>
    Guest,
}

/// <summary>A CSR file with its rows.</summary>
/// <param name="File">Which file.</param>
/// <param name="Prefix">What its registers' names begin with.</param>
/// <param name="Rows">Its registers.</param>
public sealed record CsrGroup(CsrFile File, string Prefix, IReadOnlyList<CsrDeclaration> Rows)
{
    /// <summary>The CSRs of the process's own mode.</summary>
    public static CsrGroup All { get; } = new(CsrFile.Own, "csr_", CsrTable.Rows);

    /// <summary>Those that a guest has of its own, as its own.</summary>
    public static CsrGroup OfGuest { get; } = new(CsrFile.Own, "csr_", Guests);

    /// <summary>The guest CSR file, seen from root mode.</summary>
    public static CsrGroup GuestFile { get; } = new(CsrFile.Guest, "gcsr_", Guests);

    private static IReadOnlyList<CsrDeclaration> Guests =>
        [.. CsrTable.Rows.Where(row => row.Guest == GuestAccess.Hardware)];
}
