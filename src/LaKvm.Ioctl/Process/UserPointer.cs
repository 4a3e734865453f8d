using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LaKvm.Memory;

namespace LaKvm.Ioctl;

/// <summary>
/// The argument of an ioctl: a number, or an address in the caller's memory (void __user *), which may be bad. The
/// typed wrappers pass addresses of their own variables: those are not checked again.
/// </summary>
public readonly unsafe struct UserPointer
{
    private readonly bool _good;

    internal UserPointer(nint value, bool good)
    {
        Value = value;
        _good = good;
    }

    /// <summary>The argument as a number.</summary>
    public nint Value { get; }

    /// <summary>Whether it is 0.</summary>
    internal bool IsNull => Value == 0;

    /// <summary>A pointer that was found in what this one points to.</summary>
    internal UserPointer To(nint address) => new(address, _good);

    /// <summary>What follows a number of bytes further on.</summary>
    internal UserPointer Skip(int bytes) => new(Value + bytes, _good);

    /// <summary>Copies a structure in; false, which is EFAULT, for a bad address.</summary>
    internal bool TryRead<T>(out T value)
        where T : unmanaged
    {
        if (_good && Value != 0)
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
        if (!_good || Value == 0)
        {
            return ProcessMemory.TryRead(Value, target);
        }

        new ReadOnlySpan<byte>((void*)Value, target.Length).CopyTo(target);
        return true;
    }

    /// <summary>Copies a structure out; false for a bad address.</summary>
    internal bool TryWrite<T>(in T value)
        where T : unmanaged
    {
        if (_good && Value != 0)
        {
            Unsafe.WriteUnaligned((void*)Value, value);
            return true;
        }

        return TryWrite(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));
    }

    /// <summary>Copies bytes out; false for a bad address.</summary>
    internal bool TryWrite(ReadOnlySpan<byte> source)
    {
        if (!_good || Value == 0)
        {
            return ProcessMemory.TryWrite(Value, source);
        }

        source.CopyTo(new Span<byte>((void*)Value, source.Length));
        return true;
    }
}
