using System.Globalization;

namespace LaKvm.Control;

/// <summary>The threads of this process, as Linux knows them: tools look at those of cores, and move them.</summary>
internal static class HostThreads
{
    private const string Tasks = "/proc/self/task";

    /// <summary>Number of the thread with a name; null if there is none now.</summary>
    internal static int? Find(string name)
    {
        try
        {
            foreach (string task in Directory.EnumerateDirectories(Tasks))
            {
                if (File.ReadAllText($"{task}/comm").TrimEnd() == name)
                {
                    return int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture);
                }
            }
        }
        catch (IOException)
        {
            // A thread has ended meanwhile.
        }

        return null;
    }
}
