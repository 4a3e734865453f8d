namespace LaKvm.Cpu;

/// <summary>
/// Two engines have executed the same instructions with different results. The message is a report for people.
/// </summary>
public sealed class EngineDifferenceException(string report) : Exception(report);
