using System.Text;
using LaKvm.Debugger;

namespace LaKvm.Control;

/// <summary>The monitor for people, on a socket: a line is a command. Lines end as terminals have it.</summary>
/// <param name="desk">The machine.</param>
/// <param name="listener">Where clients come.</param>
public sealed class MonitorDoor(MachineDesk desk, ListeningSocket listener) : Door(listener)
{
    private const int MostBytes = 4096;

    /// <inheritdoc/>
    protected override string Name => "monitor";

    /// <inheritdoc/>
    protected override ReadOnlyMemory<byte> Refusal => Encode("Too many are at the monitor.\n");

    private protected override void Talk(DoorClient client)
    {
        var session = new MonitorSession(desk);
        client.Send(Encode(MonitorSession.Greeting));
        var line = new List<byte>();
        byte[] buffer = new byte[MostBytes];
        int count;
        while ((count = client.Receive(buffer)) > 0)
        {
            foreach (byte next in buffer.AsSpan(0, count))
            {
                if (next != '\n')
                {
                    line.Add(next);
                    continue;
                }

                client.Send(Encode(session.Execute(Decode(line))));
                line.Clear();
            }

            if (line.Count > MostBytes)
            {
                line.Clear();
                client.Send(Encode("No command is so long.\n"));
            }
        }
    }

    private static string Decode(List<byte> line) => Encoding.UTF8.GetString([.. line]).Trim();

    private static byte[] Encode(string text) => Encoding.UTF8.GetBytes(text.Replace("\n", "\r\n"));
}
