using LaKvm.Devices;
using LaKvm.Tests.Support;

namespace LaKvm.Conformance.Tests.Board;

/// <summary>Our board with four cores, of which core 0 makes the accesses.</summary>
internal sealed class OurBoard : IBoard, ICoreInterrupts, IMachineControl
{
    public const int Cores = 4;

    private readonly BoardMachine _machine;
    private uint _lines;

    // Time stands still: no register of the board that is compared depends on it.
    public OurBoard() => _machine = new BoardMachine(
        new BoardMachineOptions { Cores = Cores, RamSize = BoardLayout.RamGranule },
        FixedSources.Create(), this, this);

    public BoardOutcome[] Run(IReadOnlyList<BoardAccess> accesses)
    {
        _machine.Reset();
        return [.. accesses.Select(Perform)];
    }

    public void SetLine(int core, int estatBit, bool level)
    {
        if (core == 0)
        {
            _lines = level ? _lines | (1u << estatBit) : _lines & ~(1u << estatBit);
        }
    }

    public void PowerOff() => throw new InvalidOperationException("No sequence switches the board off.");

    public void Reboot() => throw new InvalidOperationException("No sequence resets the board.");

    public void Dispose() => _machine.Dispose();

    private BoardOutcome Perform(BoardAccess access)
    {
        ulong value = 0;
        switch (access)
        {
            case { Iocsr: true, Write: true }:
                _machine.WriteIocsr(0, access.Address, access.Size, access.Value);
                break;
            case { Iocsr: true }:
                value = _machine.ReadIocsr(0, access.Address, access.Size);
                break;
            case { Write: true }:
                _machine.WriteMmio(access.Address, access.Size, access.Value);
                break;
            default:
                value = _machine.ReadMmio(access.Address, access.Size);
                break;
        }

        return new BoardOutcome(access.Carried(value), _lines & BoardOutcome.LineMask);
    }
}
