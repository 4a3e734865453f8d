using System.Net.WebSockets;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using LaKvm.Control;
using Microsoft.AspNetCore.Http;

namespace LaKvm.Web;

/// <summary>What goes on and on: the console, and what happens to the machine.</summary>
internal static class StreamEndpoints
{
    /// <summary>How often the console is looked at, and a guest that takes no input asked again.</summary>
    private static readonly TimeSpan _period = TimeSpan.FromMilliseconds(30);

    internal static void AddTo(List<Endpoint> endpoints, WebMachine machine)
    {
        endpoints.Add(new("GET", "/api/v1/console",
            "the guest's console, as a WebSocket: bytes both ways, beginning with what it has sent last",
            context => ConsoleAsync(context, machine.Console)));
        endpoints.Add(new("GET", "/api/v1/events", "what happens to the machine, as server-sent events",
            context => EventsAsync(context, machine.Desk))
        {
            Type = "text/event-stream",
        });
    }

    private static async Task ConsoleAsync(HttpContext context, ConsoleHub console)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            await Answer.ErrorAsync(context, StatusCodes.Status426UpgradeRequired, "the console is a WebSocket");
            return;
        }

        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        Task show = ShowAsync(socket, console, over.Token);
        try
        {
            await TypeAsync(socket, console, over.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // It has gone.
        }

        await over.CancelAsync();
        await show;
    }

    private static async Task ShowAsync(WebSocket socket, ConsoleHub console, CancellationToken over)
    {
        try
        {
            for (long position = 0; ;)
            {
                byte[] bytes = console.Read(ref position);
                if (bytes.Length > 0)
                {
                    await socket.SendAsync(bytes, WebSocketMessageType.Binary, endOfMessage: true, over);
                }

                await Task.Delay(_period, over);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // It has gone.
        }
    }

    private static async Task TypeAsync(WebSocket socket, ConsoleHub console, CancellationToken over)
    {
        byte[] buffer = new byte[1024];
        WebSocketReceiveResult got;
        while ((got = await socket.ReceiveAsync(buffer, over)).MessageType != WebSocketMessageType.Close)
        {
            for (byte[] left = buffer[..got.Count]; left.Length > 0;)
            {
                left = left[console.Type(left)..];
                if (left.Length > 0)
                {
                    await Task.Delay(_period, over);
                }
            }
        }
    }

    private static async Task EventsAsync(HttpContext context, MachineDesk desk)
    {
        const int mostWaiting = 256;
        Channel<MachineEvent> events = Channel.CreateBounded<MachineEvent>(
            new BoundedChannelOptions(mostWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
        void Take(MachineEvent happened) => events.Writer.TryWrite(happened);

        desk.Happened += Take;
        try
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(": what happens comes here\n\n", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await foreach (MachineEvent happened in events.Reader.ReadAllAsync(context.RequestAborted))
            {
                JsonNode data = happened.Data?.DeepClone() ?? new JsonObject();
                data["time"] = happened.Time.ToString("O");
                string line = $"event: {happened.Name}\ndata: {data.ToJsonString()}\n\n";
                await context.Response.WriteAsync(line, context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
        catch (OperationCanceledException)
        {
            // The client has gone.
        }
        finally
        {
            desk.Happened -= Take;
        }
    }
}
