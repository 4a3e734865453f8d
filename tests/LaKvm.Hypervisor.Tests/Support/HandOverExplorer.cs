namespace LaKvm.Hypervisor.Tests;

/// <summary>One step of a hand-over, which a test can make a wrong one.</summary>
internal delegate bool HandOverStep(ref HandOver handOver);

/// <summary>
/// Goes through every state that vCPUs and cores can come to, whatever order their threads' steps have. The steps are
/// those of <see cref="HandOver"/> itself; registers are only "the newest" or "old". After each step the invariants are
/// looked at; at the end, that whoever waits can come to an end if nobody begins anything new.
/// </summary>
internal sealed class HandOverExplorer
{
    private const int Nobody = 7;

    private readonly Core[] _cores;
    private readonly Vcpu[] _vcpus;
    private readonly HandOverStep _step;
    private readonly Dictionary<UInt128, int> _numbers = [];
    private readonly List<UInt128> _states = [];

    /// <summary>Steps from state to state that finish what was begun.</summary>
    private readonly List<(int From, int To)> _finished = [];
    private string? _fault;

    internal HandOverExplorer(int vcpus, int cores, HandOverStep? step = null)
    {
        _step = step ?? ((ref HandOver handOver) => handOver.Step());
        _cores = [.. Enumerable.Range(0, cores).Select(_ => new Core())];
        _vcpus = [.. Enumerable.Range(0, vcpus).Select(id => new Vcpu(id, this))];
    }

    /// <summary>What a vCPU's thread is doing.</summary>
    private enum Activity
    {
        Idle,
        Loading,
        Loaded,
        Synchronizing,
    }

    /// <summary>States that were found.</summary>
    internal int States => _states.Count;

    /// <summary>Explores; gives the first fault, or null.</summary>
    internal string? Explore()
    {
        Number(Pack());
        for (int i = 0; i < _states.Count && _fault == null; i++)
        {
            foreach (Vcpu vcpu in _vcpus)
            {
                ExploreActions(vcpu, i);
            }
        }

        return _fault ?? FindWaitForEver();
    }

    /// <summary>Does all that the thread of a vCPU can do in a state.</summary>
    private void ExploreActions(Vcpu vcpu, int state)
    {
        for (int choice = 0; ; choice++)
        {
            Unpack(_states[state]);
            bool isNew = vcpu.Activity == Activity.Idle;
            if (isNew ? !Begin(vcpu, choice) : choice > 0 || !GoOn(vcpu))
            {
                return;
            }

            Check();
            int next = Number(Pack());
            if (!isNew)
            {
                _finished.Add((state, next));
            }
        }
    }

    /// <summary>Begins something: with the choice of a core to load it; false if there are no more choices.</summary>
    private bool Begin(Vcpu vcpu, int choice)
    {
        if (choice == _cores.Length)
        {
            vcpu.Begin(Activity.Synchronizing, HandOver.ToMemory(vcpu));
        }
        else if (choice < _cores.Length && _cores[choice].Owner == null)
        {
            Load(vcpu, _cores[choice]);
        }

        return choice <= _cores.Length; // a core that somebody has is no choice, and changes nothing
    }

    private bool GoOn(Vcpu vcpu)
    {
        if (vcpu.Activity == Activity.Loaded)
        {
            Run(vcpu);
        }
        else
        {
            Advance(vcpu);
        }

        return true;
    }

    private static void Load(Vcpu vcpu, Core core)
    {
        core.TryAcquire(vcpu);
        if (core.Resident == vcpu)
        {
            vcpu.Begin(Activity.Loaded, HandOver.ToCore(vcpu, core) with { Stage = HandOverStage.Done });
        }
        else
        {
            vcpu.Begin(Activity.Loading, HandOver.ToCore(vcpu, core));
        }
    }

    /// <summary>The guest changes its registers, and the vCPU gives its core up.</summary>
    private void Run(Vcpu vcpu)
    {
        var core = (Core)vcpu.HandOver.Target!;
        Expect(core.Content == vcpu
            && core.IsNewest, vcpu, "runs with registers that are not its newest: they are lost");
        vcpu.IsMemoryNewest = false;
        vcpu.Activity = Activity.Idle;
        core.Release();
    }

    private void Advance(Vcpu vcpu)
    {
        _ = _step(ref vcpu.HandOver);
        if (vcpu.HandOver.Stage != HandOverStage.Done)
        {
            return;
        }

        if (vcpu.Activity == Activity.Loading)
        {
            vcpu.Activity = Activity.Loaded;
            return;
        }

        Expect(vcpu.IsMemoryNewest && vcpu.ResidentCpu == null, vcpu, "reads old registers: the newest are lost");
        foreach (Core core in _cores.Where(c => c.Content == vcpu))
        {
            core.IsNewest = false; // user space writes some
        }

        vcpu.Activity = Activity.Idle;
    }

    /// <summary>What must hold in every state.</summary>
    private void Check()
    {
        foreach (Vcpu vcpu in _vcpus)
        {
            bool somewhere = vcpu.IsMemoryNewest;
            int residences = 0;
            foreach (Core core in _cores)
            {
                somewhere |= core.Content == vcpu && core.IsNewest;
                residences += core.Resident == vcpu ? 1 : 0;
            }

            Expect(somewhere, vcpu, "has no newest registers: they are lost");
            Expect(residences <= 1, vcpu, "is resident in two cores");
        }
    }

    private void Expect(bool holds, Vcpu vcpu, string fault)
    {
        if (!holds)
        {
            IEnumerable<string> all = _vcpus.Select(v => $"{v.Id} {v.Activity} {v.HandOver.Stage}");
            _fault ??= $"vCPU {vcpu.Id} {fault} ({string.Join("; ", all)})";
        }
    }

    /// <summary>
    /// States from which no order of steps, begun things being finished and none begun, ends with all at rest.
    /// </summary>
    private string? FindWaitForEver()
    {
        var ends = new bool[_states.Count];
        var queue = new Queue<int>();
        for (int i = 0; i < _states.Count; i++)
        {
            Unpack(_states[i]);
            if (Array.TrueForAll(_vcpus, v => v.Activity == Activity.Idle))
            {
                ends[i] = true;
                queue.Enqueue(i);
            }
        }

        ILookup<int, int> before = _finished.ToLookup(step => step.To, step => step.From);
        while (queue.TryDequeue(out int state))
        {
            foreach (int from in before[state])
            {
                if (!ends[from])
                {
                    ends[from] = true;
                    queue.Enqueue(from);
                }
            }
        }

        int stuck = Array.IndexOf(ends, false);
        if (stuck >= 0)
        {
            Unpack(_states[stuck]);
            Expect(false, Array.Find(_vcpus, v => v.Activity != Activity.Idle)!, "waits for ever");
        }

        return _fault;
    }

    private int Number(UInt128 state)
    {
        if (!_numbers.TryGetValue(state, out int number))
        {
            number = _states.Count;
            _numbers[state] = number;
            _states.Add(state);
        }

        return number;
    }

    private UInt128 Pack()
    {
        UInt128 state = 0;
        foreach (Core core in _cores)
        {
            state = (state << 3) | Number(core.Owner);
            state = (state << 3) | Number(core.Resident);
            state = (state << 3) | Number(core.Content);
            state = (state << 1) | (core.IsNewest ? 1u : 0u);
        }

        foreach (Vcpu vcpu in _vcpus)
        {
            state = (state << 3) | Number(vcpu.ResidentCpu);
            state = (state << 1) | (vcpu.IsMemoryNewest ? 1u : 0u);
            state = (state << 2) | (uint)vcpu.Activity;
            bool busy = vcpu.Activity != Activity.Idle;
            state = (state << 4) | (busy ? (uint)vcpu.HandOver.Stage : 0);
            state = (state << 3) | (busy ? Number(vcpu.HandOver.Target) : 0);
            state = (state << 3) | (busy ? Number(vcpu.HandOver.Source) : 0);
        }

        return state;
    }

    private void Unpack(UInt128 state)
    {
        uint Take(int bits)
        {
            uint value = (uint)(state & ((1u << bits) - 1));
            state >>= bits;
            return value;
        }

        for (int i = _vcpus.Length - 1; i >= 0; i--)
        {
            Vcpu vcpu = _vcpus[i];
            CoreContext? source = CoreOf(Take(3)), target = CoreOf(Take(3));
            var stage = (HandOverStage)Take(4);
            vcpu.Activity = (Activity)Take(2);
            HandOver handOver = target == null ? HandOver.ToMemory(vcpu) : HandOver.ToCore(vcpu, target);
            vcpu.HandOver = handOver with { Stage = stage, Source = source };
            vcpu.IsMemoryNewest = Take(1) != 0;
            vcpu.ResidentCpu = CoreOf(Take(3));
        }

        for (int i = _cores.Length - 1; i >= 0; i--)
        {
            Core core = _cores[i];
            core.IsNewest = Take(1) != 0;
            core.Content = VcpuOf(Take(3));
            RegisterSet? resident = VcpuOf(Take(3));
            core.SetState(VcpuOf(Take(3)), resident);
        }
    }

    private static uint Number(RegisterSet? vcpu) => vcpu == null ? Nobody : (uint)((Vcpu)vcpu).Id;

    private uint Number(CoreContext? core) => core == null ? Nobody : (uint)Array.IndexOf(_cores, core);

    private Vcpu? VcpuOf(uint number) => number == Nobody ? null : _vcpus[number];

    private Core? CoreOf(uint number) => number >= (uint)_cores.Length ? null : _cores[number];

    private sealed class Core : CoreContext
    {
        /// <summary>Whose registers are in it, and whether they have not been changed in memory since.</summary>
        internal Vcpu? Content { get; set; }

        internal bool IsNewest { get; set; }
    }

    private sealed class Vcpu(int id, HandOverExplorer explorer) : RegisterSet
    {
        internal HandOver HandOver;

        internal int Id => id;

        internal Activity Activity { get; set; }

        internal bool IsMemoryNewest { get; set; } = true;

        internal void Begin(Activity activity, HandOver handOver) => (Activity, HandOver) = (activity, handOver);

        internal override void Save(CoreContext cpu)
        {
            var core = (Core)cpu;
            explorer.Expect(core.Content == this
                && core.IsNewest, this, "is saved from a core that has not its newest: lost");
            IsMemoryNewest = true;
        }

        internal override void Restore(CoreContext cpu)
        {
            var core = (Core)cpu;
            explorer.Expect(IsMemoryNewest, this, "is loaded from old registers: the newest are lost");
            (core.Content, core.IsNewest) = (this, true);
        }
    }
}
