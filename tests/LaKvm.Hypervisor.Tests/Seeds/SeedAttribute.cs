namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// The test holds what a row of the documents says that this hypervisor goes back to; <see cref="SeedRows"/> lists
/// them.
/// </summary>
/// <param name="row">The row, as <see cref="SeedRows"/> names it.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class SeedAttribute(string row) : Attribute
{
    public string Row { get; } = row;
}
