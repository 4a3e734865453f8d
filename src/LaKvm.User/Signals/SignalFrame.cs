using System.Runtime.InteropServices;
using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>
/// What a handler's stack holds (arch/loongarch/include/uapi/asm/{ucontext,sigcontext}.h): siginfo, then ucontext with
/// the signal mask and the registers, then extended contexts, each with a header of 16 bytes (magic, size), the last
/// one
/// of size 0. All registers are saved as the context of 256-bit vectors, which the narrower ones are parts of.
/// </summary>
internal static class SignalFrame
{
    private const int InfoSize = 128, Context = InfoSize;
    private const int StackAt = Context + 16, MaskAt = Context + 40, MachineAt = Context + 176;
    private const int PcAt = MachineAt, RegistersAt = MachineAt + 8, FlagsAt = MachineAt + 264, ExtendedAt = MachineAt
        + 272;
    private const int HeaderSize = 16, VectorBytes = 32 * 32, WideSize = HeaderSize + VectorBytes + 16;
    private const int FrameSize = ExtendedAt + WideSize + HeaderSize;
    private const ulong Width = 32;
    private const uint UsedFp = 1;
    private const uint FpuMagic = 0x4650_5501, LsxMagic = 0x5358_0001, LasxMagic = 0x4153_5801;

    /// <summary>Writes a frame below an address and returns its own; 0 if there is no memory for it.</summary>
    internal static ulong Push(
        HostAddressSpace memory, UserRegisters registers, ulong stack, in SignalInfo info, ulong mask,
            in AlternateStack alternate)
    {
        // The registers' context is aligned to their width.
        ulong address = ((stack - FrameSize - Width) & ~(Width - 1)) + (Width - ((ExtendedAt + HeaderSize) % Width));
        byte[] frame = new byte[FrameSize];
        MemoryMarshal.Write(frame, info.Number);
        MemoryMarshal.Write(frame.AsSpan(8), info.Code);
        MemoryMarshal.Write(frame.AsSpan(16), info.First);
        MemoryMarshal.Write(frame.AsSpan(24), info.Second);
        MemoryMarshal.Write(frame.AsSpan(StackAt), alternate);
        MemoryMarshal.Write(frame.AsSpan(MaskAt), mask);
        MemoryMarshal.Write(frame.AsSpan(PcAt), registers.Pc);
        MemoryMarshal.AsBytes(registers.Gpr).CopyTo(frame.AsSpan(RegistersAt));
        MemoryMarshal.Write(frame.AsSpan(FlagsAt), UsedFp);
        Span<byte> wide = frame.AsSpan(ExtendedAt);
        MemoryMarshal.Write(wide, LasxMagic);
        MemoryMarshal.Write(wide[4..], WideSize);
        MemoryMarshal.AsBytes(registers.Vector).CopyTo(wide[HeaderSize..]);
        MemoryMarshal.Write(wide[(HeaderSize + VectorBytes)..], registers.Fcc);
        MemoryMarshal.Write(wide[(HeaderSize + VectorBytes + 8)..], registers.Fcsr);
        return memory.CopyTo(address, frame) ? address : 0;
    }

    /// <summary>Address of the ucontext in a frame.</summary>
    internal static ulong ContextOf(ulong frame) => frame + Context;

    /// <summary>Takes registers, mask and alternate stack back from a frame; false if it cannot be read.</summary>
    internal static bool TryPop(
        HostAddressSpace memory, ulong frame, UserRegisters registers, out ulong mask, out AlternateStack alternate)
    {
        byte[] bytes = new byte[ExtendedAt];
        if (!memory.CopyFrom(frame, bytes))
        {
            (mask, alternate) = (0, default);
            return false;
        }

        alternate = MemoryMarshal.Read<AlternateStack>(bytes.AsSpan(StackAt));
        mask = MemoryMarshal.Read<ulong>(bytes.AsSpan(MaskAt));
        registers.Pc = MemoryMarshal.Read<ulong>(bytes.AsSpan(PcAt));
        bytes.AsSpan(RegistersAt, 32 * sizeof(ulong)).CopyTo(MemoryMarshal.AsBytes(registers.Gpr));
        registers.Gpr[0] = 0;
        return PopExtended(memory, frame + ExtendedAt, registers);
    }

    /// <summary>
    /// A handler may have changed the contexts, and a library may have made them: any of the kinds is taken.
    /// </summary>
    private static bool PopExtended(HostAddressSpace memory, ulong at, UserRegisters registers)
    {
        const int mostContexts = 8;
        for (int i = 0; i < mostContexts; i++)
        {
            if (!memory.TryRead(at, out uint magic) || !memory.TryRead(at + 4, out uint size))
            {
                return false;
            }

            int words = magic switch { FpuMagic => 1, LsxMagic => 2, LasxMagic => 4, _ => 0 };
            if (words != 0 && !PopVectors(memory, at + HeaderSize, words, registers))
            {
                return false;
            }

            if (size == 0)
            {
                return true;
            }

            at += size;
        }

        return false;
    }

    private static bool PopVectors(HostAddressSpace memory, ulong at, int words, UserRegisters registers)
    {
        var values = new ulong[32 * words];
        if (!memory.CopyFrom(at, MemoryMarshal.AsBytes(values.AsSpan()))
            || !memory.TryRead(at + (ulong)(values.Length * 8), out ulong fcc)
            || !memory.TryRead(at + (ulong)(values.Length * 8) + 8, out uint fcsr))
        {
            return false;
        }

        for (int i = 0; i < 32; i++)
        {
            values.AsSpan(i * words, words).CopyTo(registers.Vector[(i * 4)..]);
        }

        (registers.Fcc, registers.Fcsr) = (fcc, fcsr);
        return true;
    }
}

/// <summary>sigaltstack(2): where handlers run that ask for it (stack_t).</summary>
[StructLayout(LayoutKind.Sequential)]
internal record struct AlternateStack(ulong Address, int Flags, ulong Size)
{
    /// <summary>SS_ONSTACK and SS_DISABLE.</summary>
    internal const int OnStack = 1, Disabled = 2;

    /// <summary>Whether a stack pointer is in it.</summary>
    internal readonly bool Holds(ulong pointer) => Flags != Disabled && pointer - Address <= Size && pointer > Address;
}
