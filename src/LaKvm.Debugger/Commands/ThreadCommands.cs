using System.Security;
using System.Text;

namespace LaKvm.Debugger;

/// <summary>Which threads there are, and which one packets are about.</summary>
internal sealed class ThreadCommands(SessionState state)
{
    internal void AddTo(CommandTable table)
    {
        table.Add("H", Select);
        table.Add("T", IsAlive);
        table.Add("qC", _ => Current());
        table.Add("qfThreadInfo", _ => List());
        table.Add("qsThreadInfo", _ => Reply.Of("l"));
        table.Add("qThreadExtraInfo", Describe);
        table.Add("qAttached", _ => Reply.Of("1"));
    }

    /// <summary>The document of qXfer:threads:read.</summary>
    internal string Document()
    {
        var xml = new StringBuilder("<?xml version=\"1.0\"?>\n<threads>\n");
        foreach ((int process, IDebugThread thread) in state.Threads())
        {
            xml.Append($"<thread id=\"{state.NameOf(process, thread.Cpu)}\" core=\"{thread.Cpu}\"")
                .Append($" name=\"{SecurityElement.Escape(thread.Name)}\">")
                .Append($"{SecurityElement.Escape(thread.Describe())}</thread>\n");
        }

        return xml.Append("</threads>\n").ToString();
    }

    /// <summary>Hg: the thread of other packets. Hc, the one that runs, is what vCont says.</summary>
    private Reply Select(string arguments)
    {
        if (arguments.Length < 2 || arguments[0] is not ('g' or 'c')
            || !ThreadName.TryParse(arguments.AsSpan(1), state.Process, out ThreadName name))
        {
            return Reply.Bad;
        }

        if (arguments[0] == 'c')
        {
            return Reply.Ok;
        }

        if (state.FindThread(name) is not { } thread)
        {
            return Reply.Missing;
        }

        state.General = new ThreadName(name.Process > 0 ? name.Process : state.Process, thread.Cpu + 1);
        return Reply.Ok;
    }

    private Reply IsAlive(string arguments) => !ThreadName.TryParse(arguments, state.Process, out ThreadName name)
        ? Reply.Bad
        : state.FindThread(name) == null ? Reply.Missing : Reply.Ok;

    private Reply Current() => state.Thread is { } thread
        ? Reply.Of($"QC{state.NameOf(state.Process, thread.Cpu)}")
        : Reply.Missing;

    private Reply List() =>
        Reply.Of('m' + string.Join(',', state.Threads().Select(t => state.NameOf(t.Process, t.Thread.Cpu))));

    private Reply Describe(string arguments) =>
        ThreadName.TryParse(arguments, state.Process, out ThreadName name) && state.FindThread(name) is { } thread
            ? Reply.Of(Hex.Of(Encoding.UTF8.GetBytes($"{thread.Name}: {thread.Describe()}")))
            : Reply.Missing;
}
