using System.Globalization;

namespace FlannelPS.Report;

/// <summary>Numbers and times as a reader wants them: few digits, one clock.</summary>
internal static class ReportText
{
    /// <summary>Milliseconds with two or three digits that say something.</summary>
    public static string Milliseconds(TimeSpan? span)
        => span is not { } time ? ""
            : string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds.ToString(time.TotalMilliseconds switch { < 1 => "0.00", < 10 => "0.0", _ => "0" }, CultureInfo.InvariantCulture)}");

    /// <summary>Percent; a loss that is there is never shown as none.</summary>
    public static string Percent(double? part)
        => part is not { } value ? "" : value is > 0 and < 0.001 ? "<0.1 %" : string.Create(CultureInfo.InvariantCulture, $"{Math.Round(value * 100, value < 0.1 ? 1 : 0):0.#} %");

    /// <summary>The clock of all hosts.</summary>
    public static string Utc(DateTimeOffset? time) => time is { } at ? at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) : "";

    /// <summary>How long before the report; its two largest units.</summary>
    public static string Before(DateTimeOffset? time, DateTimeOffset taken) => time is not { } at ? "" : taken - at < TimeSpan.FromSeconds(1) ? "now" : $"{FlannelDisplay.Span(taken - at)} ago";

    /// <summary>A number and its noun, in the plural where it is one.</summary>
    public static string Count(long number, string noun) => number == 1 ? $"1 {noun}" : $"{Count(number)} {noun}s";

    /// <summary>A number alone.</summary>
    public static string Count(long number) => number.ToString("N0", Grouping);

    /// <summary>At most so many characters, with a sign where some are missing.</summary>
    public static string Cut(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "\u2026";

    // A thin space: neither a point nor a comma is one in every country.
    private static readonly NumberFormatInfo Grouping = new() { NumberGroupSeparator = "\u2009", NumberDecimalDigits = 0 };
}
