using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LaKvm.Control;

/// <summary>
/// A conversation in QMP (QEMU machine protocol, QEMU 11.1's docs/interop/qmp-spec): bytes in, lines out. Requests are
/// answered in order on one thread; events may come between.
/// </summary>
/// <param name="desk">The machine.</param>
/// <param name="send">Sends a line; never waits.</param>
internal sealed class QmpSession(MachineDesk desk, Action<byte[]> send)
{
    private readonly QmpReader _reader = new();
    private readonly QmpCommands _commands = new(desk);
    private volatile bool _isNegotiated;

    /// <summary>Sends the greeting. There is no out-of-band execution: requests are short.</summary>
    internal void Greet() => Send(new JsonObject
    {
        ["QMP"] = new JsonObject { ["version"] = QmpCommands.Version(), ["capabilities"] = new JsonArray() },
    });

    /// <summary>Takes what the client has sent. False if it has to go.</summary>
    internal bool Receive(ReadOnlySpan<byte> bytes)
    {
        _reader.Add(bytes);
        QmpInput input;
        while ((input = _reader.Next(out JsonDocument? value)) != QmpInput.None)
        {
            switch (input)
            {
                case QmpInput.Value:
                    using (value)
                    {
                        Answer(value!.RootElement);
                    }

                    break;
                case QmpInput.Garbage:
                    Send(ErrorOf(QmpError.Generic("this is no JSON")));
                    break;
                case QmpInput.TooLong:
                    Send(ErrorOf(QmpError.Generic($"a request has at most {QmpReader.MostBytes} bytes")));
                    return false;
            }
        }

        return true;
    }

    /// <summary>Tells the client of an event, if it has negotiated. Any thread.</summary>
    internal void Tell(MachineEvent happened)
    {
        if (!_isNegotiated)
        {
            return;
        }

        long microseconds = happened.Time.ToUnixTimeMilliseconds() * 1000 + happened.Time.Microsecond;
        var line = new JsonObject
        {
            ["timestamp"] = new JsonObject
            {
                ["seconds"] = microseconds / 1_000_000,
                ["microseconds"] = microseconds % 1_000_000,
            },
            ["event"] = happened.Name,
        };
        if (happened.Data != null)
        {
            line["data"] = happened.Data.DeepClone();
        }

        Send(line);
    }

    private static JsonObject ErrorOf(QmpError error) => new()
    {
        ["error"] = new JsonObject { ["class"] = error.Kind, ["desc"] = error.Message },
    };

    private void Answer(JsonElement value)
    {
        JsonObject reply;
        try
        {
            reply = new JsonObject { ["return"] = Execute(QmpRequest.Parse(value)) ?? new JsonObject() };
        }
        catch (QmpError e)
        {
            reply = ErrorOf(e);
        }

        JsonElement id = QmpRequest.IdOf(value);
        if (id.ValueKind != JsonValueKind.Undefined)
        {
            reply["id"] = JsonNode.Parse(id.GetRawText());
        }

        Send(reply);
    }

    private JsonNode? Execute(QmpRequest request)
    {
        bool negotiates = request.Command == QmpCommands.Negotiation;
        if (negotiates == _isNegotiated)
        {
            throw new QmpError("CommandNotFound", negotiates
                ? "the capabilities have been negotiated"
                : $"'{QmpCommands.Negotiation}' comes first: until then there is no other command");
        }

        JsonNode? result = _commands.Execute(request);
        _isNegotiated = true;
        return result;
    }

    private void Send(JsonObject line) => send(Encoding.UTF8.GetBytes(line.ToJsonString() + "\r\n"));
}
