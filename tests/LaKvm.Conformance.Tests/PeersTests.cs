using LaKvm.Tests.Support;

namespace LaKvm.Conformance.Tests;

/// <summary>What the other tests of this project build on.</summary>
public sealed class PeersTests
{
    [Fact]
    [Trait("Category", "Slow")]
    public void Cross_compiled_program_runs_on_qemu()
    {
        string directory = Peers.CreateDirectory();
        File.WriteAllText(Path.Combine(directory, "hello.c"),
            """
            #include <stdio.h>
            int main(void) { return printf("%d\n", __loongarch_grlen) < 0; }
            """);
        Peers.Run(directory, "loongarch64-linux-gnu-gcc -static hello.c -o hello && qemu-loongarch64 ./hello").Should()
            .Be("64\n");
        Directory.Delete(directory, recursive: true);
    }
}
