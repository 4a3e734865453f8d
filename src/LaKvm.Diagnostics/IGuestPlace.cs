namespace LaKvm.Diagnostics;

/// <summary>What executes guest code on a thread: a core, or a virtual one.</summary>
public interface IGuestPlace
{
    /// <summary>Its number, as the guest counts.</summary>
    int CoreNumber { get; }

    /// <summary>Virtual address of the instruction that it executes, or has left its guest by.</summary>
    ulong GuestPc { get; }
}
