using System.Numerics;
using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// Which guest registers live in host registers inside a region: the usual ones, but where others
/// are used so much more that it pays to exchange them on the way in and back on the way out.
/// </summary>
internal sealed class RegisterAssignment
{
    /// <summary>How often a loop's code is thought to run as often as what surrounds it.</summary>
    private const int LoopWeight = 8, MaximumWeight = 512;

    /// <summary>
    /// Uses that one way out of the region and in again must save: an exchange is two stores and two loads.
    /// </summary>
    private const int ExchangeCost = 4;

    private const int FirstGpr = 1, GprCount = 32;

    private readonly sbyte[] _hostOf = new sbyte[CpuState.SinkRegister + 1];
    private readonly List<(int Usual, int Kept, int Host)> _exchanges = [];
    private readonly int[] _uses = new int[GprCount];
    private readonly int[] _weights = new int[CodeRegion.Capacity];

    /// <summary>
    /// What is exchanged: the register that has the host register elsewhere, and the one that has it here.
    /// </summary>
    public List<(int Usual, int Kept, int Host)> Exchanges => _exchanges;

    /// <summary>Whether nothing is exchanged.</summary>
    public bool IsUsual => _exchanges.Count == 0;

    /// <summary>The host register of a guest register, if it has one.</summary>
    public bool TryGet(int guest, out int register)
    {
        register = _hostOf[guest];
        return register >= 0;
    }

    /// <summary>Chooses for a region.</summary>
    public void Choose(IrRegion region, IHostTraits host)
    {
        for (int guest = 0; guest < _hostOf.Length; guest++)
        {
            _hostOf[guest] = (sbyte)host.UsualRegister(guest);
        }

        _exchanges.Clear();
        WeighLoops(region);
        int cost = ExchangeCost * CountUses(region);
        while (true)
        {
            int kept = Extreme(living: false), usual = Extreme(living: true);
            if (_uses[kept] - _uses[usual] <= cost)
            {
                return;
            }

            _exchanges.Add((usual, kept, _hostOf[usual]));
            (_hostOf[usual], _hostOf[kept]) = (-1, _hostOf[usual]);

            // Neither is looked at again.
            _uses[usual] = 0;
            _uses[kept] = int.MaxValue;
        }
    }

    /// <summary>Backward branches make loops.</summary>
    private void WeighLoops(IrRegion region)
    {
        Array.Fill(_weights, 1);
        for (int at = region.Start; at < region.End; at += 4)
        {
            ref readonly Instruction i = ref region[at].Instruction;
            if (!CodeRegion.IsDirect(i.Opcode))
            {
                continue;
            }

            int target = CodeRegion.Target(i, at);
            for (int inside = Math.Max(target, region.Start); target >= region.Start && inside <= at; inside += 4)
            {
                ref int weight = ref _weights[(inside - region.Start) >> 2];
                weight = Math.Min(weight * LoopWeight, MaximumWeight);
            }
        }
    }

    /// <summary>Counts the uses of registers; returns how often the region is left.</summary>
    private int CountUses(IrRegion region)
    {
        Array.Clear(_uses);
        int ways = 1;
        for (int at = region.Start; at < region.End; at += 4)
        {
            ref readonly Node node = ref region[at];
            ref readonly Instruction i = ref node.Instruction;
            OpcodeInfo info = node.Info;
            int weight = _weights[(at - region.Start) >> 2];
            for (uint used = node.Reads | node.Writes; used != 0; used &= used - 1)
            {
                _uses[BitOperations.TrailingZeroCount(used)] += weight;
            }

            bool leaves = info.IsPrivileged
                || (info.EndsBlock && !(CodeRegion.IsDirect(i.Opcode) && region.IsInside(CodeRegion.Target(i, at))));
            ways += leaves ? weight : 0;
        }

        return ways;
    }

    /// <summary>
    /// Of the registers that live in memory the most used, or of those that live in a host register the least.
    /// </summary>
    private int Extreme(bool living)
    {
        int best = 0;
        for (int guest = FirstGpr; guest < GprCount; guest++)
        {
            bool isBetter = best == 0 || (living ? _uses[guest] < _uses[best] : _uses[guest] > _uses[best]);
            if (_hostOf[guest] >= 0 == living && isBetter)
            {
                best = guest;
            }
        }

        return best;
    }
}
