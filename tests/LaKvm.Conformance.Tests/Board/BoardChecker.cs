using System.Text;

namespace LaKvm.Conformance.Tests.Board;

/// <summary>Runs sequences on two boards and finds the first access on which they differ.</summary>
internal sealed class BoardChecker(IBoard ours, IBoard theirs)
{
    /// <summary>The difference that a sequence leads to, as small as it gets, or null.</summary>
    public string? Check(List<BoardAccess> accesses)
    {
        int at = FirstDifference(accesses);
        return at < 0 ? null : Describe(Shrink(accesses[..(at + 1)]));
    }

    /// <summary>Takes accesses away, many at once first, as long as the rest still differs.</summary>
    public List<BoardAccess> Shrink(List<BoardAccess> accesses)
    {
        for (int count = accesses.Count / 2; count > 0; count /= 2)
        {
            for (int start = accesses.Count - count; start >= 0; start = Math.Min(start, accesses.Count) - count)
            {
                List<BoardAccess> candidate = [.. accesses[..start], .. accesses[(start + count)..]];
                int at = FirstDifference(candidate);
                if (at >= 0)
                {
                    accesses = candidate[..(at + 1)];
                }
            }
        }

        return accesses;
    }

    private int FirstDifference(List<BoardAccess> accesses)
    {
        (BoardOutcome[] mine, BoardOutcome[] other) = Run(accesses);
        for (int i = 0; i < mine.Length; i++)
        {
            bool valueDiffers = BoardDeviations.Compares(accesses[i]) && mine[i].Value != other[i].Value;
            if (valueDiffers || mine[i].Lines != other[i].Lines)
            {
                return i;
            }
        }

        return -1;
    }

    private string Describe(List<BoardAccess> accesses)
    {
        (BoardOutcome[] mine, BoardOutcome[] other) = Run(accesses);
        var text = new StringBuilder();
        for (int i = 0; i < accesses.Count; i++)
        {
            text.AppendLine($"{accesses[i],-48} ours {mine[i]}; QEMU {other[i]}");
        }

        return text.ToString();
    }

    /// <summary>The outcomes of these accesses, without those of what the deviations put before them.</summary>
    private (BoardOutcome[] Ours, BoardOutcome[] Theirs) Run(List<BoardAccess> accesses)
    {
        var all = new List<BoardAccess>(BoardDeviations.Prologue);
        var places = new List<int>();
        foreach (BoardAccess access in accesses)
        {
            all.AddRange(BoardDeviations.Before(access));
            places.Add(all.Count);
            all.Add(access);
        }

        BoardOutcome[] mine = ours.Run(all), other = theirs.Run(all);
        return ([.. places.Select(p => mine[p])], [.. places.Select(p => other[p])]);
    }
}
