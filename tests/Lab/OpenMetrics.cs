using System.Globalization;
using System.Text.RegularExpressions;

namespace FlannelPS.Lab;

/// <summary>One number.</summary>
/// <param name="Name">With its type's suffix.</param>
/// <param name="Labels">By name.</param>
/// <param name="Value">The number.</param>
public sealed record MetricSample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

/// <summary>Numbers that belong together.</summary>
/// <param name="Name">Without suffixes.</param>
/// <param name="Type">counter, gauge, histogram, summary, info, stateset.</param>
/// <param name="Unit">Empty for none.</param>
/// <param name="Help">What it says.</param>
/// <param name="Samples">In their order.</param>
public sealed record MetricFamily(string Name, string Type, string Unit, string Help, IReadOnlyList<MetricSample> Samples);

/// <summary>Reads OpenMetrics text as strictly as the specification asks a writer to write it: whatever is not allowed is a <see cref="FormatException"/>.</summary>
/// <remarks>OpenMetrics 1.0, sections "Text format", "Metric types" and "ABNF". Written apart from what writes it.</remarks>
public static partial class OpenMetrics
{
    private static readonly Dictionary<string, string[]> Suffixes = new()
    {
        ["counter"] = ["_total", "_created"],
        ["gauge"] = [""],
        ["histogram"] = ["_bucket", "_count", "_sum", "_created"],
        ["summary"] = ["", "_count", "_sum", "_created"],
        ["info"] = ["_info"],
        ["stateset"] = [""],
    };

    /// <summary>Reads a whole text.</summary>
    public static IReadOnlyList<MetricFamily> Parse(string text)
    {
        Demand(text.EndsWith("# EOF\n", StringComparison.Ordinal), "it does not end in EOF");
        Demand(!text.Contains('\r'), "it has a carriage return");
        var lines = text.Split('\n')[..^2];
        Demand(!lines.Contains("# EOF"), "EOF is not the last line");
        var families = new List<MetricFamily>();
        var names = new HashSet<string>();
        for (int i = 0; i < lines.Length;)
        {
            var family = ReadFamily(lines, ref i);
            Demand(names.Add(family.Name), $"{family.Name} is not in one piece");
            families.Add(family);
        }

        foreach (var group in families.SelectMany(family => family.Samples.Select(sample => (family, sample))).GroupBy(pair => pair.sample.Name))
        {
            Demand(group.Select(pair => pair.family.Name).Distinct().Count() == 1, $"{group.Key} belongs to two families");
        }

        return families;
    }

    private static MetricFamily ReadFamily(string[] lines, ref int i)
    {
        string? name = null, type = null, unit = null, help = null;
        while (i < lines.Length && lines[i].StartsWith('#'))
        {
            var line = Metadata().Match(lines[i]);
            Demand(line.Success, $"'{lines[i]}' is no line of metadata");
            if (name is not null && line.Groups[2].Value != name)
            {
                break;
            }

            name = line.Groups[2].Value;
            string value = line.Groups[3].Value;
            switch (line.Groups[1].Value)
            {
                case "TYPE":
                    Demand(type is null && Suffixes.ContainsKey(value), $"{name}: TYPE {value}");
                    type = value;
                    break;
                case "UNIT":
                    Demand(unit is null && name.EndsWith("_" + value, StringComparison.Ordinal), $"{name}: UNIT {value}");
                    unit = value;
                    break;
                default:
                    Demand(help is null && value.Length > 0, $"{name}: HELP");
                    help = Unescaped(value);
                    break;
            }

            i++;
        }

        Demand(name is not null && type is not null && help is not null, $"line {i + 1}: a number without a type and a help before it: {(i < lines.Length ? lines[i] : "the end")}");
        var samples = new List<MetricSample>();
        for (; i < lines.Length && !lines[i].StartsWith('#'); i++)
        {
            samples.Add(ReadSample(lines[i], name!, type!));
        }

        Demand(samples.DistinctBy(Key).Count() == samples.Count, $"{name}: the same number twice");
        Check(name!, type!, samples);
        return new(name!, type!, unit ?? "", help!, samples);
    }

    private static MetricSample ReadSample(string line, string family, string type)
    {
        var match = Sample().Match(line);
        Demand(match.Success, $"'{line}' is no number");
        string name = match.Groups["name"].Value;
        Demand(name.StartsWith(family, StringComparison.Ordinal) && Suffixes[type].Contains(name[family.Length..]), $"{name} is no number of the {type} {family}");
        var labels = new Dictionary<string, string>();
        foreach (Match label in Label().Matches(match.Groups["labels"].Value))
        {
            Demand(labels.TryAdd(label.Groups[1].Value, Unescaped(label.Groups[2].Value)), $"'{line}': a label twice");
        }

        string value = match.Groups["value"].Value;
        Demand(double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) || value is "+Inf" or "-Inf" or "NaN", $"'{line}': no number");
        return new(name, labels, number);
    }

    private static void Check(string family, string type, List<MetricSample> samples)
    {
        foreach (var sample in samples)
        {
            Demand(type is not ("counter" or "histogram" or "summary") || sample.Value >= 0, $"{sample.Name} is {sample.Value}");
            Demand(type != "info" || sample.Value == 1, $"{sample.Name} is {sample.Value}");
            Demand(type != "stateset" || sample.Value is 0 or 1 && sample.Labels.ContainsKey(family), $"{sample.Name} is no state");
        }

        if (type == "histogram")
        {
            foreach (var group in samples.GroupBy(sample => Key(sample with { Name = "", Labels = sample.Labels.Where(label => label.Key != "le").ToDictionary() })))
            {
                var buckets = group.Where(sample => sample.Name == family + "_bucket").ToList();
                var bounds = buckets.Select(bucket => bucket.Labels["le"] == "+Inf" ? double.PositiveInfinity : double.Parse(bucket.Labels["le"], CultureInfo.InvariantCulture)).ToList();
                Demand(bounds.SequenceEqual(bounds.Order()) && double.IsPositiveInfinity(bounds[^1]), $"{family}: buckets {string.Join(' ', bounds)}");
                Demand(buckets.All(bucket => bucket.Labels["le"] is var bound && (bound == "+Inf" || bound.Contains('.'))), $"{family}: a bound without a point");
                Demand(buckets.Select(bucket => bucket.Value).SequenceEqual(buckets.Select(bucket => bucket.Value).Order()), $"{family}: buckets are not cumulative");
                Demand(group.Single(sample => sample.Name == family + "_count").Value == buckets[^1].Value, $"{family}: the count is not the last bucket's");
            }
        }
    }

    private static string Key(MetricSample sample) => sample.Name + string.Concat(sample.Labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"\n{label.Key}={label.Value}"));

    private static string Unescaped(string text)
    {
        Demand(Escaped().IsMatch(text), $"'{text}' is not escaped as it should be");
        return Escape().Replace(text, match => match.Value == "\\n" ? "\n" : match.Value[1..]);
    }

    private static void Demand(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new FormatException(otherwise);
        }
    }

    [GeneratedRegex("^# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$")]
    private static partial Regex Metadata();

    [GeneratedRegex("^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(?<labels>(?:[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\\n]|\\\\.)*\"(?:,(?!\\})|(?=\\})))+)\\})? (?<value>[^ ]+)$")]
    private static partial Regex Sample();

    [GeneratedRegex("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\\n]|\\\\.)*)\"")]
    private static partial Regex Label();

    [GeneratedRegex("^(?:[^\"\\\\\n]|\\\\[\\\\\"n])*$")]
    private static partial Regex Escaped();

    [GeneratedRegex("\\\\.")]
    private static partial Regex Escape();
}
