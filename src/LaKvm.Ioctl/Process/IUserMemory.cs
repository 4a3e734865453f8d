using LaKvm.Hypervisor;
using LaKvm.Memory;

namespace LaKvm.Ioctl;

/// <summary>Memory that a process's pointers point into; they may be bad.</summary>
public interface IUserMemory
{
    /// <summary>Copies from an address; false if a part of it cannot be read.</summary>
    bool TryRead(nint address, Span<byte> target);

    /// <summary>
    /// Copies to an address; false if a part of it cannot be written, parts before that may have been.
    /// </summary>
    bool TryWrite(nint address, ReadOnlySpan<byte> source);
}

/// <summary>The memory of this .NET process.</summary>
internal sealed class OwnMemory : IUserMemory
{
    internal static readonly OwnMemory Instance = new();

    public bool TryRead(nint address, Span<byte> target) => ProcessMemory.TryRead(address, target);

    public bool TryWrite(nint address, ReadOnlySpan<byte> source) => ProcessMemory.TryWrite(address, source);
}

/// <summary>The memory of a program that runs on the machine itself.</summary>
public sealed class ProgramMemory(HostAddressSpace space) : IUserMemory
{
    /// <inheritdoc/>
    public bool TryRead(nint address, Span<byte> target) => space.CopyFrom((ulong)address, target);

    /// <inheritdoc/>
    public bool TryWrite(nint address, ReadOnlySpan<byte> source) => space.CopyTo((ulong)address, source);
}
