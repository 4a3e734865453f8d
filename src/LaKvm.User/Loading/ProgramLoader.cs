using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>A program in a memory of its own, ready to begin.</summary>
internal sealed record LoadedProgram(
    HostAddressSpace Memory, UserLayout Layout, string Path, IReadOnlyList<string> Arguments, ulong Entry, ulong Stack)
{
    private const int StackPointer = 3;

    /// <summary>Sets the registers that it begins with.</summary>
    internal void Start(UserRegisters registers)
    {
        registers.Pc = Entry;
        registers.Gpr[StackPointer] = Stack;
    }
}

/// <summary>Makes a program's first memory: the file, its dynamic linker, the stack with what it is told.</summary>
internal static class ProgramLoader
{
    private const ulong StackSize = 8UL << 20, StackGap = 1UL << 20;
    private const ulong MovableProgram = 0x5555_5554_0000;
    private const int MostScripts = 4;

    /// <summary>Loads a program.</summary>
    /// <exception cref="UserProgramException">It cannot be started.</exception>
    internal static LoadedProgram Load(
        UserKernel kernel, UserProcess process, string path, IReadOnlyList<string> arguments,
            IReadOnlyList<string> environment,
        int scripts = 0)
    {
        using var file = new Reference<HostFile>(OpenProgram(process, path));
        if (ElfFile.Read(file.Value) is not { } elf)
        {
            return ScriptLine(file.Value) is { } line && scripts < MostScripts
                ? Load(kernel, process, line[0], [.. line, path, .. arguments.Skip(1)], environment, scripts + 1)
                : throw new UserProgramException($"'{path}' is no program for LoongArch Linux", Fail.NoExec);
        }

        var memory = new HostAddressSpace(kernel.Machine.Pages);
        try
        {
            return LoadImages(memory, process, path, file.Value, elf, (arguments, environment));
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    private static LoadedProgram LoadImages(
        HostAddressSpace memory, UserProcess process, string path, HostFile file, ElfFile elf,
        (IReadOnlyList<string> Arguments, IReadOnlyList<string> Environment) words)
    {
        ulong page = memory.Pages.PageSize;
        ulong stackTop = HostAddressSpace.UserEnd - page, mappingTop = stackTop - StackSize - StackGap;
        LoadedImage program = ImageLoader.Load(memory, file, elf, MovableProgram) ?? throw NoRoom(path);
        LoadedImage? linker = elf.Interpreter == null ? null
            : LoadLinker(memory, process, elf.Interpreter, ref mappingTop);
        Require(memory.MapAt(stackTop - StackSize, StackSize, new HostMapRequest(HostRights.ReadWrite)), path);
        ulong signalReturn = stackTop - StackSize - StackGap;
        Require(memory.MapAt(signalReturn, page, new HostMapRequest(HostRights.ReadWrite)), path);
        memory.CopyTo(signalReturn, SignalGroup.ReturnCode);
        memory.Protect(signalReturn, page, HostRights.Read | HostRights.Execute);
        ulong stack = InitialStack.Build(memory, stackTop, path, words.Arguments, words.Environment, program, linker)
            ?? throw new UserProgramException($"'{path}' gets more words than fit", -7); // E2BIG
        var layout = new UserLayout
        {
            MappingTop = Math.Min(mappingTop, signalReturn),
            HeapStart = program.End,
            HeapEnd = program.End,
            SignalReturn = signalReturn,
        };
        return new LoadedProgram(memory, layout, path, words.Arguments, (linker ?? program).Entry, stack);
    }

    private static LoadedImage LoadLinker(HostAddressSpace memory, UserProcess process, string path, ref ulong top)
    {
        using var file = new Reference<HostFile>(OpenProgram(process, path));
        if (ElfFile.Read(file.Value) is not { IsDynamic: true } elf)
        {
            throw new UserProgramException($"'{path}' is no dynamic linker for LoongArch", Fail.NoExec);
        }

        const ulong alignment = 1UL << 16;
        ulong size = elf.Loads.Max(s => s.Address + s.MemorySize);
        top = (top - size) & ~(alignment - 1);
        return ImageLoader.Load(memory, file.Value, elf, top) ?? throw NoRoom(path);
    }

    private static HostFile OpenProgram(UserProcess process, string path)
    {
        long result = Paths.Open(process, Linux.PathCalls.WorkingDirectory, path, 0, 0, out UserFile? file);
        return file as HostFile ?? throw new UserProgramException(
            $"'{path}' cannot be opened: {Linux.LinuxError.Describe((int)-result)}", result < 0 ? result : Fail.Access);
    }

    /// <summary>The words of a script's first line, or null.</summary>
    private static string[]? ScriptLine(HostFile file)
    {
        Span<byte> start = stackalloc byte[256];
        int length = (int)Math.Max(0, file.ReadAt(start, 0)), end = start[..length].IndexOf((byte)'\n');
        if (end < 0 || !start.StartsWith("#!"u8))
        {
            return null;
        }

        string[] words =
            System.Text.Encoding.UTF8.GetString(start[2..end]).Trim().Split(' ', 2, StringSplitOptions.TrimEntries);
        return words[0].Length == 0 ? null : words;
    }

    private static void Require(Errno error, string path)
    {
        if (error != Errno.None)
        {
            throw NoRoom(path);
        }
    }

    private static UserProgramException NoRoom(string path) =>
        new($"'{path}' does not fit into memory", Fail.NoMem);
}
