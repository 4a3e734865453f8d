namespace LaKvm.Devices;

/// <summary>How the registers of the interrupt controllers are read without changing anything.</summary>
/// <param name="PchPic">A register of the PCH-PIC: offset, bytes.</param>
/// <param name="Eiointc">64 bits of the EIOINTC: core, offset from IOCSR 0x1400.</param>
/// <param name="Ipi">A register of a core's IPI unit: core, offset from IOCSR 0x1000.</param>
public sealed record InterruptRegisters(
    Func<ulong, int, ulong> PchPic, Func<int, uint, ulong> Eiointc, Func<int, uint, ulong> Ipi);

/// <summary>
/// The way of interrupts for people: pins of the PCH-PIC, vectors of the EIOINTC, and IPIs of the cores.
/// </summary>
public static class InterruptDump
{
    private const int Pins = 64, VectorsPerWord = 64;

    /// <summary>Lines about what is in use.</summary>
    public static IEnumerable<string> Describe(InterruptRegisters registers, int cores) =>
        [.. PchPicLines(registers), .. EiointcLines(registers, cores), .. IpiLines(registers, cores)];

    private static IEnumerable<string> PchPicLines(InterruptRegisters registers)
    {
        ulong Read(ulong register) => registers.PchPic(register, sizeof(ulong));
        ulong mask = Read(PchPic.Mask), irr = Read(PchPic.Irr), isr = Read(PchPic.Isr);
        ulong edge = Read(PchPic.Edge), low = Read(PchPic.Polarity), vectors = Read(PchPic.HtMsiEnable);
        yield return $"PCH-PIC: mask 0x{mask:x16} irr 0x{irr:x16} isr 0x{isr:x16}";
        yield return $"  edge 0x{edge:x16} low-active 0x{low:x16} vector enable 0x{vectors:x16}";
        for (int pin = 0; pin < Pins; pin++)
        {
            if (PchPic.IsUnmasked(mask, pin) || ((irr >> pin) & 1) != 0)
            {
                ulong vector = registers.PchPic(PchPic.Vector + (ulong)pin, 1);
                yield return $"  pin {pin} -> vector {vector}: {(Bit(edge, pin) ? "edge" : "level")}"
                    + $"{(PchPic.IsUnmasked(mask, pin) ? "" : ", masked")}{(Bit(irr, pin) ? ", requested" : "")}"
                    + $"{(Bit(isr, pin) ? ", in service" : "")}";
            }
        }
    }

    private static IEnumerable<string> EiointcLines(InterruptRegisters registers, int cores)
    {
        ulong groups = registers.Eiointc(0, Eiointc.PinMap);
        yield return $"EIOINTC: pin map 0x{groups:x16} (a byte for 32 vectors: the HWI line)";
        for (int vector = 0; vector < Eiointc.Vectors; vector++)
        {
            uint word = (uint)(vector / VectorsPerWord * sizeof(ulong));
            int bit = vector % VectorsPerWord;
            int[] pending = [.. Enumerable.Range(0, cores)
                .Where(core => Bit(registers.Eiointc(core, Eiointc.CoreStatus + word), bit))];
            bool isEnabled = Bit(registers.Eiointc(0, Eiointc.Enables + word), bit);
            if (isEnabled || pending.Length != 0)
            {
                ulong route = registers.Eiointc(0, Eiointc.Routes + (uint)(vector & ~7)) >> (8 * (vector & 7)) & 0xff;
                yield return $"  vector {vector}: {(isEnabled ? "enabled" : "disabled")}, route 0x{route:x2}, pin map "
                    + $"0x{(groups >> (vector / 32 * 8)) & 0xff:x}"
                    + (pending.Length == 0 ? "" : $", pending on core {string.Join(", ", pending)}");
            }
        }
    }

    private static IEnumerable<string> IpiLines(InterruptRegisters registers, int cores)
    {
        yield return "IPI:";
        for (int core = 0; core < cores; core++)
        {
            ulong Mailbox(uint n) => registers.Ipi(core, Ipi.Mailbox + (n * sizeof(ulong)));
            yield return $"  core {core}: status 0x{(uint)registers.Ipi(core, Ipi.Status):x} enable "
                + $"0x{(uint)registers.Ipi(core, Ipi.Enable):x} mailboxes 0x{Mailbox(0):x} 0x{Mailbox(1):x} "
                + $"0x{Mailbox(2):x} 0x{Mailbox(3):x}";
        }
    }

    private static bool Bit(ulong word, int bit) => ((word >> bit) & 1) != 0;
}
