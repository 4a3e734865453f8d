namespace LaKvm.Cpu.Tests.Fp;

/// <summary>The fast paths through the host's FPU give the bits and exceptions that integer arithmetic gives.</summary>
public sealed class FastPathTests
{
    public static TheoryData<string> Operations => [.. FpOperation.All.Keys];

    [Theory]
    [MemberData(nameof(Operations))]
    public void Fast_path_with_edge_operands_equals_soft_float(string name)
    {
        FpOperation operation = FpOperation.All[name];
        ulong[] edges = FpOperands.Edges(operation.Single);
        ulong[] second = operation.Operands > 1 ? edges : [0];
        Random random = new(1);
        foreach (ulong a in edges)
        {
            foreach (ulong b in second)
            {
                Check(operation, a, b, edges[random.Next(edges.Length)]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public void Fast_path_with_random_operands_equals_soft_float(string name) => CheckRandom(name, 50_000, seed: 2);

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Operations))]
    public void Fast_path_with_very_many_operands_equals_soft_float(string name) =>
        CheckRandom(name, 10_000_000, seed: 3);

    private static void CheckRandom(string name, int count, int seed)
    {
        FpOperation operation = FpOperation.All[name];
        Random random = new(seed);
        for (int n = 0; n < count; n++)
        {
            ulong a = FpOperands.Next(random, operation.Single), b = FpOperands.Next(random, operation.Single, a);
            ulong c = random.Next(2) == 0
                ? FpOperands.Next(random, operation.Single, a)
                : Product(operation.Single, a, b, random);
            Check(operation, a, b, c);
        }
    }

    /// <summary>About a * b: what a fused sum cancels with.</summary>
    private static ulong Product(bool single, ulong a, ulong b, Random random)
    {
        FpEnvironment env = default;
        ulong product = single ? Fp32.Multiply(a, b, ref env) : Fp64.Multiply(a, b, ref env);
        return FpOperands.Next(random, single, product);
    }

    private static void Check(FpOperation operation, ulong a, ulong b, ulong c)
    {
        FpEnvironment fast = new(FpRounding.NearestEven, FpFlags.None), soft = fast;
        ulong actual = operation.Fast(a, b, c, ref fast), expected = operation.Soft(a, b, c, ref soft);
        if (actual != expected || fast.Flags != soft.Flags)
        {
            Assert.Fail($"{operation.Name} {a:x} {b:x} {c:x}: {actual:x} {fast.Flags}, not {expected:x} {soft.Flags}");
        }
    }
}
