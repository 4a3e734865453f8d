namespace LaKvm.Cpu;

/// <summary>
/// What a core reaches outside of RAM: the machine's MMIO and IOCSR spaces. Called from the core's thread.
/// </summary>
public interface ICoreBus
{
    /// <summary>
    /// Whether something answers an access of 1, 2, 4 or 8 bytes at a physical address that is not RAM. One that
    /// nothing answers is an address error for the program, and neither read nor written.
    /// </summary>
    bool Answers(ulong physicalAddress, int size);

    /// <summary>Reads 1, 2, 4 or 8 bytes at a physical address that is not RAM and answers.</summary>
    ulong ReadMmio(ulong physicalAddress, int size);

    /// <summary>Writes 1, 2, 4 or 8 bytes at a physical address that is not RAM and answers.</summary>
    void WriteMmio(ulong physicalAddress, int size, ulong value);

    /// <summary>iocsrrd of 1, 2, 4 or 8 bytes by core <paramref name="core"/>; zero-extended.</summary>
    ulong ReadIocsr(int core, uint address, int size);

    /// <summary>iocsrwr of 1, 2, 4 or 8 bytes by core <paramref name="core"/>.</summary>
    void WriteIocsr(int core, uint address, int size, ulong value);
}
