using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>The arguments of a system call: a0 to a5.</summary>
internal readonly struct CallArguments
{
    private const int FirstArgument = 4;

    private readonly ulong _a0, _a1, _a2, _a3, _a4, _a5;

    /// <summary>Takes them from a thread that has executed the instruction.</summary>
    internal CallArguments(UserRegisters registers)
    {
        Span<ulong> gpr = registers.Gpr[FirstArgument..];
        (_a0, _a1, _a2, _a3, _a4, _a5) = (gpr[0], gpr[1], gpr[2], gpr[3], gpr[4], gpr[5]);
    }

    /// <summary>An argument as a word.</summary>
    internal ulong this[int index] => index switch { 0 => _a0, 1 => _a1, 2 => _a2, 3 => _a3, 4 => _a4, _ => _a5 };

    /// <summary>An argument of 32 bits with sign.</summary>
    internal int Int(int index) => (int)this[index];

    /// <summary>An argument of 32 bits without sign.</summary>
    internal uint UInt(int index) => (uint)this[index];
}

/// <summary>A system call: its result, or a negative error number.</summary>
internal delegate long Call(UserThread thread, in CallArguments arguments);
