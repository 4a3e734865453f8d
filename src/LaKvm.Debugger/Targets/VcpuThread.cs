using System.Buffers.Binary;
using LaKvm.Cpu;
using LaKvm.Ioctl;
using LaKvm.Vmm;

namespace LaKvm.Debugger;

/// <summary>
/// A vCPU, seen through KVM's interface: what is in the TLB is not to be had there, so tables are walked.
/// </summary>
/// <param name="vcpu">The vCPU.</param>
/// <param name="id">Its number.</param>
/// <param name="machine">Its machine.</param>
public sealed class VcpuThread(Vcpu vcpu, int id, VirtualMachine machine) : IDebugThread
{
    /// <summary>struct kvm_fpu: FCSR0, then the condition flags, then 32 registers of 32 bytes.</summary>
    private const int FcsrOffset = 0, FccOffset = 8, VectorOffset = 16, VectorBytes = 32;

    /// <inheritdoc/>
    public int Cpu => id;

    /// <inheritdoc/>
    public string Name => $"vCPU {id}";

    /// <inheritdoc/>
    public bool HasRegisters => true;

    /// <inheritdoc/>
    public ulong Pc
    {
        get => vcpu.GetRegisters().Pc;
        set => vcpu.SetRegisters(vcpu.GetRegisters().Gpr, value);
    }

    /// <inheritdoc/>
    public uint Fcsr
    {
        get => BinaryPrimitives.ReadUInt32LittleEndian(vcpu.GetFpu().AsSpan(FcsrOffset));
        set => ChangeFpu(fpu => BinaryPrimitives.WriteUInt32LittleEndian(fpu.AsSpan(FcsrOffset), value));
    }

    /// <inheritdoc/>
    public ulong Fcc
    {
        get => BinaryPrimitives.ReadUInt64LittleEndian(vcpu.GetFpu().AsSpan(FccOffset));
        set => ChangeFpu(fpu => BinaryPrimitives.WriteUInt64LittleEndian(fpu.AsSpan(FccOffset), value));
    }

    /// <inheritdoc/>
    public string Describe() => $"PLV{vcpu.GetCsr(Csr.Crmd) & Crmd.PlvMask}";

    /// <inheritdoc/>
    public ulong ReadGpr(int number) => vcpu.GetRegisters().Gpr[number];

    /// <inheritdoc/>
    public void WriteGpr(int number, ulong value)
    {
        (ulong[] gpr, ulong pc) = vcpu.GetRegisters();
        gpr[number] = value;
        vcpu.SetRegisters(gpr, pc);
    }

    /// <inheritdoc/>
    public void ReadVector(int number, Span<byte> bytes) =>
        vcpu.GetFpu().AsSpan(VectorOffset + (number * VectorBytes), VectorBytes).CopyTo(bytes);

    /// <inheritdoc/>
    public void WriteVector(int number, ReadOnlySpan<byte> bytes)
    {
        byte[] fpu = vcpu.GetFpu();
        bytes.CopyTo(fpu.AsSpan(VectorOffset + (number * VectorBytes), VectorBytes));
        vcpu.SetFpu(fpu);
    }

    /// <inheritdoc/>
    public ulong ReadCsr(CsrFile file, int number) => vcpu.GetCsr(number);

    /// <inheritdoc/>
    public void WriteCsr(CsrFile file, int number, ulong value)
    {
        ulong writable = CsrTable.Find(number)?.Writable ?? 0;
        vcpu.SetCsr(number, (vcpu.GetCsr(number) & ~writable) | (value & writable));
    }

    /// <inheritdoc/>
    public bool Translate(ulong va, out ulong physical, ICollection<string>? steps = null) =>
        new PageWalk(vcpu.GetCsr, ReadWord).Translate(va, out physical, steps);

    /// <inheritdoc/>
    public bool TranslateSecondStage(ulong gpa, out ulong physical, ICollection<string> steps) =>
        machine.Vm.WalkSecondStage(gpa, out physical, steps);

    /// <inheritdoc/>
    public bool ReadPhysical(ulong address, Span<byte> bytes) => machine.Ram.Read(address, bytes);

    /// <inheritdoc/>
    public bool WritePhysical(ulong address, ReadOnlySpan<byte> bytes) => machine.Ram.Write(address, bytes);

    /// <inheritdoc/>
    public IEnumerable<string> Tlb() => [];

    private void ChangeFpu(Action<byte[]> change)
    {
        byte[] fpu = vcpu.GetFpu();
        change(fpu);
        vcpu.SetFpu(fpu);
    }

    private ulong? ReadWord(ulong address)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        return machine.Ram.Read(address, word) ? BitConverter.ToUInt64(word) : null;
    }
}
