namespace LaKvm.Hypervisor;

/// <summary>What a statistic counts up to (KVM_STATS_TYPE_*).</summary>
public enum StatType
{
    /// <summary>Only grows.</summary>
    Cumulative = 0,

    /// <summary>A value of now.</summary>
    Instant = 1,

    /// <summary>A histogram with logarithmic buckets.</summary>
    LogHistogram = 4,
}

/// <summary>Unit of a statistic (KVM_STATS_UNIT_*, already shifted to bits 7:4).</summary>
public enum StatUnit
{
    /// <summary>A number.</summary>
    None = 0x00,

    /// <summary>Seconds times ten to the exponent.</summary>
    Seconds = 0x20,

    /// <summary>0 or 1.</summary>
    Boolean = 0x40,
}

/// <summary>One statistic: how KVM_GET_STATS_FD describes it.</summary>
/// <param name="Name">KVM's name, at most 47 characters.</param>
/// <param name="Type">Kind.</param>
/// <param name="Unit">Unit.</param>
/// <param name="Exponent">Power of ten of the unit.</param>
/// <param name="Size">Number of 64-bit values.</param>
public sealed record StatDescriptor(string Name, StatType Type, StatUnit Unit, short Exponent, int Size);
