namespace LaKvm.Cpu.Tests.Fp;

/// <summary>An operation on three operands, of which it may ignore some, with the environment it runs in.</summary>
internal delegate ulong FpFunction(ulong a, ulong b, ulong c, ref FpEnvironment env);

/// <summary>Every operation that has a fast path, beside its integer-only twin.</summary>
internal sealed record FpOperation(string Name, bool Single, int Operands, FpFunction Fast, FpFunction Soft)
{
    private static readonly FpRounding[] Roundings = Enum.GetValues<FpRounding>();

    public static readonly IReadOnlyDictionary<string, FpOperation> All =
        Of<Fp32, Binary32>("s").Concat(Of<Fp64, Binary64>("d")).Concat(Conversions()).ToDictionary(o => o.Name);

    private static IEnumerable<FpOperation> Of<T, F>(string suffix)
        where T : struct, IFp
        where F : struct, IFpFormat
    {
        FpOperation Make(string name, int operands, FpFunction fast, FpFunction soft) =>
            new($"{name}.{suffix}", suffix == "s", operands, fast, soft);

        yield return Make("add", 2, (ulong a, ulong b, ulong _, ref FpEnvironment e) => T.Add(a, b, ref e),
            (ulong a, ulong b, ulong _, ref FpEnvironment e) => FpSoft<F>.Add(a, b, ref e));
        yield return Make("sub", 2, (ulong a, ulong b, ulong _, ref FpEnvironment e) => T.Subtract(a, b, ref e),
            (ulong a, ulong b, ulong _, ref FpEnvironment e) => FpSoft<F>.Subtract(a, b, ref e));
        yield return Make("mul", 2, (ulong a, ulong b, ulong _, ref FpEnvironment e) => T.Multiply(a, b, ref e),
            (ulong a, ulong b, ulong _, ref FpEnvironment e) => FpSoft<F>.Multiply(a, b, ref e));
        yield return Make("div", 2, (ulong a, ulong b, ulong _, ref FpEnvironment e) => T.Divide(a, b, ref e),
            (ulong a, ulong b, ulong _, ref FpEnvironment e) => FpSoft<F>.Divide(a, b, ref e));
        yield return Make("madd", 3, (ulong a, ulong b, ulong c, ref FpEnvironment e) => T.MultiplyAdd(a, b, c, ref e),
            (ulong a, ulong b, ulong c, ref FpEnvironment e) => FpSoft<F>.MultiplyAdd(a, b, c, ref e));
        yield return Make("sqrt", 1, (ulong a, ulong _, ulong _, ref FpEnvironment e) => T.SquareRoot(a, ref e),
            (ulong a, ulong _, ulong _, ref FpEnvironment e) => FpSoft<F>.SquareRoot(a, ref e));
        yield return Make("cmp", 2, (ulong a, ulong b, ulong _, ref FpEnvironment e) =>
            (ulong)T.Compare(a, b, true, ref e),
            (ulong a, ulong b, ulong _, ref FpEnvironment e) => (ulong)FpSoft<F>.Compare(a, b, true, ref e));
        yield return Make("max", 2, (ulong a, ulong b, ulong _, ref FpEnvironment e) => T.Max(a, b, ref e),
            (ulong a, ulong b, ulong _, ref FpEnvironment e) => FpSoft<F>.Max(a, b, ref e));
        yield return Make("min", 2, (ulong a, ulong b, ulong _, ref FpEnvironment e) => T.Min(a, b, ref e),
            (ulong a, ulong b, ulong _, ref FpEnvironment e) => FpSoft<F>.Min(a, b, ref e));
        yield return Make("maxa", 2, (ulong a, ulong b, ulong _, ref FpEnvironment e) => T.MaxMagnitude(a, b, ref e),
            (ulong a, ulong b, ulong _, ref FpEnvironment e) => FpSoft<F>.MaxMagnitude(a, b, ref e));
        yield return Make("mina", 2, (ulong a, ulong b, ulong _, ref FpEnvironment e) => T.MinMagnitude(a, b, ref e),
            (ulong a, ulong b, ulong _, ref FpEnvironment e) => FpSoft<F>.MinMagnitude(a, b, ref e));
        yield return Make("fromint", 1, (ulong a, ulong _, ulong _, ref FpEnvironment e) =>
            T.FromInteger((long)a, ref e),
            (ulong a, ulong _, ulong _, ref FpEnvironment e) => FpSoft<F>.FromInteger((long)a, ref e));
        foreach (FpRounding to in Roundings)
        {
            yield return Make($"rint-{to}", 1, (ulong a, ulong _, ulong _, ref FpEnvironment e) =>
                T.RoundToInteger(a, to, ref e),
                (ulong a, ulong _, ulong _, ref FpEnvironment e) => FpSoft<F>.RoundToInteger(a, to, ref e));
            foreach (int bits in (int[])[32, 64])
            {
                yield return Make($"toint{bits}-{to}", 1,
                    (ulong a, ulong _, ulong _, ref FpEnvironment e) => (ulong)T.ToInteger(a, bits, to, ref e),
                    (ulong a, ulong _, ulong _, ref FpEnvironment e) => (ulong)FpSoft<F>.ToInteger(a, bits, to, ref e));
            }
        }
    }

    private static IEnumerable<FpOperation> Conversions()
    {
        yield return new FpOperation(
            "cvt.s.d", false, 1, (ulong a, ulong _, ulong _, ref FpEnvironment e) => Fp32.FromDouble(a, ref e),
            (ulong a, ulong _, ulong _, ref FpEnvironment e) => FpSoft<Binary32>.ConvertFrom<Binary64>(a, ref e));
        yield return new FpOperation(
            "cvt.d.s", true, 1, (ulong a, ulong _, ulong _, ref FpEnvironment e) => Fp64.FromSingle(a, ref e),
            (ulong a, ulong _, ulong _, ref FpEnvironment e) => FpSoft<Binary64>.ConvertFrom<Binary32>(a, ref e));
    }
}
