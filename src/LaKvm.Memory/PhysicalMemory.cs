using System.Runtime.CompilerServices;

namespace LaKvm.Memory;

/// <summary>What a machine keeps about each 4 KiB page of RAM.</summary>
[Flags]
public enum PageFlags : byte
{
    /// <summary>Nothing special: stores take the fast path.</summary>
    None = 0,

    /// <summary>Some core has decoded instructions of this page: stores must drop them.</summary>
    HasCode = 1,
}

/// <summary>
/// The machine's RAM: blocks of host memory at physical addresses. Everything that is not in a block is MMIO.
/// Blocks are added while the machine is built; afterwards the map is read-only and safe for all threads.
/// </summary>
public sealed unsafe class PhysicalMemory : IDisposable
{
    /// <summary>log2 of the page that <see cref="PageFlags"/> describe.</summary>
    public const int PageShift = 12;

    private const ulong PageMask = (1UL << PageShift) - 1;

    /// <summary>Held while marks of code change and the cores are told.</summary>
    private readonly Lock _codeLock = new();

    private RamBlock[] _blocks = [];

    /// <summary>The blocks in order of address.</summary>
    public IReadOnlyList<RamBlock> Blocks => _blocks;

    /// <summary>
    /// Raised when a page that holds decoded instructions is written: every core drops them before it next looks at its
    /// attention flag. Called from the writing thread, which holds a lock.
    /// </summary>
    public event Action<ulong>? CodeModified;

    /// <summary>
    /// Raised when a page begins to hold decoded instructions: every core makes its stores to it slow. Called from the
    /// thread that decodes, which holds a lock.
    /// </summary>
    public event Action<ulong>? CodeAdded;

    /// <summary>Adds RAM.</summary>
    /// <exception cref="ArgumentException">Not page aligned, empty, or overlapping another block.</exception>
    public RamBlock Add(ulong physicalAddress, ulong size)
    {
        CheckPlace(physicalAddress, size);
        return Add(new RamBlock(physicalAddress, size, new HostMapping(size, hugePages: true)));
    }

    /// <summary>Adds RAM that other addresses of the process show too; it goes with this object.</summary>
    /// <exception cref="ArgumentException">Not page aligned, empty, or overlapping another block.</exception>
    public RamBlock Add(ulong physicalAddress, SharedMemory memory)
    {
        CheckPlace(physicalAddress, memory.Size);
        return Add(new RamBlock(physicalAddress, memory.Size, memory));
    }

    /// <summary>
    /// Adds memory with a content, which cores read and execute from as from RAM; what they store goes to the bus.
    /// </summary>
    /// <exception cref="ArgumentException">As of <see cref="Add(ulong, ulong)"/>.</exception>
    public void AddReadOnly(ulong physicalAddress, ReadOnlySpan<byte> content)
    {
        RamBlock block = Add(physicalAddress, ((ulong)content.Length + PageMask) & ~PageMask);
        block.ReadOnly = true;
        content.CopyTo(new Span<byte>(block.Pointer, content.Length));
    }

    private RamBlock Add(RamBlock block)
    {
        _blocks = [.. _blocks.Append(block).OrderBy(b => b.Base)];
        return block;
    }

    private void CheckPlace(ulong physicalAddress, ulong size)
    {
        if (((physicalAddress | size) & PageMask) != 0 || size == 0)
        {
            throw new ArgumentException(
                $"RAM at 0x{physicalAddress:x} of 0x{size:x} bytes is not made of 4 KiB pages.");
        }

        foreach (RamBlock other in _blocks)
        {
            if (physicalAddress < other.Base + other.Size && other.Base < physicalAddress + size)
            {
                throw new ArgumentException($"RAM at 0x{physicalAddress:x} overlaps RAM at 0x{other.Base:x}.");
            }
        }
    }

    /// <summary>Host address of a physical byte, or null outside RAM. Valid up to the end of its 4 KiB page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Pointer(ulong physicalAddress)
    {
        RamBlock? block = Find(physicalAddress);
        return block == null ? null : block.Pointer + (physicalAddress - block.Base);
    }

    /// <summary>The block that holds a physical address, or null.</summary>
    public RamBlock? Find(ulong physicalAddress)
    {
        foreach (RamBlock block in _blocks)
        {
            if (physicalAddress - block.Base < block.Size)
            {
                return block;
            }
        }

        return null;
    }

    /// <summary>Host memory of a physical range, or an empty span if it does not lie in one block.</summary>
    public Span<byte> Span(ulong physicalAddress, ulong length)
    {
        RamBlock? block = Find(physicalAddress);
        if (block == null || length > int.MaxValue || length > block.Size - (physicalAddress - block.Base))
        {
            return [];
        }

        return new Span<byte>(block.Pointer + (physicalAddress - block.Base), (int)length);
    }

    /// <summary>Flags of the page of a physical address in RAM.</summary>
    public PageFlags Flags(ulong physicalAddress) => (PageFlags)Volatile.Read(ref *FlagsOf(physicalAddress));

    /// <summary>
    /// To be called before a core decodes instructions of a page that it has not decoded from before.
    /// </summary>
    public void MarkCode(ulong physicalAddress)
    {
        byte* flags = FlagsOf(physicalAddress);
        lock (_codeLock)
        {
            if (*flags == 0)
            {
                Volatile.Write(ref *flags, (byte)PageFlags.HasCode);
                CodeAdded?.Invoke(physicalAddress & ~PageMask);
            }
        }
    }

    /// <summary>
    /// To be called after a store by the CPU's slow path or by a device (DMA) into <paramref name="length"/> bytes of
    /// RAM: drops the instructions that were decoded from the pages written.
    /// </summary>
    public void Written(ulong physicalAddress, ulong length)
    {
        if (length == 0)
        {
            return;
        }

        // Either the core that marks the page now decodes what was stored, or the mark is seen here.
        Interlocked.MemoryBarrier();
        ulong last = (physicalAddress + length - 1) >> PageShift;
        for (ulong page = physicalAddress >> PageShift; page <= last; page++)
        {
            byte* flags = FlagsOf(page << PageShift);
            if (Volatile.Read(ref *flags) != 0)
            {
                DropCode(page << PageShift, flags);
            }
        }
    }

    /// <summary>Gives all RAM back to the host.</summary>
    public void Dispose()
    {
        foreach (RamBlock block in _blocks)
        {
            block.Dispose();
        }

        _blocks = [];
    }

    /// <summary>
    /// The mark goes last: a store that finds none relies on every core having been told, and a core that marks the
    /// page again waits for the lock.
    /// </summary>
    private void DropCode(ulong page, byte* flags)
    {
        lock (_codeLock)
        {
            if (*flags != 0)
            {
                CodeModified?.Invoke(page);
                Volatile.Write(ref *flags, (byte)PageFlags.None);
            }
        }
    }

    private byte* FlagsOf(ulong physicalAddress)
    {
        RamBlock block = Find(physicalAddress) ?? throw new ArgumentOutOfRangeException(nameof(physicalAddress));
        return block.PageFlags + ((physicalAddress - block.Base) >> PageShift);
    }
}

/// <summary>One block of RAM.</summary>
public sealed unsafe class RamBlock : IDisposable
{
    private readonly IDisposable _memory;
    private readonly HostMapping _flags;

    internal RamBlock(ulong physicalAddress, ulong size, HostMapping memory)
        : this(physicalAddress, size, memory, memory.Pointer)
    {
    }

    internal RamBlock(ulong physicalAddress, ulong size, SharedMemory memory)
        : this(physicalAddress, size, memory, memory.Pointer)
    {
    }

    private RamBlock(ulong physicalAddress, ulong size, IDisposable memory, byte* pointer)
    {
        Base = physicalAddress;
        Size = size;
        Pointer = pointer;
        _memory = memory;
        _flags = new HostMapping(size >> PhysicalMemory.PageShift);
    }

    /// <summary>First physical address.</summary>
    public ulong Base { get; }

    /// <summary>Bytes.</summary>
    public ulong Size { get; }

    /// <summary>Whether stores go to the bus instead.</summary>
    public bool ReadOnly { get; internal set; }

    /// <summary>Host memory of the block.</summary>
    public byte* Pointer { get; }

    internal byte* PageFlags => _flags.Pointer;

    /// <summary>Gives the memory back to the host.</summary>
    public void Dispose()
    {
        _memory.Dispose();
        _flags.Dispose();
    }
}
