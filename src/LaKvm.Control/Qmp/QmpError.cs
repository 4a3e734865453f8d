namespace LaKvm.Control;

/// <summary>Why a request is not carried out.</summary>
/// <param name="kind">QMP's class of the error: GenericError, CommandNotFound, DeviceNotFound, DeviceNotActive.</param>
/// <param name="message">What is wrong, for a person.</param>
internal sealed class QmpError(string kind, string message) : Exception(message)
{
    /// <summary>QMP's class.</summary>
    internal string Kind => kind;

    /// <summary>An error without a class of its own.</summary>
    internal static QmpError Generic(string message) => new("GenericError", message);
}
