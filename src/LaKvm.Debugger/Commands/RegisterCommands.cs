using System.Text;

namespace LaKvm.Debugger;

/// <summary>Registers: all of the base feature (g, G), or any single one (p, P).</summary>
internal sealed class RegisterCommands(SessionState state)
{
    internal void AddTo(CommandTable table)
    {
        table.Add("g", _ => ReadAll());
        table.Add("G", WriteAll);
        table.Add("p", ReadOne);
        table.Add("P", WriteOne);
    }

    private Reply ReadAll()
    {
        if (state.Thread is not { } thread || state.Layout is not { } layout)
        {
            return Reply.Missing;
        }

        var text = new StringBuilder();
        foreach (DebugRegister register in layout.Base)
        {
            text.Append(Read(register, thread));
        }

        return Reply.Of(text.ToString());
    }

    private Reply WriteAll(string arguments)
    {
        if (!Hex.TryBytes(arguments, out byte[] bytes) || bytes.Length < RegisterLayout.BaseCount * sizeof(ulong))
        {
            return Reply.Bad;
        }

        if (state.Thread is not { HasRegisters: true } thread || state.Layout is not { } layout)
        {
            return Reply.Missing;
        }

        int at = 0;
        foreach (DebugRegister register in layout.Base)
        {
            register.Write(thread, bytes.AsSpan(at, register.Bytes));
            at += register.Bytes;
        }

        return Reply.Ok;
    }

    private Reply ReadOne(string arguments) =>
        Find(arguments) is { } register && state.Thread is { } thread
            ? Reply.Of(Read(register, thread))
            : Reply.Missing;

    private Reply WriteOne(string arguments)
    {
        int equals = arguments.IndexOf('=');
        if (equals < 0 || Find(arguments[..equals]) is not { } register || state.Thread is not { } thread)
        {
            return Reply.Missing;
        }

        if (!Hex.TryBytes(arguments.AsSpan(equals + 1), out byte[] bytes) || bytes.Length != register.Bytes)
        {
            return Reply.Bad;
        }

        if (!IsThere(register, thread))
        {
            return Reply.Fail("the guest does not run on this core now: its hypervisor has its registers");
        }

        register.Write(thread, bytes);
        return Reply.Ok;
    }

    private DebugRegister? Find(string number) =>
        Hex.TryNumber(number, out ulong value) && value <= int.MaxValue ? state.Layout?.Find((int)value) : null;

    /// <summary>CSRs are always there, and where a guest will go on can be seen.</summary>
    private static bool IsThere(DebugRegister register, IDebugThread thread) =>
        thread.HasRegisters || register.Number >= RegisterLayout.FirstCsr;

    private static string Read(DebugRegister register, IDebugThread thread)
    {
        if (!IsThere(register, thread) && register.Number != RegisterLayout.Pc)
        {
            return new string('x', register.Bytes * 2);
        }

        Span<byte> bytes = stackalloc byte[register.Bytes];
        register.Read(thread, bytes);
        return Hex.Of(bytes);
    }
}
