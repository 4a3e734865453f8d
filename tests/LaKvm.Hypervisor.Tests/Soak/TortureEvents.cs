using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>What the host does behind the guest's back, at random.</summary>
internal sealed class TortureEvents : IDisposable
{
    private const uint ScratchSlot = 3, FirstOtherSlot = 10, OtherSlots = 4;
    private const ulong OtherBase = 0x1_0000_0000;

    private readonly TortureMachine _machine;
    private readonly HostAddressSpace _space;
    private readonly ulong[] _otherAt = new ulong[OtherSlots];
    private readonly UserMemory _other;
    private readonly Lock _balloonLock = new();
    private readonly Stack<ulong> _balloon = [];
    private UserMemory? _scratch;
    private bool _scratchLogged;

    internal TortureEvents(TortureMachine machine)
    {
        _machine = machine;
        _space = machine.Process.AddressSpace;
        _other = UserMemory.Map(machine.Process, OtherSlots * 4 * machine.Page, linear: false);
        machine.Reclaim = Reclaim;
    }

    /// <summary>Events of each kind.</summary>
    internal int[] Counts { get; } = new int[10];

    /// <summary>Most huge pages seen mapped at once.</summary>
    internal ulong HugePages { get; private set; }

    /// <summary>Something happens to the host's mappings.</summary>
    internal void ChangeMemory(Random random)
    {
        HugePages = Math.Max(HugePages, _machine.Core.Statistics["hugepages"]);
        UserMemory memory = _machine.Memory[random.Next(_machine.Memory.Length)];
        ulong page = _machine.Page;
        ulong pages = (ulong)random.Next(1, 9);
        ulong start = memory.Address + ((ulong)random.NextInt64((long)(memory.Size / page - pages)) * page);
        int kind = random.Next(100) switch { < 40 => 0, < 55 => 1, < 60 => 2, < 62 => 3, < 70 => 4, < 94 => 5, _ => 6 };
        Counts[kind]++;
        switch (kind)
        {
            case 0:
                _space.SwapOut(start, pages * page).Should().Be(Errno.None);
                break;
            case 1:
                _space.ClearYoung(start, pages * page, flush: random.Next(2) == 0);
                break;
            case 2:
                _space.TestYoung(start);
                break;
            case 3:
                CopyOnWrite(memory, random);
                break;
            case 4:
                Squeeze(random);
                break;
            case 5:
                ChangeScratch(random);
                break;
            default:
                _space.Merge(_other.Address + ((ulong)random.Next(16) * page),
                    _other.Address + ((ulong)random.Next(16) * page));
                break;
        }
    }

    /// <summary>A slot that the guest does not use comes, goes or moves.</summary>
    internal void ChangeSlots(Random random)
    {
        uint index = (uint)random.Next((int)OtherSlots);
        ref ulong at = ref _otherAt[index];
        uint slot = FirstOtherSlot + index;
        Counts[7]++;
        if (at != 0 && random.Next(3) == 0)
        {
            _machine.Vm.DeleteMemoryRegion(slot);
            at = 0;
            return;
        }

        // Made, moved, or changed in its flags.
        at = OtherBase + ((ulong)((index * 64) + random.Next(0, 8) * 4) * _machine.Page);
        _machine.Core.Memory.Set(slot, (MemorySlotFlags)random.Next(2), at, 4 * _machine.Page,
            _other.Address + (index * 4 * _machine.Page)).Should().Be(Errno.None);
    }

    /// <summary>A vCPU is interrupted: by a signal, or by its device.</summary>
    internal void Disturb(Random random)
    {
        int id = random.Next(TortureGuest.Vcpus);
        if (random.Next(2) == 0)
        {
            Counts[8]++;
            _machine.Cpus[id].RequestExit();
        }
        else
        {
            Counts[9]++;
            _machine.RaiseDeviceInterrupt(id);
        }
    }

    public void Dispose() => Deflate();

    /// <summary>fork: everything is shared with a copy until either side writes. The copy then goes again.</summary>
    private void CopyOnWrite(UserMemory memory, Random random)
    {
        ulong copy = _space.CloneCopyOnWrite(memory.Address);
        if (copy != 0)
        {
            Thread.Sleep(random.Next(5));
            _space.Unmap(copy, memory.Size).Should().Be(Errno.None);
        }
    }

    /// <summary>Takes most of the host's free pages for a moment.</summary>
    private void Squeeze(Random random)
    {
        lock (_balloonLock)
        {
            int keep = random.Next(8, 64);
            while (_machine.Host.Pages.FreePages > keep && _machine.Host.Pages.Allocate() is var page and not 0)
            {
                _balloon.Push(page);
            }
        }

        Thread.Sleep(random.Next(10));
        Deflate();
    }

    private void Deflate()
    {
        lock (_balloonLock)
        {
            while (_balloon.TryPop(out ulong page))
            {
                _machine.Host.Pages.Put(page);
            }
        }
    }

    private void Reclaim()
    {
        foreach (UserMemory memory in _machine.Memory)
        {
            _space.SwapOut(memory.Address, memory.Size / 2 & ~(_machine.Page - 1));
        }

        Thread.Sleep(1);
    }

    /// <summary>
    /// Memory in huge pages: comes, is logged (which splits them), is discarded, moves to other pages, goes.
    /// </summary>
    private void ChangeScratch(Random random)
    {
        if (_scratch == null)
        {
            ulong address = _space.Map(_machine.Host.Pages.HugeSize, linear: true);
            if (address == 0)
            {
                return; // no room now
            }

            _space.Unmap(address, _machine.Host.Pages.HugeSize);
            _scratch = UserMemory.Map(_machine.Process, _machine.Host.Pages.HugeSize);
            _machine.Vm.SetMemoryRegion(ScratchSlot, TortureGuest.Scratch, _scratch);
            _scratchLogged = false;
            return;
        }

        switch (random.Next(4))
        {
            case 0 or 1:
                _scratchLogged = !_scratchLogged;
                _machine.Vm.SetMemoryRegion(ScratchSlot, TortureGuest.Scratch, _scratch, _scratchLogged ? 1u : 0);
                break;
            case 2:
                _space.Discard(_scratch.Address + ((ulong)random.Next(16) * _machine.Page), _machine.Page);
                break;
            default:
                // The mapping goes while the slot is still there: the guest's accesses find no memory.
                _scratch.Dispose();
                Thread.Sleep(random.Next(3));
                _machine.Vm.DeleteMemoryRegion(ScratchSlot);
                _scratch = null;
                break;
        }
    }
}
