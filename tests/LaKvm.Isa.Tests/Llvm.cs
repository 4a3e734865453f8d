using System.Diagnostics;

namespace LaKvm.Isa.Tests;

/// <summary>A test that runs LLVM 19's tools; skipped where they are not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LlvmFactAttribute : FactAttribute
{
    public LlvmFactAttribute()
    {
        if (!Llvm.IsInstalled)
        {
            Skip = "llvm-mc-19 is not installed";
        }
    }
}

/// <summary>Runs llvm-mc as the reference assembler and disassembler.</summary>
internal static class Llvm
{
    private const string Features = "--triple=loongarch64 --mattr=+d,+lsx,+lasx,+lvz,+lbt --show-encoding";

    public static readonly bool IsInstalled = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Any(path => File.Exists(Path.Combine(path, "llvm-mc-19")));

    /// <summary>The text of each word, with a space behind the mnemonic; null for an invalid one.</summary>
    public static string?[] Disassemble(IReadOnlyList<uint> words)
    {
        string input = string.Concat(words.Select(
            word => $"0x{word & 255:x2} 0x{word >> 8 & 255:x2} 0x{word >> 16 & 255:x2} 0x{word >> 24:x2}\n"));
        Queue<(uint Word, string Text)> lines = new(Parse(Run($"{Features} --disassemble", input)));

        // An invalid word leaves no line; the encoding tells which word a line belongs to.
        return words.Select(word => lines.TryPeek(out (uint Word, string) line) && line.Word == word
            ? lines.Dequeue().Text
            : null).ToArray();
    }

    /// <summary>The words that a source assembles to.</summary>
    public static uint[] Assemble(string source) => Parse(Run(Features, source)).Select(line => line.Word).ToArray();

    private static IEnumerable<(uint Word, string Text)> Parse(string output)
    {
        const string Marker = "# encoding: [";
        foreach (string line in output.Split('\n'))
        {
            int marker = line.IndexOf(Marker, StringComparison.Ordinal);
            if (marker >= 0)
            {
                string[] bytes = line[(marker + Marker.Length)..].TrimEnd(']').Split(',');
                uint word = BitConverter.ToUInt32(bytes.Select(text => Convert.ToByte(text, 16)).ToArray());
                yield return (word, line[..marker].Trim().Replace('\t', ' '));
            }
        }
    }

    private static string Run(string arguments, string input)
    {
        using Process process = Process.Start(new ProcessStartInfo("llvm-mc-19", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        errors.Wait();
        return output.Result;
    }
}
