namespace LaKvm.Running;

/// <summary>What is asked of a machine that runs.</summary>
internal abstract class LifeRequest
{
    private readonly TaskCompletionSource<bool> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether it was carried out; waits until that is known.</summary>
    internal bool Answer => _answer.Task.GetAwaiter().GetResult();

    /// <summary>Tells whoever waits.</summary>
    internal void Complete(bool done) => _answer.TrySetResult(done);
}

/// <summary>Come to rest.</summary>
internal sealed class PauseRequest(TimeSpan patience) : LifeRequest
{
    internal TimeSpan Patience => patience;
}

/// <summary>Go on.</summary>
internal sealed class ResumeRequest : LifeRequest;

/// <summary>One core executes some instructions.</summary>
internal sealed class StepRequest(int cpu, long instructions) : LifeRequest
{
    internal int Cpu => cpu;

    internal long Instructions => instructions;
}

/// <summary>Be paused until whoever has asked is done.</summary>
internal sealed class HoldRequest(TimeSpan patience, CancellationTokenSource ending) : LifeRequest
{
    internal TimeSpan Patience => patience;

    /// <summary>Whether it is done; guarded by the machine's lock.</summary>
    internal bool Done { get; set; }

    /// <summary>Tells whoever has asked that the machine is to end; while it is not done.</summary>
    internal void TellEnding() => ending.Cancel();
}

/// <summary>A core has to stop the machine.</summary>
internal sealed class StopReport : LifeRequest;
