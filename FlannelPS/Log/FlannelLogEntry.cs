using FlannelPS.Engine.Hosting;

namespace FlannelPS;

/// <summary>One line of a node's log.</summary>
public sealed class FlannelLogEntry
{
    internal FlannelLogEntry(string node, LogLine line)
        => (Node, Time, Level, Id, Message) = (node, line.Time?.ToLocalTime(), Enum.Parse<FlannelLogLevel>(line.Level), line.Id, line.Message);

    /// <summary>When; null for a line before the first one that tells a time.</summary>
    public DateTimeOffset? Time { get; }

    /// <summary>How grave.</summary>
    public FlannelLogLevel Level { get; }

    /// <summary>What, one line.</summary>
    public string Message { get; }

    /// <summary>Which kind; 0 for none.</summary>
    public int Id { get; }

    /// <summary>Whose log.</summary>
    public string Node { get; }

    /// <summary>Its text.</summary>
    public override string ToString() => Message;
}
