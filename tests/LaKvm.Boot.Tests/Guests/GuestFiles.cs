using System.Diagnostics;
using LaKvm.Isa;

namespace LaKvm.Boot.Tests.Guests;

/// <summary>The programs under guests/: sources, expected output, and how to build them.</summary>
internal static class GuestFiles
{
    /// <summary>Where every guest is linked to.</summary>
    internal const ulong LoadAddress = 0x20_0000;

    private static readonly string Root = FindRoot();

    /// <summary>What a guest prints from start to power-off.</summary>
    internal static string Expected(string name) => File.ReadAllText(Path.Combine(Root, name, "expected.txt"));

    /// <summary>Assembles a guest with the project's own assembler; its console routines stand behind it.</summary>
    internal static byte[] Assemble(string name)
    {
        string guest = File.ReadAllText(Path.Combine(Root, name, "guest.s"));
        string console = File.ReadAllText(Path.Combine(Root, "common", "console.s"));
        return Assembler.Assemble(guest + console, LoadAddress).BytesOrThrow();
    }

    /// <summary>Builds all guests with LLVM into a directory: NAME.elf each.</summary>
    internal static void Build(string directory)
    {
        using Process build = Process.Start(Path.Combine(Root, "build.sh"), [directory]);
        build.WaitForExit();
        build.ExitCode.Should().Be(0, "clang-19 and lld-19 build the guests");
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory != null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "LaKvm.sln")))
            {
                return Path.Combine(directory.FullName, "guests");
            }
        }

        throw new DirectoryNotFoundException("The tests run inside the repository.");
    }
}
