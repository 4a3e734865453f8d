using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Debugger.Logging;

/// <summary>What lines say about events, in the manual's words.</summary>
internal static class EventText
{
    private const Trap HighestOfPages = Trap.Ppi;

    /// <summary>An exception: its name, its numbers in ESTAT, and what it is about.</summary>
    internal static string Exception(Trap code, uint word, ulong address, bool isExit)
    {
        if (code == Trap.Tlbr)
        {
            return isExit ? $"TLBR, second stage, GPA 0x{address:x}" : $"TLBR, BADV 0x{address:x}";
        }

        string numbers = $"{NameOf(code)} (Ecode 0x{(int)code & 0x3f:x}, EsubCode {(int)code >> 6})";
        string about = HasAddress(code) ? $", {(isExit ? "GPA" : "BADV")} 0x{address:x}" : "";
        return word == 0 ? numbers + about : $"{numbers}{about}: {Disassembler.Format(word).Replace('\t', ' ')}";
    }

    /// <summary>The manual's name of an exception.</summary>
    internal static string NameOf(Trap code) => code.ToString().ToUpperInvariant();

    /// <summary>An interrupt: its name and bit of ESTAT.IS.</summary>
    internal static string Interrupt(int number) => number switch
    {
        < Estat.Hwi0 => $"SWI{number} (IS {number})",
        < Estat.Hwi0 + 8 => $"HWI{number - Estat.Hwi0} (IS {number})",
        10 => $"PMI (IS {number})",
        11 => $"TI (IS {number})",
        Estat.Ipi => $"IPI (IS {number})",
        _ => $"IS {number}",
    };

    /// <summary>An access to a device.</summary>
    internal static string Access(in DeviceAccess access) =>
        $"{(access.IsIocsr ? "iocsr " : "")}{(access.IsWrite ? "write" : "read")} 0x{access.Address:x}"
        + $"{(access.Size == 0 ? "" : $", {access.Size} bytes")}: 0x{access.Value:x}";

    private static bool HasAddress(Trap code) =>
        code is (>= Trap.Pil and <= HighestOfPages) or Trap.Adef or Trap.Adem or Trap.Ale or Trap.Bce;
}
