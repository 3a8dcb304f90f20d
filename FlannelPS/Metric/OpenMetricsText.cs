using System.Globalization;
using System.Text;

namespace FlannelPS;

/// <summary>Reads numbers as programs tell them to Prometheus.</summary>
/// <remarks>OpenMetrics 1.0, text format: a TYPE and a HELP line a family; samples with labels, a value, and what we do not need behind it.</remarks>
internal static class OpenMetricsText
{
    private static readonly string[] Suffixes = ["_total", "_bucket", "_count", "_sum", "_info"];

    /// <summary>Reads a text.</summary>
    /// <exception cref="FormatException">A line is no such line; the message names it.</exception>
    public static IReadOnlyList<FlannelMetric> Parse(string node, string text)
    {
        var types = new Dictionary<string, string>();
        var helps = new Dictionary<string, string>();
        var metrics = new List<FlannelMetric>();
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var line = raw.Trim();
            if (line.Length == 0)
                continue;
            if (line[0] == '#')
            {
                var words = line.Split(' ', 4);
                if (words is ["#", "TYPE", var family, var type])
                    types[family] = type;
                else if (words is ["#", "HELP", var named, var help])
                    helps[named] = Unescape(help);
                continue;
            }
            metrics.Add(Sample(node, line, types, helps) ?? throw new FormatException($"line {number} is no number of a metric"));
        }
        return metrics;
    }

    private static FlannelMetric? Sample(string node, string line, Dictionary<string, string> types, Dictionary<string, string> helps)
    {
        var end = line.IndexOfAny(['{', ' ']);
        if (end < 1 || !line[..end].All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or ':'))
            return null;
        var name = line[..end];
        var labels = new Dictionary<string, string>();
        if (line[end] == '{' && (end = Labels(line, end + 1, labels)) < 0)
            return null;
        if (line[end..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [var value, ..] || Number(value) is not { } number)
            return null;
        // Samples of some types have a suffix that their family has not.
        var family = types.ContainsKey(name) ? name : Suffixes.Where(suffix => name.EndsWith(suffix, StringComparison.Ordinal)).Select(suffix => name[..^suffix.Length]).FirstOrDefault(types.ContainsKey) ?? name;
        return new(node, name, labels, number, types.GetValueOrDefault(family, "unknown"), helps.GetValueOrDefault(family, ""));
    }

    /// <returns>Where the labels end; -1 where they are none.</returns>
    private static int Labels(string line, int at, Dictionary<string, string> labels)
    {
        while (at < line.Length && line[at] != '}')
        {
            var equals = line.IndexOf("=\"", at, StringComparison.Ordinal);
            if (equals < 0)
                return -1;
            var end = equals + 2;
            while (end < line.Length && line[end] != '"')
                end += line[end] == '\\' ? 2 : 1;
            if (end >= line.Length)
                return -1;
            labels[line[at..equals].Trim()] = Unescape(line[(equals + 2)..end]);
            at = end + 1;
            if (at < line.Length && line[at] == ',')
                at++;
        }
        return at < line.Length ? at + 1 : -1;
    }

    private static double? Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null,
    };

    private static string Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
            return text;
        var plain = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
                plain.Append(text[i]);
            else
                plain.Append(text[++i] == 'n' ? '\n' : text[i]);
        }
        return plain.ToString();
    }
}
