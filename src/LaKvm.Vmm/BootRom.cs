using System.Runtime.InteropServices;
using LaKvm.Devices;
using LaKvm.Ioctl;

namespace LaKvm.Vmm;

/// <summary>
/// What is at the reset vector (LoongArch reference manual volume 1, 6.3): the board's firmware, or where it has none,
/// code for the vCPUs that do not boot: each sleeps until an inter-processor interrupt finds an address in its mailbox
/// 0, and goes there. Read-only memory in a slot of its own: what a guest stores there goes to the board's bus.
/// </summary>
internal sealed class BootRom : IDisposable
{
    /// <summary>Where a core begins after reset.</summary>
    internal const ulong Base = 0x1c00_0000;

    private const ulong PageSize = 0x4000;
    private const uint ReadOnly = 2;

    private static readonly uint[] Code =
    [
        0x0380_040c, // ori     $t0, $zero, 1
        0x0041_318c, // slli.d  $t0, $t0, 12        IOCSR of the own IPI registers, and bit 12
        0x02bf_fc0d, // addi.w  $t1, $zero, -1
        0x02c0_118e, // addi.d  $t2, $t0, 4
        0x0648_19cd, // iocsrwr.w $t1, $t2          IPI_EN: all
        0x0015_018e, // move    $t2, $t0
        0x0400_118e, // csrxchg $t2, $t0, ECFG      the IPI wakes the core; CRMD.IE stays 0
        0x02c0_3184, // addi.d  $a0, $t0, 12
        0x02c0_818e, // addi.d  $t2, $t0, 0x20
        0x0648_8000, // idle    0                   1:
        0x0648_188d, // iocsrwr.w $t1, $a0          IPI_CLEAR: all
        0x0648_0dcf, // iocsrrd.d $t3, $t2          mailbox 0: not before the interrupt, it is filled in halves
        0x43ff_f5ff, // beqz    $t3, 1b
        0x0400_1020, // csrwr   $zero, ECFG
        0x4c00_01e0, // jr      $t3
    ];

    private readonly UserMemory _memory;

    internal BootRom(HostProcess process, Ioctl.Vm vm, uint slot, BoardFirmware? firmware)
    {
        ReadOnlySpan<byte> code = firmware == null ? MemoryMarshal.AsBytes(Code.AsSpan()) : firmware.Code.Span;
        _memory = UserMemory.Map(process, ((ulong)code.Length + PageSize - 1) & ~(PageSize - 1));
        _memory.Write(0, code);
        vm.SetMemoryRegion(slot, Base, _memory, ReadOnly);
    }

    /// <summary>Gives the memory back; the VM must be gone.</summary>
    public void Dispose() => _memory.Dispose();
}
