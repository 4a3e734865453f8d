namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>A piece of code, and the state and memory that it starts from.</summary>
internal sealed class Block
{
    /// <summary>What a generator makes this block of.</summary>
    public ulong Seed;

    /// <summary>The instructions, without what the runner puts around them.</summary>
    public List<uint> Code = [];

    /// <summary>
    /// Index of the first instruction of each item, then the number of instructions. Instructions of an item belong
    /// together: without one of them the others may do what is not defined.
    /// </summary>
    public List<int> Items = [];

    /// <summary>State at the first instruction. Addresses of data are those in window <see cref="Window"/>.</summary>
    public MachineState Start;

    /// <summary>The writable part of the data window.</summary>
    public ulong[] Data = new ulong[Layout.Writable / 8];

    /// <summary>The place in a batch that the addresses in registers belong to.</summary>
    public int Window;

    /// <summary>Address of the first instruction.</summary>
    public ulong Address => Start.Pc;

    /// <summary>Address behind the last instruction.</summary>
    public ulong End => Start.Pc + ((ulong)Code.Count * 4);

    public ulong WindowBase => Layout.Data + ((ulong)Window * Layout.Window);

    /// <summary>An independent copy.</summary>
    public Block Copy() => new() { Seed = Seed, Code = [.. Code], Items = [.. Items], Start = Start, Data = [.. Data],
        Window = Window };
}
