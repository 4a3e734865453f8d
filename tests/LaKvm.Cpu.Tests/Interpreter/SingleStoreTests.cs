namespace LaKvm.Cpu.Tests.Interpreter;

/// <summary>
/// A store that the software TLB does not answer is one store all the same: what another core answers to it must stay.
/// The queue of a lock depends on it: who stores its link twice may do so the second time into a queue that is already
/// another.
/// </summary>
public sealed unsafe class SingleStoreTests
{
    private const ulong Address = 0x30_0000, Mark = 0x8080_8080_8080_8080;

    private const int Rounds = 50_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Answer_to_a_store_is_not_overwritten(int size)
    {
        using var machine = new TestMachine();
        byte* place = machine.Memory.Pointer(Address);
        ulong mask = ulong.MaxValue >> (64 - (8 * size));
        bool isOver = false;
        var other = new Thread(() => Answer(place, size, mask, ref isOver));
        other.Start();
        try
        {
            for (int round = 1; round <= Rounds; round++)
            {
                ulong question = (((ulong)round % 0x7F) + 1) * 0x0101_0101_0101_0101 & mask & ~Mark;
                _ = machine.Core.StoreSlow(Address, size, &question);
                IsAnswered(place, size).Should().BeTrue($"the answer must not be lost, in round {round}");
            }
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            other.Join();
        }
    }

    private static bool IsAnswered(byte* place, int size) =>
        (Read(place, size) & Mark) != 0 || SpinWait.SpinUntil(() => (Read(place, size) & Mark) != 0, 60_000);

    /// <summary>Answers each question once, by its complement in the upper bits.</summary>
    private static void Answer(byte* place, int size, ulong mask, ref bool isOver)
    {
        ulong answered = 0;
        while (!Volatile.Read(ref isOver))
        {
            ulong question = Read(place, size);
            if ((question & Mark) == 0 && question != answered && question != 0)
            {
                answered = question;
                Write(place, size, (question | Mark) & mask);
            }
        }
    }

    private static ulong Read(byte* place, int size) => size switch
    {
        1 => Volatile.Read(ref *place),
        2 => Volatile.Read(ref *(ushort*)place),
        4 => Volatile.Read(ref *(uint*)place),
        _ => Volatile.Read(ref *(ulong*)place),
    };

    private static void Write(byte* place, int size, ulong value)
    {
        switch (size)
        {
            case 1: Volatile.Write(ref *place, (byte)value); break;
            case 2: Volatile.Write(ref *(ushort*)place, (ushort)value); break;
            case 4: Volatile.Write(ref *(uint*)place, (uint)value); break;
            default: Volatile.Write(ref *(ulong*)place, value); break;
        }
    }
}
