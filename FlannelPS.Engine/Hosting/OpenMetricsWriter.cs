using System.Globalization;
using System.Text;

namespace FlannelPS.Engine.Hosting;

/// <summary>Writes numbers as OpenMetrics text, family by family.</summary>
/// <remarks>OpenMetrics 1.0, text format: TYPE, UNIT and HELP before a family's samples, which stand together; EOF at the end.</remarks>
internal sealed class OpenMetricsWriter
{
    private readonly StringBuilder _text = new(8192);
    private string _family = "";

    /// <summary>Begins a family.</summary>
    /// <param name="name">Without the suffix of its samples.</param>
    /// <param name="type">gauge, counter, histogram, summary, info or stateset.</param>
    /// <param name="help">One sentence.</param>
    /// <param name="unit">What it is measured in, which its name then ends in; empty for a plain number.</param>
    public void Family(string name, string type, string help, string unit = "")
    {
        _family = name;
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        if (unit.Length > 0)
            _text.Append("# UNIT ").Append(name).Append(' ').Append(unit).Append('\n');
        _text.Append("# HELP ").Append(name).Append(' ');
        Escape(help);
        _text.Append('\n');
    }

    /// <summary>One number of the family.</summary>
    /// <param name="suffix">What the type's samples end in, such as <c>_total</c>; empty for none.</param>
    /// <param name="value">The number.</param>
    /// <param name="labels">What tells it from the family's other ones.</param>
    public void Sample(string suffix, double value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        _text.Append(_family).Append(suffix);
        for (var i = 0; i < labels.Length; i++)
        {
            _text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"");
            Escape(labels[i].Value);
            _text.Append('"');
        }
        if (labels.Length > 0)
            _text.Append('}');
        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    /// <summary>A family of one number that goes up and down.</summary>
    public void Gauge(string name, string help, double value, string unit = "")
    {
        Family(name, "gauge", help, unit);
        Sample("", value);
    }

    /// <summary>A family of one number that counts from the start on.</summary>
    public void Counter(string name, string help, double value, string unit = "")
    {
        Family(name, "counter", help, unit);
        Sample("_total", value);
    }

    /// <summary>The whole text.</summary>
    public string End() => _text.Append("# EOF\n").ToString();

    /// <summary>A number as the format has it.</summary>
    public static string Number(double value)
        => double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : double.IsNaN(value) ? "NaN" : value.ToString("R", CultureInfo.InvariantCulture);

    private void Escape(string text)
    {
        if (!text.AsSpan().ContainsAny('\\', '"', '\n'))
        {
            _text.Append(text);
            return;
        }
        foreach (var character in text)
            _ = character switch
            {
                '\\' => _text.Append(@"\\"),
                '"' => _text.Append("\\\""),
                '\n' => _text.Append(@"\n"),
                _ => _text.Append(character),
            };
    }
}
