using System.Text.Json.Nodes;

namespace LaKvm.Debugger.Monitor;

/// <summary>What a command gives: text for people, lines ended by a newline, and the same for programs.</summary>
/// <param name="Text">The text.</param>
/// <param name="Json">What programs get; null where there is nothing but the text.</param>
public sealed record CommandResult(string Text, JsonNode? Json = null)
{
    /// <summary>Whether the command was not carried out; the text says why.</summary>
    public bool IsFailure { get; init; }

    /// <summary>What programs get in every case.</summary>
    public JsonNode AsJson() => IsFailure
        ? new JsonObject { ["error"] = Text.TrimEnd() }
        : Json ?? new JsonObject { ["text"] = Text };

    /// <summary>A text that has no other form.</summary>
    public static implicit operator CommandResult(string text) => new(text);

    /// <summary>Why a command was not carried out.</summary>
    internal static CommandResult Failure(string reason) => new(reason + '\n') { IsFailure = true };
}
