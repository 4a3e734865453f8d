namespace LaKvm.Translator.Tests;

/// <summary>What is known of kinds of vector instructions.</summary>
public sealed class VectorShapeTests
{
    public static TheoryData<string> Kinds() => [.. Enum.GetNames<VectorKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Kind_has_a_family_unless_it_is_none(string name)
    {
        VectorKind kind = Enum.Parse<VectorKind>(name);
        (VectorShape.Of(kind).Family == VectorFamily.None).Should().Be(kind == VectorKind.None);
    }
}
