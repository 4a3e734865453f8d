using LaKvm.Cpu;

namespace LaKvm.Tests.Support;

/// <summary>What is around a core in tests that are about its instructions alone: no devices.</summary>
internal sealed class NoBus : ICoreBus
{
    public bool Answers(ulong physicalAddress, int size) => true;

    public ulong ReadMmio(ulong physicalAddress, int size) => 0;

    public void WriteMmio(ulong physicalAddress, int size, ulong value)
    {
    }

    public ulong ReadIocsr(int core, uint address, int size) => 0;

    public void WriteIocsr(int core, uint address, int size, ulong value)
    {
    }
}

/// <summary>Time that stands still, so that every run is the same.</summary>
internal sealed class StoppedClock : IClock
{
    public ulong Ticks => 0;
}
