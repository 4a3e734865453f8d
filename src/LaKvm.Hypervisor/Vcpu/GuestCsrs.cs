using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>Which CSRs a guest has, and who keeps them: what <see cref="CsrDeclaration.Kvm"/> says, as lists.</summary>
internal static class GuestCsrs
{
    /// <summary>
    /// Registers of the guest CSR file that are moved between it and memory when a vCPU is loaded and put; ESTAT and
    /// the timer have their own rules, and PGD follows from others.
    /// </summary>
    internal static int[] Switched { get; } = All(KvmCsr.Switched);

    /// <summary>Registers that only are read back: what the core is.</summary>
    internal static int[] ReadOnly { get; } = All(KvmCsr.ReadOnly);

    /// <summary>Whether the guest CSR file holds it.</summary>
    internal static bool IsHardware(int csr) =>
        CsrTable.Find(csr)?.Kvm is KvmCsr.Switched or KvmCsr.ReadOnly or KvmCsr.OwnRules;

    /// <summary>Whether the hypervisor keeps it as a plain value.</summary>
    internal static bool IsSoftware(int csr) => CsrTable.Find(csr)?.Kvm is KvmCsr.Software;

    private static int[] All(KvmCsr kind) =>
        [.. CsrTable.Rows.Where(row => row.Kvm == kind).Select(row => row.Number).Order()];
}
