using LaKvm.Vmm;

namespace LaKvm.Cli;

/// <summary>The option for where a virtual machine's interrupt controllers are.</summary>
internal static class IrqChipOption
{
    internal const string Name = "--irqchip";

    internal const string Names = "kernel|user";

    /// <summary>Where they are; null is the default, in the hypervisor.</summary>
    /// <exception cref="UserErrorException">There is no such place.</exception>
    internal static IrqChipPlace Parse(string? text) => text?.ToLowerInvariant() switch
    {
        null or "kernel" => IrqChipPlace.Kernel,
        "user" => IrqChipPlace.User,
        _ => throw new UserErrorException($"{Name}: '{text}' is none of {Names}.", ExitCode.Usage),
    };
}
