using LaKvm.Cpu;
using LaKvm.Memory;

namespace LaKvm.Debugger;

/// <summary>
/// A core of a bare machine, in root mode or in guest mode. There is one set of general registers: root mode's view
/// shows it whatever runs, the guest's only while the guest runs.
/// </summary>
/// <param name="core">The core.</param>
/// <param name="inGuest">Whether this is the view of guest mode.</param>
public sealed unsafe class CoreThread(Core core, bool inGuest) : IDebugThread
{
    private const ulong Page = 4096;

    /// <summary>PGDL of root mode when the guest was last seen running: its second stage's tables.</summary>
    private ulong _secondStage;

    /// <inheritdoc/>
    public int Cpu => core.Id;

    /// <inheritdoc/>
    public string Name => inGuest ? $"guest on core {core.Id}" : $"core {core.Id}";

    /// <inheritdoc/>
    public bool HasRegisters => !inGuest || IsGuestRunning;

    /// <inheritdoc/>
    public ulong Pc
    {
        get => HasRegisters ? core.State->Pc : core.ReadCsr(Csr.Era);
        set => core.State->Pc = value;
    }

    /// <inheritdoc/>
    public uint Fcsr
    {
        get => core.State->Fcsr;
        set => core.State->Fcsr = value;
    }

    /// <inheritdoc/>
    public ulong Fcc
    {
        get => *(ulong*)core.State->Fcc;
        set => *(ulong*)core.State->Fcc = value & 0x0101_0101_0101_0101;
    }

    private bool IsGuestRunning => core.State->Vm != 0;

    /// <inheritdoc/>
    public string Describe()
    {
        int gid = (int)(core.ReadCsr(Csr.Gstat) >> LvzFields.GidShift) & 0xff;
        string mode = IsGuestRunning ? $"guest {gid}" : "root mode";
        return $"PLV{core.State->Plv} of {mode}, {core.State->Retired} instructions";
    }

    /// <inheritdoc/>
    public ulong ReadGpr(int number) => core.State->Gpr[number];

    /// <inheritdoc/>
    public void WriteGpr(int number, ulong value) => CpuState.WriteGpr(core.State, number, value);

    /// <inheritdoc/>
    public void ReadVector(int number, Span<byte> bytes) =>
        new ReadOnlySpan<byte>(CpuState.Vector(core.State, number), 32).CopyTo(bytes);

    /// <inheritdoc/>
    public void WriteVector(int number, ReadOnlySpan<byte> bytes) =>
        bytes.CopyTo(new Span<byte>(CpuState.Vector(core.State, number), 32));

    /// <inheritdoc/>
    public ulong ReadCsr(CsrFile file, int number) =>
        IsGuestFile(file) ? core.ReadGcsr(number) : core.ReadCsr(number);

    /// <inheritdoc/>
    public void WriteCsr(CsrFile file, int number, ulong value)
    {
        _ = IsGuestFile(file)
            ? core.ExchangeGcsr(number, value, ulong.MaxValue)
            : core.ExchangeCsr(number, value, ulong.MaxValue);
    }

    /// <inheritdoc/>
    public bool Translate(ulong va, out ulong physical, ICollection<string>? steps = null)
    {
        var walk = new PageWalk(number => ReadCsr(CsrFile.Own, number), ReadWord);
        if (!walk.IsDirect(va))
        {
            TlbKind kind = inGuest ? TlbKind.Guest : TlbKind.Root;
            bool found = core.Debug.Tlb.Translate(kind, va, out physical, out TlbView entry);
            if (found)
            {
                steps?.Add($"TLB entry {entry.Index}: page of {1UL << entry.PageShift >> 10} KiB at 0x{physical:x}");
            }

            if (found && steps == null)
            {
                return true;
            }
        }

        return walk.Translate(va, out physical, steps);
    }

    /// <inheritdoc/>
    public bool TranslateSecondStage(ulong gpa, out ulong physical, ICollection<string> steps)
    {
        if (!core.Debug.Tlb.Translate(TlbKind.SecondStage, gpa, out physical, out TlbView entry))
        {
            return WalkSecondStage(gpa, out physical, steps);
        }

        steps.Add($"TLB entry {TlbText.Line(entry)}");
        _ = WalkSecondStage(gpa, out _, steps);
        return true;
    }

    /// <inheritdoc/>
    public bool ReadPhysical(ulong address, Span<byte> bytes)
    {
        if (!TryFind(address, bytes.Length, out ulong machine))
        {
            return false;
        }

        core.Memory.Span(machine, (ulong)bytes.Length).CopyTo(bytes);
        return true;
    }

    /// <inheritdoc/>
    public bool WritePhysical(ulong address, ReadOnlySpan<byte> bytes)
    {
        if (!TryFind(address, bytes.Length, out ulong machine))
        {
            return false;
        }

        bytes.CopyTo(core.Memory.Span(machine, (ulong)bytes.Length));
        core.Memory.Written(machine, (ulong)bytes.Length);
        return true;
    }

    /// <inheritdoc/>
    public IEnumerable<string> Tlb() => inGuest
        ? [.. Lines(TlbKind.Guest), "second stage:", .. Lines(TlbKind.SecondStage)]
        : Lines(TlbKind.Root);

    private IEnumerable<string> Lines(TlbKind kind) =>
        core.Debug.Tlb.Entries(kind).Select(entry => TlbText.Line(entry));

    private bool IsGuestFile(CsrFile file) => inGuest || file == CsrFile.Guest;

    private ulong? ReadWord(ulong address)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        return ReadPhysical(address, word) ? BitConverter.ToUInt64(word) : null;
    }

    /// <summary>RAM of the machine behind a physical address of the mode, inside a page.</summary>
    private bool TryFind(ulong address, int length, out ulong machine)
    {
        machine = address;
        bool inPage = (address & (Page - 1)) + (ulong)length <= Page;
        return inPage && (!inGuest || TranslateSecondStage(address, out machine))
            && core.Memory.Pointer(machine) != null;
    }

    /// <summary>
    /// Guest-physical to physical: by the TLB, or by the tables that root mode's PGDL leads to while a guest runs, as
    /// Linux's KVM has it.
    /// </summary>
    private bool TranslateSecondStage(ulong gpa, out ulong physical) =>
        core.Debug.Tlb.Translate(TlbKind.SecondStage, gpa, out physical, out _)
        || WalkSecondStage(gpa, out physical, null);

    private bool WalkSecondStage(ulong gpa, out ulong physical, ICollection<string>? steps)
    {
        physical = 0;

        _secondStage = IsGuestRunning ? core.ReadCsr(Csr.Pgdl) : _secondStage;
        var walk = new PageWalk(ReadSecondStageCsr, ReadMachineWord);
        return _secondStage != 0 && (gpa >> 47) == 0 && walk.Translate(gpa, out physical, steps);
    }

    /// <summary>Root mode's tables, without its windows.</summary>
    private ulong ReadSecondStageCsr(int number) => number switch
    {
        Csr.Pgdl => _secondStage,
        Csr.Crmd => Crmd.Pg,
        >= Csr.Dmw0 and < Csr.Dmw0 + 4 => 0,
        _ => core.ReadCsr(number),
    };

    private ulong? ReadMachineWord(ulong address)
    {
        byte* pointer = core.Memory.Pointer(address);
        return pointer == null ? null : *(ulong*)pointer;
    }
}
