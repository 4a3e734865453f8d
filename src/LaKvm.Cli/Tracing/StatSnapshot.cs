using System.Diagnostics;
using LaKvm.Ioctl;
using LaKvm.Vmm;

namespace LaKvm.Cli;

/// <summary>All counters at a moment.</summary>
/// <param name="Time">When, by <see cref="Stopwatch"/>.</param>
/// <param name="Exits">By <see cref="ExitKind"/>.</param>
/// <param name="Durations">How long they took, by <see cref="ExitKind"/>.</param>
/// <param name="GuestNanoseconds">Time in guest mode, of all vCPUs.</param>
/// <param name="Counters">KVM's own, by name.</param>
/// <param name="Places">Where the guest was left from most often.</param>
internal sealed record StatSnapshot(
    long Time, ExitTotal[] Exits, DurationHistogram[] Durations, ulong GuestNanoseconds,
    IReadOnlyDictionary<string, ulong> Counters, IReadOnlyList<StatPlace> Places);

/// <summary>A place where the guest was left.</summary>
/// <param name="Exits">What for, where, how often.</param>
/// <param name="Symbol">The function, if it is known.</param>
internal readonly record struct StatPlace(ExitPlace Exits, string? Symbol);

/// <summary>KVM's own counters of a machine, summed over its vCPUs, from its statistics descriptors.</summary>
internal sealed class KvmCounters(HostProcess process, VirtualMachine machine) : IDisposable
{
    // Opened before the vCPUs run: asking for a descriptor waits for KVM_RUN to return, reading it does not.
    private readonly int[] _descriptors = [machine.Vm.GetStatsFd(), .. machine.Vcpus.Select(vcpu => vcpu.GetStatsFd())];

    /// <summary>Adds the counters to a sum; histograms and values of now of single vCPUs say nothing in one.</summary>
    internal void AddTo(Dictionary<string, ulong> sum)
    {
        foreach (int descriptor in _descriptors)
        {
            foreach (KvmStatistic statistic in KvmStatistic.Read(process, descriptor))
            {
                if (statistic.Values.Count == 1 && statistic.Name != "blocking")
                {
                    sum[statistic.Name] = sum.GetValueOrDefault(statistic.Name) + statistic.Values[0];
                }
            }
        }
    }

    public void Dispose()
    {
        foreach (int descriptor in _descriptors)
        {
            process.Close(descriptor);
        }
    }
}
