using BenchmarkDotNet.Attributes;
using LaKvm.Isa;

namespace LaKvm.Benchmarks;

/// <summary>Finding the row of the instruction table for a word.</summary>
public class DecoderBenchmarks
{
    private readonly uint[] _words = [.. new[]
    {
        "add.d $t0, $t1, $t2", "ld.d $t0, $t1, 8", "beqz $t0, 16", "fadd.d $f0, $f1, $f2", "vadd.b $vr0, $vr1, $vr2",
        "csrrd $t0, 0x5", "amadd.d $t0, $t1, $t2", "b 0",
    }.Select(Assembler.Encode)];

    /// <summary>Eight words of different kinds.</summary>
    [Benchmark(OperationsPerInvoke = 8)]
    public int Find()
    {
        int sum = 0;
        foreach (uint word in _words)
        {
            sum += (int)Decoder.Find(word);
        }

        return sum;
    }
}
