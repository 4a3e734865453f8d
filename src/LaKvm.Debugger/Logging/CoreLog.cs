using LaKvm.Cpu;
using LaKvm.Diagnostics;
using LaKvm.Isa;

namespace LaKvm.Debugger.Logging;

/// <summary>
/// Makes the lines about one core. A line stands behind that of its instruction, if instructions are shown.
/// </summary>
internal sealed unsafe class CoreLog(Core core, EventLog log) : ICoreObserver
{
    [ThreadStatic] private static CoreLog? _current;

    /// <summary>The instruction of the step that is under way, until its line is written.</summary>
    private (string Level, ulong Pc, uint Word)? _next;

    private CsrAccess? _csr;
    private bool _isStepping;
    private (ulong Pc, ulong Count) _exit;
    private ulong _count;

    /// <summary>The core that the calling thread has executed last.</summary>
    internal static CoreLog? Current => _current;

    private string Level => core.State->Vm != 0 ? "guest" : "root";

    /// <summary>Instructions that were executed before the one that is under way.</summary>
    private ulong Count => _isStepping && !IsOwnerAtWork ? _count : core.State->Retired;

    /// <summary>
    /// Whether it is not an instruction that does what is done, but root mode's owner (<see cref="IRootMode"/>).
    /// </summary>
    private bool IsOwnerAtWork => core.RootMode != null && core.State->Vm == 0;

    /// <summary>
    /// One instruction is going to be executed, and all that comes until <see cref="EndStep"/> is its doing.
    /// </summary>
    internal void BeginStep()
    {
        _isStepping = true;
        LookAtNext();
    }

    /// <summary>The step is over; nothing may have been executed in it.</summary>
    internal void EndStep()
    {
        EndInstruction();
        _isStepping = false;
    }

    public void Raising(Core _, Trap code, uint word, bool toRoot)
    {
        _current = this;
        WriteInstruction();
        _csr = null;
        CpuState* s = core.State;
        bool isExit = toRoot && s->Vm != 0;
        _exit = (s->Pc, _isStepping ? _count : s->Retired - 1);
        WriteLine(isExit ? LogItem.Exits : LogItem.Exceptions, s->Pc, 0,
            () => EventText.Exception(code, word, core.State->TrapAddress, isExit), isCounted: true);
    }

    public void Interrupted(Core _, int number, ulong pc, bool fromGuest, bool toRoot)
    {
        _current = this;
        EndInstruction();
        string level = fromGuest ? "guest" : "root";
        if (fromGuest && toRoot)
        {
            Write(LogItem.Exits, level, pc, core.State->Retired, 0, () => EventText.Interrupt(number));
        }

        Write(LogItem.Interrupts, level, pc, core.State->Retired, 0,
            () => $"{EventText.Interrupt(number)}, goes on at {Name(core.State->Pc)}");
        if (_isStepping)
        {
            LookAtNext();
        }
    }

    public void Returned(Core _, bool fromRoot)
    {
        WriteInstruction();
        if (fromRoot && core.State->Vm != 0)
        {
            int guest = (int)(core.ReadCsr(Csr.Gstat) >> 16) & 0xff;
            Write(LogItem.Exits, "guest", core.State->Pc, core.State->Retired, 0, () => $"enter guest {guest}");
        }
    }

    public void DeviceAccessed(Core _, in DeviceAccess access)
    {
        DeviceAccess copy = access;
        WriteInstruction();
        WriteLine(LogItem.Mmio, core.State->Pc, access.Address, () => EventText.Access(copy));
    }

    public bool SeesTranslations => log.Wants(LogItem.Translator);

    public void Translated(Core _, ulong pc, string stage, string text) =>
        WriteLine(LogItem.Translator, pc, 0, () => $"{stage}\n{text.TrimEnd()}");

    public void TlbWritten(Core _, TlbKind kind, in TlbView entry)
    {
        TlbView copy = entry;
        WriteInstruction();
        WriteLine(LogItem.Tlb, core.State->Pc, entry.Address, () => $"{TlbText.NameOf(kind)}: {TlbText.Line(copy)}");
    }

    public void TlbInvalidated(Core _, int operation, ulong tags, ulong address)
    {
        WriteInstruction();
        WriteLine(LogItem.Tlb, core.State->Pc, address,
            () => $"invalidate 0x{operation:x}, GID {(tags >> 16) & 0xff}, ASID {tags & 0x3ff}, address 0x{address:x}");
    }

    /// <summary>An access that the hypervisor or its user space has made for the guest that was left last.</summary>
    internal void WriteVirtual(in DeviceAccess access)
    {
        DeviceAccess copy = access;
        Write(LogItem.Mmio, "guest", _exit.Pc, _exit.Count, access.Address, () => EventText.Access(copy));
    }

    private void LookAtNext()
    {
        CpuState* s = core.State;
        _count = s->Retired;
        bool found = core.TranslateFetch(s->Pc, out byte* pointer, out ulong _) == Trap.None && pointer != null;
        uint word = found ? Volatile.Read(ref *(uint*)pointer) : 0;
        _next = found ? (Level, s->Pc, word) : null;
        _csr = found && log.Wants(LogItem.Csr) ? CsrAccess.Of(core, word) : null;
    }

    private void EndInstruction()
    {
        if (core.State->Retired != _count)
        {
            WriteInstruction();
            if (_csr is { } access)
            {
                WriteLine(LogItem.Csr, access.Pc, 0, () => access.Describe(core));
            }
        }

        (_next, _csr) = (null, null);
    }

    private void WriteInstruction()
    {
        if (_next is var (level, pc, word))
        {
            _next = null;
            if (log.Takes(LogItem.Instructions, pc, pc, _count))
            {
                log.WriteLine(Line(LogItem.Instructions, level, pc, _count, Disassemble(word)));
            }
        }
    }

    /// <summary>
    /// A line about the instruction that is under way; <paramref name="isCounted"/>: it counts already.
    /// </summary>
    private void WriteLine(LogItem item, ulong pc, ulong address, Func<string> text, bool isCounted = false) =>
        Write(item, Level, pc, Count - (isCounted && !_isStepping ? 1UL : 0), address, text);

    private void Write(LogItem item, string level, ulong pc, ulong count, ulong address, Func<string> text)
    {
        if (log.Takes(item, pc, address == 0 ? pc : address, count))
        {
            log.WriteLine(Line(item, level, pc, count, text()));
        }
    }

    private string Line(LogItem item, string level, ulong pc, ulong count, string text) =>
        $"{Who()} {level} #{count} {Name(pc)} {LogItems.WordOf(item)}: {text}";

    private string Who() =>
        GuestErrorLog.Place is { } place and not Core ? $"vCPU {place.CoreNumber}" : $"core {core.Id}";

    private string Name(ulong pc) => log.Symbols?.Find(pc) is { } symbol ? $"0x{pc:x} ({symbol})" : $"0x{pc:x}";

    private static string Disassemble(uint word) => Disassembler.Format(word).Replace('\t', ' ');
}
