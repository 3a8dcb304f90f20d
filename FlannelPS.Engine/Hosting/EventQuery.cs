using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

/// <summary>Which events are asked for.</summary>
/// <param name="After">Only with a greater number.</param>
/// <param name="Since">Only since then.</param>
/// <param name="Minimum">Only as grave as this, or graver.</param>
/// <param name="Wait">How long to wait where there are none.</param>
internal sealed record EventQuery(long After, DateTimeOffset Since, LogLevel Minimum, TimeSpan Wait)
{
    /// <summary>A wait has to end before the control socket loses patience with the request.</summary>
    private const double LongestWait = 10;

    /// <summary>Whether an event is asked for.</summary>
    public bool Matches(NodeEvent item) => item.Number > After && item.Time >= Since && item.Level >= Minimum;

    /// <summary>Reads the arguments <c>after</c> (number), <c>since</c> (time), <c>level</c> (word), <c>wait</c> (seconds); all of them optional.</summary>
    /// <exception cref="ControlException">One of them is something else.</exception>
    public static EventQuery Parse(JsonElement arguments)
    {
        var level = ControlArguments.Text(arguments, "level") ?? nameof(LogLevel.Information);
        if (!Enum.TryParse<LogLevel>(level, ignoreCase: true, out var minimum) || !Enum.IsDefined(minimum))
            throw ControlArguments.Bad("level", "one of Information, Warning, Error and Critical");
        var since = ControlArguments.Text(arguments, "since") is { } text
            ? DateTimeOffset.TryParse(text, null, System.Globalization.DateTimeStyles.AssumeUniversal, out var time) ? time : throw ControlArguments.Bad("since", "a time such as 2026-01-31T12:00:00Z")
            : DateTimeOffset.MinValue;
        return new((long)ControlArguments.Number(arguments, "after"), since, minimum, TimeSpan.FromSeconds(Math.Min(ControlArguments.Number(arguments, "wait"), LongestWait)));
    }
}
