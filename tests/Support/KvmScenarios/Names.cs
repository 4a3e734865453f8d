using System.Globalization;

namespace LaKvm.Tests.Support;

/// <summary>Names in scenarios, and the numbers that Linux's headers give them.</summary>
internal static class Names
{
    private static readonly Dictionary<string, uint> Requests = new()
    {
        ["KVM_GET_API_VERSION"] = 0xae00,
        ["KVM_CREATE_VM"] = 0xae01,
        ["KVM_CHECK_EXTENSION"] = 0xae03,
        ["KVM_GET_VCPU_MMAP_SIZE"] = 0xae04,
        ["KVM_CREATE_VCPU"] = 0xae41,
        ["KVM_GET_DIRTY_LOG"] = 0x4010_ae42,
        ["KVM_SET_NR_MMU_PAGES"] = 0xae44,
        ["KVM_SET_USER_MEMORY_REGION"] = 0x4020_ae46,
        ["KVM_SET_USER_MEMORY_REGION2"] = 0x40a0_ae49,
        ["KVM_CREATE_IRQCHIP"] = 0xae60,
        ["KVM_IRQ_LINE"] = 0x4008_ae61,
        ["KVM_IRQ_LINE_STATUS"] = 0xc008_ae67,
        ["KVM_REGISTER_COALESCED_MMIO"] = 0x4010_ae67,
        ["KVM_UNREGISTER_COALESCED_MMIO"] = 0x4010_ae68,
        ["KVM_SET_GSI_ROUTING"] = 0x4008_ae6a,
        ["KVM_IRQFD"] = 0x4020_ae76,
        ["KVM_SET_BOOT_CPU_ID"] = 0xae78,
        ["KVM_IOEVENTFD"] = 0x4040_ae79,
        ["KVM_RUN"] = 0xae80,
        ["KVM_GET_REGS"] = 0x8108_ae81,
        ["KVM_SET_REGS"] = 0x4108_ae82,
        ["KVM_GET_SREGS"] = 0x8000_ae83,
        ["KVM_TRANSLATE"] = 0xc018_ae85,
        ["KVM_INTERRUPT"] = 0x4004_ae86,
        ["KVM_SET_SIGNAL_MASK"] = 0x4004_ae8b,
        ["KVM_GET_FPU"] = 0x8410_ae8c,
        ["KVM_SET_FPU"] = 0x4410_ae8d,
        ["KVM_GET_MP_STATE"] = 0x8004_ae98,
        ["KVM_SET_MP_STATE"] = 0x4004_ae99,
        ["KVM_SET_GUEST_DEBUG"] = 0x4008_ae9b,
        ["KVM_ENABLE_CAP"] = 0x4068_aea3,
        ["KVM_SIGNAL_MSI"] = 0x4020_aea5,
        ["KVM_GET_ONE_REG"] = 0x4010_aeab,
        ["KVM_SET_ONE_REG"] = 0x4010_aeac,
        ["KVM_GET_REG_LIST"] = 0xc008_aeb0,
        ["KVM_CLEAR_DIRTY_LOG"] = 0xc018_aec0,
        ["KVM_RESET_DIRTY_RINGS"] = 0xaec7,
        ["KVM_GET_STATS_FD"] = 0xaece,
        ["KVM_CREATE_GUEST_MEMFD"] = 0xc040_aed4,
        ["KVM_PRE_FAULT_MEMORY"] = 0xc040_aed5,
        ["KVM_CREATE_DEVICE"] = 0xc00c_aee0,
        ["KVM_SET_DEVICE_ATTR"] = 0x4018_aee1,
        ["KVM_GET_DEVICE_ATTR"] = 0x4018_aee2,
        ["KVM_HAS_DEVICE_ATTR"] = 0x4018_aee3,
    };

    private static readonly Dictionary<string, ulong> Csrs = new()
    {
        ["CRMD"] = 0x0, ["PRMD"] = 0x1, ["EUEN"] = 0x2, ["ECFG"] = 0x4, ["ESTAT"] = 0x5, ["ERA"] = 0x6, ["BADV"] = 0x7,
        ["BADI"] = 0x8, ["EENTRY"] = 0xc, ["ASID"] = 0x18, ["PGDL"] = 0x19, ["PGD"] = 0x1b, ["CPUID"] = 0x20,
        ["PRCFG1"] = 0x21, ["PRCFG2"] = 0x22, ["PRCFG3"] = 0x23, ["KS0"] = 0x30, ["TID"] = 0x40, ["TCFG"] = 0x41,
        ["TVAL"] = 0x42, ["CNTC"] = 0x43, ["TICLR"] = 0x44, ["LLBCTL"] = 0x60, ["IMPCTL1"] = 0x80,
        ["TLBRENTRY"] = 0x88, ["TLBRBADV"] = 0x89, ["TLBRERA"] = 0x8a, ["DMW0"] = 0x180, ["MERRCTL"] = 0x90,
    };

    private static readonly string[] Registers =
    [
        "zero", "ra", "tp", "sp", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3",
        "t4", "t5", "t6", "t7", "t8", "r21", "fp", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "pc",
    ];

    /// <summary>An ioctl's number; a hexadecimal number stands for itself.</summary>
    internal static uint Request(string name) =>
        Requests.TryGetValue(name, out uint number) ? number : (uint)Hex(name);

    /// <summary>A CSR's number; a hexadecimal number stands for itself.</summary>
    internal static ulong Csr(string name) =>
        Csrs.TryGetValue(name, out ulong number) ? number : Hex(name);

    /// <summary>A number as scenarios have them.</summary>
    internal static ulong Hex(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>Index of a register in struct kvm_regs.</summary>
    internal static int Register(string name) =>
        Array.IndexOf(Registers, name) is >= 0 and int index ? index : throw new FormatException($"no register {name}");

    /// <summary>ONE_REG's number of a CSR.</summary>
    internal static ulong CsrRegister(int csr) => 0x9030_0000_0001_0000 + (8 * (ulong)csr);

    /// <summary>ONE_REG's number of a CPUCFG word.</summary>
    internal static ulong CpucfgRegister(int word) => 0x9030_0000_0004_0000 + (8 * (ulong)word);
}
