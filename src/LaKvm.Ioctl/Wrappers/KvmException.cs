namespace LaKvm.Ioctl;

/// <summary>An ioctl failed. With a correct VMM that means that the machine has not enough of something.</summary>
/// <param name="operation">What was attempted.</param>
/// <param name="error">The error number, positive.</param>
public sealed class KvmException(string operation, int error)
    : Exception($"{operation} failed: {(Hypervisor.Errno)error} ({error}).")
{
    /// <summary>Error number.</summary>
    public int Error { get; } = error;
}
