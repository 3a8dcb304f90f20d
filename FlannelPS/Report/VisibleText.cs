using System.Globalization;
using System.Text;

namespace FlannelPS.Report;

/// <summary>Text of strangers as an eye and a terminal may have it: what steers (control characters), turns the line around (direction marks) or has no width is shown by its number.</summary>
internal static class VisibleText
{
    /// <summary>Whether a character is shown as it is. Half a surrogate pair has no UTF-8; whole ones are rare enough in names to be shown by number too.</summary>
    public static bool IsSeen(char c)
        => c >= ' ' && CharUnicodeInfo.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    /// <summary>The number of one that is not: <c>\u202e</c>.</summary>
    public static string Number(char c) => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");

    /// <summary>A text in which all is seen.</summary>
    public static string Of(string text)
    {
        if (text.All(IsSeen))
            return text;
        var seen = new StringBuilder(text.Length + 16);
        foreach (var c in text)
            _ = IsSeen(c) ? seen.Append(c) : seen.Append(Number(c));
        return seen.ToString();
    }
}
