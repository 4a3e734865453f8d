namespace LaKvm.Devices;

/// <summary>
/// Bits of the EIOINTC's paravirtual registers (IOCSR 0x40000000), which a hypervisor shows to guests with more cores
/// than the hardware encoding can name; the bare chip has none of them.
/// </summary>
[Flags]
public enum EiointcFeatures : uint
{
    /// <summary>As on hardware.</summary>
    None = 0,

    /// <summary>The paravirtual registers exist.</summary>
    VirtualExtension = 1 << 0,

    /// <summary>
    /// The guest says that it has finished configuring. Vectors are delivered before, too: Linux's KVM never looks at
    /// it then, and VMMs hand the register's writes to nobody.
    /// </summary>
    Enable = 1 << 1,

    /// <summary>ipmap holds a number instead of one bit of four.</summary>
    PinEncoding = 1 << 2,

    /// <summary>route holds a core number instead of one bit of four and a node.</summary>
    CoreEncoding = 1 << 3,
}

/// <summary>The paravirtual registers: FEATURES (read only) and CONFIG, 32 bits each.</summary>
internal sealed class EiointcVirtual(Eiointc owner) : IIocsrDevice
{
    internal const uint Base = 0x4000_0000;
    internal const uint Size = 0x1000;

    private const uint FeaturesRegister = 0;
    private const uint ConfigRegister = 4;

    public ulong Read(int core, uint offset, int size) => offset switch
    {
        FeaturesRegister => (ulong)owner.Features,
        ConfigRegister => (ulong)owner.Configuration,
        _ => 0,
    };

    public void Write(int core, uint offset, int size, ulong value)
    {
        var wanted = (EiointcFeatures)(uint)value & owner.Features;
        bool configured = (owner.Configuration & EiointcFeatures.Enable) != 0;
        // The encodings cannot change once configured; only going back to nothing is allowed then.
        if (offset == ConfigRegister && (!configured || value == 0))
        {
            owner.Configuration = wanted;
        }
    }
}
