using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace FlannelPS.Report;

/// <summary>
/// Writes HTML in which literals are markup and holes are data: what an interpolated string takes in is encoded, whatever it holds.
/// </summary>
internal sealed class HtmlWriter
{
    /// <summary>Characters of one value; nothing that a host calls itself is longer, and what is was made to break the page.</summary>
    private const int LongestValue = 400;

    private readonly StringBuilder _text = new(64 << 10);

    /// <summary>Writes markup with data in it: <c>html.Write($"&lt;td&gt;{name}&lt;/td&gt;")</c>.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "The handler has written into this very writer before it gets here.")]
    public void Write([InterpolatedStringHandlerArgument("")] ref Markup markup) => _ = markup;

    /// <summary>Writes the style sheet, whose text is ours and may not be encoded: its fingerprint stands in the head.</summary>
    public void WriteStyle(string sheet) => _text.Append(sheet);

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();

    private void Encode(ReadOnlySpan<char> value)
    {
        var rest = value.Length > LongestValue;
        foreach (var c in rest ? value[..LongestValue] : value)
        {
            _ = c switch
            {
                '&' => _text.Append("&amp;"),
                '<' => _text.Append("&lt;"),
                '>' => _text.Append("&gt;"),
                '"' => _text.Append("&quot;"),
                '\'' => _text.Append("&#39;"),
                _ when VisibleText.IsSeen(c) => _text.Append(c),
                _ => _text.Append(VisibleText.Number(c)),
            };
        }
        if (rest)
            _text.Append('\u2026');
    }

    /// <summary>What the compiler makes of an interpolated string that is written here.</summary>
    [InterpolatedStringHandler]
    internal readonly ref struct Markup
    {
        private readonly HtmlWriter _writer;

        /// <summary>Called by the compiler.</summary>
        public Markup(int literalLength, int formattedCount, HtmlWriter writer)
        {
            _ = literalLength + formattedCount;
            _writer = writer;
        }

        /// <summary>Markup, as it stands in the source.</summary>
        public void AppendLiteral(string literal) => _writer._text.Append(literal);

        /// <summary>Data.</summary>
        public void AppendFormatted(string? value) => _writer.Encode(value);

        /// <summary>A whole number.</summary>
        public void AppendFormatted(long value) => _writer._text.Append(value);

        /// <summary>A coordinate: one digit after the point is a tenth of a pixel.</summary>
        public void AppendFormatted(double value) => _writer._text.Append(CultureInfo.InvariantCulture, $"{value:0.#}");

        /// <summary>A word of an enumeration, which is ours.</summary>
        public void AppendFormatted<T>(T value) where T : struct, Enum => _writer.Encode(value.ToString());
    }
}
