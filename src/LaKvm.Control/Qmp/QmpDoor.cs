using System.Text;
using LaKvm.Debugger;

namespace LaKvm.Control;

/// <summary>QMP on a socket. Several clients may talk at once, and all are told of events.</summary>
/// <param name="desk">The machine.</param>
/// <param name="listener">Where clients come.</param>
public sealed class QmpDoor(MachineDesk desk, ListeningSocket listener) : Door(listener)
{
    /// <inheritdoc/>
    protected override string Name => "qmp";

    /// <inheritdoc/>
    protected override ReadOnlyMemory<byte> Refusal { get; } = Encoding.UTF8.GetBytes(
        """{"error": {"class": "GenericError", "desc": "too many clients are connected"}}""" + "\r\n");

    private protected override void Talk(DoorClient client)
    {
        var session = new QmpSession(desk, bytes => client.Send(bytes));
        desk.Happened += session.Tell;
        try
        {
            session.Greet();
            byte[] buffer = new byte[4096];
            int count;
            do
            {
                count = client.Receive(buffer);
            }
            while (count > 0 && session.Receive(buffer.AsSpan(0, count)));
        }
        finally
        {
            desk.Happened -= session.Tell;
        }
    }
}
