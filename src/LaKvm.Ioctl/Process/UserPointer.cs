using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LaKvm.Ioctl;

/// <summary>
/// The argument of an ioctl: a number, or an address in the caller's memory (void __user *), which may be bad. The
/// typed wrappers pass addresses of their own variables: those are not checked again.
/// </summary>
public readonly unsafe struct UserPointer
{
    private readonly IUserMemory? _memory;

    /// <summary>A pointer into some memory; into this .NET process's own, and a good one, if that is null.</summary>
    public UserPointer(nint value, IUserMemory? memory)
    {
        Value = value;
        _memory = memory;
    }

    /// <summary>The argument as a number.</summary>
    public nint Value { get; }

    /// <summary>Whether it is 0.</summary>
    internal bool IsNull => Value == 0;

    private bool IsGood => _memory == null && Value != 0;

    private IUserMemory Memory => _memory ?? OwnMemory.Instance;

    /// <summary>A pointer that was found in what this one points to.</summary>
    internal UserPointer To(nint address) => new(address, _memory);

    /// <summary>What follows a number of bytes further on.</summary>
    internal UserPointer Skip(int bytes) => new(Value + bytes, _memory);

    /// <summary>Copies a structure in; false, which is EFAULT, for a bad address.</summary>
    internal bool TryRead<T>(out T value)
        where T : unmanaged
    {
        if (IsGood)
        {
            value = Unsafe.ReadUnaligned<T>((void*)Value);
            return true;
        }

        value = default;
        return TryRead(MemoryMarshal.AsBytes(new Span<T>(ref value)));
    }

    /// <summary>Copies bytes in; false for a bad address.</summary>
    internal bool TryRead(Span<byte> target)
    {
        if (!IsGood)
        {
            return Memory.TryRead(Value, target);
        }

        new ReadOnlySpan<byte>((void*)Value, target.Length).CopyTo(target);
        return true;
    }

    /// <summary>Copies a structure out; false for a bad address.</summary>
    internal bool TryWrite<T>(in T value)
        where T : unmanaged
    {
        if (IsGood)
        {
            Unsafe.WriteUnaligned((void*)Value, value);
            return true;
        }

        return TryWrite(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));
    }

    /// <summary>Copies bytes out; false for a bad address.</summary>
    internal bool TryWrite(ReadOnlySpan<byte> source)
    {
        if (!IsGood)
        {
            return Memory.TryWrite(Value, source);
        }

        source.CopyTo(new Span<byte>((void*)Value, source.Length));
        return true;
    }
}
