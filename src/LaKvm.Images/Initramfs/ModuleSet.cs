using System.Text;

namespace LaKvm.Images.Initramfs;

/// <summary>The modules an initramfs carries: those asked for and all they depend on.</summary>
internal sealed class ModuleSet
{
    private readonly Dictionary<string, KernelModule> _modules = [];

    /// <summary>The modules.</summary>
    internal IReadOnlyCollection<KernelModule> Modules => _modules.Values;

    /// <summary>Collects modules from a kernel package.</summary>
    /// <param name="names">Names asked for, with '_'.</param>
    /// <param name="files">Module files by path below the kernel's module directory.</param>
    /// <param name="builtIn">Names of what the kernel has built in, or null where the package does not tell.</param>
    /// <param name="cancel">Stops the work.</param>
    /// <exception cref="ImageFetchException">A module asked for is neither there nor built in.</exception>
    internal static async Task<ModuleSet> CollectAsync(
        IEnumerable<string> names, IReadOnlyDictionary<string, byte[]> files, IReadOnlySet<string>? builtIn,
        CancellationToken cancel)
    {
        var byName = files.Keys.ToDictionary(KernelModule.NameOf);
        var set = new ModuleSet();
        foreach (string name in names)
        {
            if (byName.ContainsKey(name))
            {
                await set.AddAsync(name, byName, files, cancel);
            }
            else if (builtIn?.Contains(name) == false)
            {
                throw new ImageFetchException($"The kernel package has no module {name}.");
            }
        }

        return set;
    }

    /// <summary>Adds modules that stay compressed, and all they depend on: few guests ever load one of them.</summary>
    /// <param name="wanted">Tells by path which ones.</param>
    /// <param name="files">Module files by path below the kernel's module directory.</param>
    /// <param name="work">A directory to work in.</param>
    /// <param name="cancel">Stops the work.</param>
    internal async Task AddPackedAsync(
        Func<string, bool> wanted, IReadOnlyDictionary<string, byte[]> files, string work, CancellationToken cancel)
    {
        var byName = files.Keys.ToDictionary(KernelModule.NameOf);
        var next = files.Keys.Where(wanted).ToHashSet();
        while (next.Count > 0)
        {
            next.RemoveWhere(path => _modules.ContainsKey(KernelModule.NameOf(path)));
            Dictionary<string, byte[]> chosen = next.ToDictionary(path => path, path => files[path]);
            IReadOnlyList<KernelModule> modules = await KernelModule.ReadPackedAsync(chosen, work, cancel);
            foreach (KernelModule module in modules)
            {
                _modules[KernelModule.NameOf(module.Path)] = module;
            }

            next = [.. modules.SelectMany(module => module.Depends).Where(byName.ContainsKey)
                .Select(name => byName[name])];
            next.RemoveWhere(path => _modules.ContainsKey(KernelModule.NameOf(path)));
        }
    }

    /// <summary>The text of modules.alias: by which names the kernel asks for the modules.</summary>
    internal string AliasFile() => string.Concat(
        from module in _modules.Values
        from alias in module.Aliases
        select $"alias {alias} {KernelModule.NameOf(module.Path)}\n");

    /// <summary>
    /// The text of modules.dep: all that a module depends on, directly or not. modprobe loads the last one first.
    /// </summary>
    internal string DependencyFile()
    {
        var text = new StringBuilder();
        foreach (KernelModule module in _modules.Values)
        {
            List<KernelModule> needed = [];
            AddNeeded(module, needed);
            IEnumerable<string> depends = needed.AsEnumerable().Reverse().Select(other => " " + other.Path);
            text.Append(module.Path).Append(':').AppendJoin("", depends).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Adds a module's dependencies, each behind its own.</summary>
    private void AddNeeded(KernelModule module, List<KernelModule> needed)
    {
        foreach (string name in module.Depends)
        {
            if (_modules.TryGetValue(name, out KernelModule? dependency) && !needed.Contains(dependency))
            {
                AddNeeded(dependency, needed);
                needed.Add(dependency);
            }
        }
    }

    private async Task AddAsync(
        string name, Dictionary<string, string> byName, IReadOnlyDictionary<string, byte[]> files,
        CancellationToken cancel)
    {
        if (_modules.ContainsKey(name) || !byName.TryGetValue(name, out string? path))
        {
            return; // there already, or built in
        }

        KernelModule module = await KernelModule.ReadAsync(path, files[path], cancel);
        foreach (string dependency in module.Depends)
        {
            await AddAsync(dependency, byName, files, cancel);
        }

        _modules[name] = module;
    }
}
