using System.Text;
using FlannelPS.Report;

namespace FlannelPS.Live;

/// <summary>One line of a terminal: columns of text, cut to the width before colour is put on, so that nothing wraps and no colour is cut in two.</summary>
/// <param name="width">Characters there is room for.</param>
/// <param name="isColoured">Whether words have colours.</param>
internal sealed class TerminalLine(int width, bool isColoured)
{
    private readonly StringBuilder _text = new();
    private int _length;

    /// <summary>Adds text as it is; strangers' control characters are shown by their numbers.</summary>
    public TerminalLine Add(string text, string colour = "")
    {
        var seen = VisibleText.Of(text);
        if (seen.Length > width - _length)
            seen = width - _length > 1 ? seen[..(width - _length - 1)] + "\u2026" : "";
        _length += seen.Length;
        _ = isColoured && colour.Length > 0 && seen.Length > 0 ? _text.Append(colour).Append(seen).Append("\e[0m") : _text.Append(seen);
        return this;
    }

    /// <summary>Adds a column; a text that is longer is cut.</summary>
    public TerminalLine Column(string text, int room, string colour = "", bool toRight = false)
    {
        var seen = ReportText.Cut(VisibleText.Of(text), room);
        return toRight ? Add(new string(' ', room - seen.Length)).Add(seen, colour).Add("  ") : Add(seen, colour).Add(new string(' ', Math.Max(0, Math.Min(room, width) - seen.Length + 2)));
    }

    /// <summary>The line, without blanks at its end.</summary>
    public override string ToString() => _text.ToString().TrimEnd();
}
