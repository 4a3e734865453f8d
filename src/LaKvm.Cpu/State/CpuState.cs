using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LaKvm.Cpu;

/// <summary>
/// The registers of one LA464 core: one unmanaged, 64-byte aligned block without managed references, whose offsets are
/// constants shared by the interpreter and the translator (facts of engine design: docs/architecture.md).
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
public unsafe struct CpuState
{
    /// <summary>General registers r0 to r31, then the sink slot that takes the writes to r0.</summary>
    [FieldOffset(GprOffset)] public fixed ulong Gpr[33];

    /// <summary>
    /// Address of the instruction that a handler executes; the next one when no instruction is under way.
    /// </summary>
    [FieldOffset(PcOffset)] public ulong Pc;

    /// <summary>Instructions that may still be executed before the engine returns; may become negative.</summary>
    [FieldOffset(BudgetOffset)] public long Budget;

    /// <summary>
    /// First way of the software TLB of the current mode and privilege level, <see cref="SoftTlbEntries"/> entries.
    /// </summary>
    [FieldOffset(TlbOffset)] public SoftTlbEntry* Tlb;

    /// <summary>CSR bank of the current mode (host, or guest while VM=1), indexed by CSR number.</summary>
    [FieldOffset(CsrOffset)] public ulong* Csr;

    /// <summary>
    /// Non-zero: another thread, a timer or a mode change wants the engine's slow loop. Written by all threads.
    /// </summary>
    [FieldOffset(AttentionOffset)] public int Attention;

    /// <summary>Privilege level of the current mode: its CRMD.PLV.</summary>
    [FieldOffset(PlvOffset)] public byte Plv;

    /// <summary>GSTAT.VM: 1 while the core is in guest mode.</summary>
    [FieldOffset(VmOffset)] public byte Vm;

    /// <summary>LLbit of root mode [0] and of guest mode [1]; 1 between ll and sc.</summary>
    [FieldOffset(LlbitOffset)] public fixed byte Llbit[2];

    /// <summary>
    /// Units usable right now, as EUEN.FPE (bit 0), SXE (1), ASXE (2), BTE (3): guest EUEN and host EUEN combined.
    /// </summary>
    [FieldOffset(UnitsOffset)] public byte Units;

    /// <summary>
    /// For engines that compute on the host's FPU: not 0 while MXCSR is the guest's, then what <see cref="Units"/> was.
    /// </summary>
    [FieldOffset(HostFpOffset)] public byte HostFp;

    /// <summary>For the same: a place for MXCSR.</summary>
    [FieldOffset(HostMxcsrOffset)] public uint HostMxcsr;

    /// <summary>
    /// Not 0 where privileged instructions trap: outside PLV0, and in a guest of which root mode traps them (GCFG.SIT).
    /// </summary>
    [FieldOffset(RestrictedOffset)] public byte Restricted;

    /// <summary>BADV, or TLBRBADV, of the exception that a handler returns.</summary>
    [FieldOffset(TrapAddressOffset)] public ulong TrapAddress;

    /// <summary>Virtual address that the last ll read, with <see cref="Vm"/> in bit 0.</summary>
    [FieldOffset(LlAddressOffset)] public ulong LlAddress;

    /// <summary>Value that the last ll read, zero-extended; sc succeeds if memory still holds it.</summary>
    [FieldOffset(LlValueOffset)] public ulong LlValue;

    /// <summary>Instructions executed since reset, not counting those since the budget was last settled.</summary>
    [FieldOffset(RetiredOffset)] public ulong Retired;

    /// <summary>FCSR0: enables 4:0, RM 9:8, flags 20:16, cause 28:24 (V Z O U I from high to low).</summary>
    [FieldOffset(FcsrOffset)] public uint Fcsr;

    /// <summary>
    /// For engines that compute on the host's FPU: names the last operation whose exceptions are not in
    /// <see cref="Fcsr"/> yet, 0 for none.
    /// </summary>
    [FieldOffset(LastFpOffset)] public uint LastFp;

    /// <summary>Condition flags fcc0 to fcc7, one byte each, 0 or 1.</summary>
    [FieldOffset(FccOffset)] public fixed byte Fcc[8];

    /// <summary>For engines: the word of the instruction that raises an exception, 0 if that was not fetched.</summary>
    [FieldOffset(TrapWordOffset)] public ulong TrapWord;

    /// <summary>
    /// Vector registers, 32 bytes each, low word first. f0 to f31 are their low 64 bits, vr the low 128.
    /// </summary>
    [FieldOffset(VrOffset)] public fixed ulong Vr[32 * 4];

    /// <summary>The operands of <see cref="LastFp"/>, 32 bytes each.</summary>
    [FieldOffset(LastFpOperandsOffset)] public fixed ulong LastFpOperands[3 * 4];

    /// <summary>For engines: differences of host and guest addresses, inside a block.</summary>
    [FieldOffset(AccessOffset)] public fixed ulong Access[8];

    /// <summary>For the performance counters.</summary>
    [FieldOffset(EventsOffset)] public EventCounts Events;

    /// <summary>Bytes of the general registers' block; offset of r0.</summary>
    public const int GprOffset = 0;

    /// <summary>The slot behind r31, which takes the writes to r0.</summary>
    public const int SinkRegister = 32;

    /// <summary>Offset of <see cref="Pc"/>.</summary>
    public const int PcOffset = 0x110;

    /// <summary>Offset of <see cref="Budget"/>.</summary>
    public const int BudgetOffset = 0x118;

    /// <summary>Offset of <see cref="Tlb"/>.</summary>
    public const int TlbOffset = 0x120;

    /// <summary>Offset of <see cref="Csr"/>.</summary>
    public const int CsrOffset = 0x128;

    /// <summary>Offset of <see cref="Attention"/>.</summary>
    public const int AttentionOffset = 0x130;

    /// <summary>Offset of <see cref="Plv"/>.</summary>
    public const int PlvOffset = 0x134;

    /// <summary>Offset of <see cref="Vm"/>.</summary>
    public const int VmOffset = 0x135;

    /// <summary>Offset of <see cref="Llbit"/>.</summary>
    public const int LlbitOffset = 0x136;

    /// <summary>Offset of <see cref="Units"/>.</summary>
    public const int UnitsOffset = 0x138;

    /// <summary>Offset of <see cref="HostFp"/>.</summary>
    public const int HostFpOffset = 0x139;

    /// <summary>Offset of <see cref="Restricted"/>.</summary>
    public const int RestrictedOffset = 0x13A;

    /// <summary>Offset of <see cref="HostMxcsr"/>.</summary>
    public const int HostMxcsrOffset = 0x13C;

    /// <summary>Offset of <see cref="TrapAddress"/>.</summary>
    public const int TrapAddressOffset = 0x140;

    /// <summary>Offset of <see cref="LlAddress"/>.</summary>
    public const int LlAddressOffset = 0x148;

    /// <summary>Offset of <see cref="LlValue"/>.</summary>
    public const int LlValueOffset = 0x150;

    /// <summary>Offset of <see cref="Retired"/>.</summary>
    public const int RetiredOffset = 0x158;

    /// <summary>Offset of <see cref="Fcsr"/>.</summary>
    public const int FcsrOffset = 0x160;

    /// <summary>Offset of <see cref="LastFp"/>.</summary>
    public const int LastFpOffset = 0x164;

    /// <summary>Offset of <see cref="Fcc"/>.</summary>
    public const int FccOffset = 0x168;

    /// <summary>Offset of <see cref="TrapWord"/>.</summary>
    public const int TrapWordOffset = 0x170;

    /// <summary>Offset of <see cref="Vr"/>.</summary>
    public const int VrOffset = 0x180;

    /// <summary>Offset of <see cref="LastFpOperands"/>.</summary>
    public const int LastFpOperandsOffset = VrOffset + (32 * 32);

    /// <summary>Offset of <see cref="Access"/>.</summary>
    public const int AccessOffset = LastFpOperandsOffset + (3 * 32);

    /// <summary>Offset of <see cref="Events"/>.</summary>
    public const int EventsOffset = AccessOffset + (8 * 8);

    /// <summary>Size of the block.</summary>
    public const int SizeInBytes = EventsOffset + (8 * 8);

    /// <summary>Entries of one way of a software TLB (32 bytes each).</summary>
    public const int SoftTlbEntries = 4096;

    /// <summary>Bytes of a way, entries and the engine's words; the second one lies behind the first.</summary>
    public const int SoftTlbWayBytes = SoftTlbEntries * (32 + 8);

    /// <summary>log2 of the size of a <see cref="SoftTlbEntry"/>.</summary>
    public const int SoftTlbEntryShift = 5;

    /// <summary>Software TLB entry of a virtual address; its tag still has to be compared.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SoftTlbEntry* TlbEntry(CpuState* s, ulong va) =>
        (SoftTlbEntry*)((byte*)s->Tlb
        + ((va >> (12 - SoftTlbEntryShift)) & ((SoftTlbEntries - 1) << SoftTlbEntryShift)));

    /// <summary>Writes a general register; a write to r0 is dropped.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteGpr(CpuState* s, int register, ulong value) =>
        ((ulong*)s)[register == 0 ? SinkRegister : register] = value;

    /// <summary>
    /// The 32 bytes of vector register <paramref name="register"/>; its first 8 bytes are the FP register.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong* Vector(CpuState* s, int register) => (ulong*)((byte*)s + VrOffset + (register * 32));
}
