namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// The rows of three public documents about KVM: the commits of Linux's LoongArch KVM up to 6.8 ("log") with what its
/// series changed from version to version ("v2" to "v13"), the history of RISC-V's mmu.c ("riscv"), and the MIPS
/// changes of Linux 4.11 ("mips"). A row has a test with its name in a <see cref="SeedAttribute"/>, or a reason here
/// why it has none.
/// </summary>
internal static class SeedRows
{
    private const string Build = "configuration of a kernel's build, or its files: nothing to observe";
    private const string Wording = "names, spelling or documentation of C code";
    private const string CodeOnly = "shape of C or assembly code, without a difference in behaviour";

    /// <summary>Rows that have tests.</summary>
    internal static readonly string[] Tested =
    [
        "log: Fix build due to API changes", "log: Add LASX (256bit SIMD) support",
        "log: Add LSX (128bit SIMD) support",
        "log: Fix timer emulation with oneshot mode", "log: Remove kvm_acquire_timer() before entering guest",
        "log: Allow to access HW timer CSR registers always", "log: Remove SW timer switch when vcpu is halt polling",
        "log: Optimization for memslot hugepage checking", "log: remove CONFIG_HAVE_KVM_EVENTFD",
        "log: Implement vcpu world switch", "log: Implement kvm exception vectors",
        "log: Implement handle fpu exception",
        "log: Implement handle mmio exception", "log: Implement handle gspr exception",
        "log: Implement handle idle exception",
        "log: Implement handle iocsr exception", "log: Implement handle csr exception",
        "log: Implement kvm mmu operations",
        "log: Implement virtual machine tlb operations", "log: Implement vcpu timer operations",
        "log: Implement misc vcpu related interfaces", "log: Implement vcpu load and vcpu put operations",
        "log: Implement vcpu interrupt operations", "log: Implement fpu operations for vcpu",
        "log: Implement basic vcpu ioctl interfaces", "log: Implement basic vcpu interfaces",
        "log: Add vcpu related header files", "log: Implement VM related functions",
        "log: Implement kvm hardware enable, disable interface", "log: Implement kvm module related interface",
        "v13: guest configuration is read at enable", "v13: ENABLE_CAP of a vcpu returns EINVAL",
        "v10: PGD is not saved", "v9: INT_* numbers", "v5: mp_state", "v4: csr_need_update",
        "v4: HW, SW and INVALID csrs", "v4: set_hw_gcsr", "v4: flush and clean of page tables", "v3: no vpid array",
        "v3: new tracepoints", "v3: kvm_pre_enter_guest", "v3: RESUME values", "v3: fcsr with the fpu",
        "v2: ONE_REG instead of CSRS ioctls", "series: vcpu status description", "series: update VM id function",
        "riscv: READ_ONCE accessors", "riscv: flush_remote_tlbs_memslot in common code",
        "riscv: Retry fault if vma_lookup() results become invalid", "riscv: PGDIR_SIZE to check page sizes",
        "riscv: Simplify kvm_arch_prepare_memory_region()", "riscv: PAGE_KERNEL_IO in ioremap",
        "riscv: ioremap() and iounmap()",
        "riscv: Different capacities in memory caches", "riscv: Missing PAGE_PFN_MASK",
        "riscv: Remote HFENCE based on VCPU requests", "riscv: No cpumask for hartid bitmap",
        "riscv: VM capability for GPA bits", "riscv: Common MMU memory caches", "riscv: Use new memslot",
        "riscv: Arch specific memslot data", "riscv: Unmap stage2 when deleting/moving a memslot",
        "riscv: MMU notifiers", "riscv: stage2 page table programming", "riscv: Handle MMIO exits",
        "riscv: Initial skeleton",
        "mips: fast-path TLB refill handler", "mips: uaccess for guest memory", "mips: BadInstr",
        "mips: GPA page tables for sparse regions", "mips: dirty page logging", "mips: SYNC_MMU", "mips: READONLY_MEM",
        "mips: more registers for userland", "mips: NR_VCPUS and MAX_VCPUS", "mips: multiple VCPUs",
    ];

    /// <summary>Rows that have none, and why.</summary>
    internal static readonly Dictionary<string, string> NotApplicable = new()
    {
        ["log: introduce CONFIG_KVM_COMMON"] = Build,
        ["log: merge of LoongArch KVM changes for v6.8"] = "sums up rows that have tests",
        ["log: Convert KVM_ARCH_WANT_MMU_NOTIFIER"] = Build,
        ["log: Enable kvm config and add the makefile"] = Build,
        ["v13: jirl simplified, HW0 to HW7 in one case"] = CodeOnly,
        ["v13: host_stack and host_gp renamed"] = Wording,
        ["v13: cpu parameter removed"] = CodeOnly,
        ["v12: gcsr macros"] = CodeOnly,
        ["v11 and v12: maintainers"] = Build,
        ["v10: grammar of the documentation"] = Wording,
        ["v9: unused variables removed"] = CodeOnly,
        ["v8: guest.options, includes, comments"] = CodeOnly,
        ["v7: warnings and compiling of tracepoints"] = Build,
        ["v6 and v5: documentation of the interface"] = Wording,
        ["v5: temporary registers of kvm_switch_to_guest"] = CodeOnly,
        ["v3: global constants"] = CodeOnly,
        ["v2: patches split, BIT(x)"] = CodeOnly,
        ["riscv: per-action union of gfn ranges"] = CodeOnly,
        ["riscv: _MASK suffix of VMID defines"] = Wording,
        ["riscv: __init and __ro_after_init"] = Build,
        ["riscv: vma_lookup()"] = "a helper of Linux's own memory management",
        ["riscv: mmu_notifier renamed to mmu_invalidate"] = Wording,
        ["riscv: spelling mistake"] = Wording,
        ["riscv: range based local HFENCE"] = "LoongArch's KVM flushes a page pair or everything: invtlb has no range",
        ["riscv: Sv57x4 mode"] = "a mode of RISC-V's second stage; here the geometry is that of the host's page size",
        ["riscv: G-stage name"] = Wording,
        ["riscv: kvm_userspace_memory_region not passed to hooks"] = CodeOnly,
        ["riscv: boolreturn warnings"] = CodeOnly,
        ["mips: GVA page tables"] = "for trap and emulate: LVZ translates guest virtual addresses itself",
        ["mips: CP0_EBase"] = "a register of MIPS; EENTRY is among the registers that user space reaches",
        ["mips: cleanups"] = CodeOnly,
    };
}
