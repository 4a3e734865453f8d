namespace LaKvm.Cpu;

/// <summary>What a core reaches outside of RAM: the machine's MMIO and IOCSR spaces. Called from the core's thread.</summary>
public interface ICoreBus
{
    /// <summary>Reads 1, 2, 4 or 8 bytes at a physical address that is not RAM; unmapped reads as 0.</summary>
    ulong ReadMmio(ulong physicalAddress, int size);

    /// <summary>Writes 1, 2, 4 or 8 bytes at a physical address that is not RAM; unmapped is dropped.</summary>
    void WriteMmio(ulong physicalAddress, int size, ulong value);

    /// <summary>iocsrrd of 1, 2, 4 or 8 bytes by core <paramref name="core"/>; zero-extended.</summary>
    ulong ReadIocsr(int core, uint address, int size);

    /// <summary>iocsrwr of 1, 2, 4 or 8 bytes by core <paramref name="core"/>.</summary>
    void WriteIocsr(int core, uint address, int size, ulong value);
}
