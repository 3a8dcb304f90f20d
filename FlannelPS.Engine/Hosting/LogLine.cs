using System.Globalization;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

/// <summary>A line of a log, read as <see cref="JournalLogger"/> writes it.</summary>
/// <param name="Time">When; null in a line that is none of its own.</param>
/// <param name="Level">How grave, by its name: Debug, Information, Warning, Error, Critical.</param>
/// <param name="Id">Which kind; 0 for none.</param>
/// <param name="Message">The rest.</param>
internal sealed record LogLine(DateTimeOffset? Time, string Level, int Id, string Message)
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
    private const int TimeLength = 24, WordLength = 5, Start = TimeLength + 1 + WordLength + 1;

    /// <summary>Reads a line of a file, without its line end.</summary>
    public static LogLine Parse(string line)
    {
        if (line.Length >= Start && line[TimeLength] == ' ' && line[Start - 1] == ' '
            && LevelOf(line.AsSpan(TimeLength + 1, WordLength)) is { } level
            && DateTimeOffset.TryParseExact(line.AsSpan(0, TimeLength), TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
        {
            return Of(time, level, line[Start..]);
        }
        // The daemon's own lines all look like that: this one is what the runtime, or the loader, says when it cannot go on.
        return new(null, nameof(LogLevel.Error), 0, line);
    }

    /// <summary>A line of the journal.</summary>
    /// <param name="time">When.</param>
    /// <param name="priority">syslog(3): 0 to 7.</param>
    /// <param name="message">Its text.</param>
    public static LogLine OfJournal(DateTimeOffset time, int priority, string message)
        => Of(time, (priority switch
        {
            <= 2 => LogLevel.Critical,
            3 => LogLevel.Error,
            4 => LogLevel.Warning,
            5 or 6 => LogLevel.Information,
            _ => LogLevel.Debug,
        }).ToString(), message);

    private static LogLine Of(DateTimeOffset time, string level, string text)
    {
        var end = text.StartsWith('[') ? text.IndexOf("] ", StringComparison.Ordinal) : -1;
        return end > 0 && int.TryParse(text.AsSpan(1, end - 1), NumberStyles.None, null, out var id)
            ? new(time, level, id, text[(end + 2)..])
            : new(time, level, 0, text);
    }

    private static string? LevelOf(ReadOnlySpan<char> word) => word switch
    {
        "crit " => nameof(LogLevel.Critical),
        "error" => nameof(LogLevel.Error),
        "warn " => nameof(LogLevel.Warning),
        "info " => nameof(LogLevel.Information),
        "debug" => nameof(LogLevel.Debug),
        _ => null,
    };
}
