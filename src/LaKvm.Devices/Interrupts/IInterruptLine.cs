namespace LaKvm.Devices;

/// <summary>A wire into an interrupt controller. Setting the level it already has does nothing.</summary>
public interface IInterruptLine
{
    /// <summary>Asserts or releases the wire. Any thread; callers order their own calls.</summary>
    void Set(bool level);
}

/// <summary>
/// The interrupt inputs of the cores. Calls come from any thread and must not call back into a controller.
/// </summary>
public interface ICoreInterrupts
{
    /// <summary>Drives an input of a core.</summary>
    /// <param name="core">Core number.</param>
    /// <param name="estatBit">Bit of ESTAT.IS: 2 to 9 for HWI0 to HWI7, 12 for the IPI.</param>
    /// <param name="level">True asserts.</param>
    void SetLine(int core, int estatBit, bool level);
}

/// <summary>Bits of ESTAT.IS that come from outside the core (manual volume 1, 7.4.6).</summary>
public static class CoreLine
{
    /// <summary>HWI0; HWI1 to HWI7 follow.</summary>
    public const int Hardware0 = 2;

    /// <summary>Number of HWI inputs.</summary>
    public const int HardwareCount = 8;

    /// <summary>The inter-processor interrupt.</summary>
    public const int Ipi = 12;
}

/// <summary>What receives interrupts by vector: the EIOINTC, or a hypervisor's in-kernel one.</summary>
public interface IVectorSink
{
    /// <summary>
    /// A message: the source asks (true), which makes the vector pending once, or no longer asks, which takes it back.
    /// </summary>
    void SetLevel(int vector, bool level);

    /// <summary>A message-signalled interrupt: its source takes nothing back.</summary>
    void Trigger(int vector);
}
