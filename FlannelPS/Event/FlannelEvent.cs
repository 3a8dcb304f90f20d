using System.Text.Json;
using FlannelPS.Engine.Hosting;

namespace FlannelPS;

/// <summary>Something that happened at a node.</summary>
public sealed class FlannelEvent
{
    internal FlannelEvent(string node, JsonElement item)
    {
        Node = node;
        Number = item.Number("number") ?? 0;
        Time = item.Time("time")?.ToLocalTime() ?? default;
        Level = Enum.TryParse<FlannelLogLevel>(item.Text("level"), out var level) ? level : FlannelLogLevel.Information;
        Id = (int)(item.Number("id") ?? 0);
        Kind = item.Text("name") ?? "";
        Message = item.Text("message") ?? "";
    }

    /// <summary>When.</summary>
    public DateTimeOffset Time { get; }

    /// <summary>How grave.</summary>
    public FlannelLogLevel Level { get; }

    /// <summary>What kind, one word, such as <c>LeaseAcquired</c> or <c>PeerAdded</c>.</summary>
    public string Kind { get; }

    /// <summary>What, one line.</summary>
    public string Message { get; }

    /// <summary>At which node.</summary>
    public string Node { get; }

    /// <summary>The kind's number, the same as in the log.</summary>
    public int Id { get; }

    /// <summary>Counts from 1 since the node's start.</summary>
    public long Number { get; }

    /// <summary>Kind and message.</summary>
    public override string ToString() => $"{Kind}: {Message}";
}
