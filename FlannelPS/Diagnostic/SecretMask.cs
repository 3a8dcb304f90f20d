using System.Text;
using System.Text.RegularExpressions;

namespace FlannelPS.Diagnostics;

/// <summary>Takes secrets out of a text: those that are known, in every spelling they may have there, and what looks like one.</summary>
/// <remarks>Rather too much than too little: a word lost from a log is a nuisance, a password in it is not to be taken back.</remarks>
internal sealed partial class SecretMask
{
    /// <summary>What stands in a secret's place.</summary>
    public const string Mark = "<removed>";

    /// <summary>Shorter ones are found by their names alone: they would be found inside ordinary words.</summary>
    private const int ShortestKnown = 4;
    private static readonly string[] Ordinary = ["true", "false", "null", "none", Mark];
    private readonly string[] _known;
    private readonly string[] _keyPieces;

    /// <param name="known">Secrets that were read where they stand.</param>
    /// <param name="keyPieces">Pieces of private keys: with one of them goes what of the key stands around it.</param>
    public SecretMask(IEnumerable<string> known, IEnumerable<string>? keyPieces = null)
    {
        _keyPieces = [.. (keyPieces ?? []).Distinct(StringComparer.Ordinal)];
        _known = [.. known.Where(secret => secret.Length >= ShortestKnown && !Ordinary.Contains(secret, StringComparer.OrdinalIgnoreCase)).SelectMany(Spellings).Distinct(StringComparer.Ordinal).OrderByDescending(spelling => spelling.Length)];
    }

    /// <summary>The text without secrets.</summary>
    public string Apply(string text) => Apply(text, out _);

    /// <summary>The text without secrets.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="removed">How many were taken out.</param>
    public string Apply(string text, out int removed)
    {
        var count = 0;
        foreach (var secret in _known)
            if (text.Contains(secret, StringComparison.Ordinal))
            {
                count += text.Split(secret).Length - 1;
                text = text.Replace(secret, Mark, StringComparison.Ordinal);
            }
        foreach (var piece in _keyPieces)
            text = WithoutKey(text, piece, ref count);
        text = PrivateKey().Replace(text, _ => Removed(Mark));
        text = WithoutUsers(text, ref count);
        text = Scheme().Replace(text, match => Removed(match.Groups[1].Value + Mark));
        text = Variable().Replace(text, match => Removed(match.Groups[1].Value + Mark));
        text = Named().Replace(text, match => Removed(match.Groups[1].Value + Emptied(match.Groups[2].Value)));
        text = Flag().Replace(text, match => Removed(match.Groups[1].Value + Emptied(match.Groups[2].Value)));
        text = WebToken().Replace(text, _ => Removed(Mark));
        removed = count;
        return text;

        string Removed(string replacement)
        {
            count++;
            return replacement;
        }
    }

    /// <summary>Values that stand under a secret's name, or before the @ of an address: what is a secret in one text is one in every other.</summary>
    internal static IEnumerable<string> Find(string text)
    {
        foreach (Match match in Variable().Matches(text))
        {
            // In a unit the quotes stand around the whole assignment.
            yield return Bare(match.Groups[2].Value.Trim());
            yield return match.Groups[2].Value.Trim().Trim('"', '\'');
        }
        // The others stop at a blank, and would find a part of those.
        var rest = Variable().Replace(text, "");
        foreach (var pattern in new[] { Named(), Flag() })
            foreach (Match match in pattern.Matches(rest))
                yield return Bare(match.Groups[2].Value);
        foreach (var user in Users(text))
        {
            yield return text[user];
            if (text.AsSpan()[user].IndexOf(':') is >= 0 and var colon)
                yield return text[user][(colon + 1)..];
        }
    }

    /// <summary>A secret as JSON, systemd, a shell, an address and a header of HTTP may write it.</summary>
    private static IEnumerable<string> Spellings(string secret)
    {
        var (escaped, json) = (Escaped(secret), Json(secret));
        return
        [
            // JSON may stand in a text of JSON.
            secret, escaped, Escaped(escaped), json, Json(json), secret.Replace("'", @"'\''", StringComparison.Ordinal), secret.Replace("%", "%%", StringComparison.Ordinal),
            Uri.EscapeDataString(secret), System.Net.WebUtility.UrlEncode(secret), Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)),
        ];
    }

    private static string Escaped(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);

    private static string Json(string text) => System.Text.Json.JsonEncodedText.Encode(text).ToString();

    /// <summary>Each place of a piece, with all of base64 before and behind it (RFC 4648 section 4).</summary>
    private static string WithoutKey(string text, string piece, ref int count)
    {
        for (var at = 0; (at = text.IndexOf(piece, at, StringComparison.Ordinal)) >= 0; at += Mark.Length)
        {
            var (start, end) = (at, at + piece.Length);
            while (start > 0 && IsBase64(text[start - 1]))
                start--;
            while (end < text.Length && IsBase64(text[end]))
                end++;
            text = string.Concat(text.AsSpan(0, start), Mark, text.AsSpan(end));
            at = start;
            count++;
        }
        return text;

        static bool IsBase64(char character) => char.IsAsciiLetterOrDigit(character) || character is '+' or '/' or '=';
    }

    private static string WithoutUsers(string text, ref int count)
    {
        StringBuilder? masked = null;
        var from = 0;
        foreach (var user in Users(text))
        {
            if (text.AsSpan()[user].SequenceEqual(Mark))
                continue;
            (masked ??= new(text.Length)).Append(text, from, user.Start.Value - from).Append(Mark);
            from = user.End.Value;
            count++;
        }
        return masked is null ? text : masked.Append(text, from, text.Length - from).ToString();
    }

    /// <summary>What stands between :// and the last @ of the same word: a password may have any character, also those an address may not.</summary>
    private static IEnumerable<Range> Users(string text)
    {
        for (var at = 0; (at = text.IndexOf("://", at, StringComparison.Ordinal)) >= 0;)
        {
            at += 3;
            var end = at;
            var last = -1;
            while (end < text.Length && !char.IsWhiteSpace(text[end]) && text[end] is not ('"' or '\'' or '|'))
            {
                if (text[end] == '@')
                    last = end;
                end++;
            }
            if (last > at)
                yield return at..last;
            at = end;
        }
    }

    // What was in quotes stays in quotes, so that JSON stays JSON.
    private static string Emptied(string value) => value[0] is '"' or '\'' && value.Length > 1 && value[^1] == value[0] ? value[0] + Mark + value[0]
        : value.StartsWith("\\\"", StringComparison.Ordinal) ? $"\\\"{Mark}\\\"" : Mark;

    private static string Bare(string value)
        => value.Length > 3 && value.StartsWith("\\\"", StringComparison.Ordinal) && value.EndsWith("\\\"", StringComparison.Ordinal) ? value[2..^2]
            : value.Length > 1 && value[0] is '"' or '\'' && value[^1] == value[0] ? value[1..^1].Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal)
            : value;

    [GeneratedRegex(@"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:[\s\S]*?-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|[\s\S]*)", RegexOptions.CultureInvariant)]
    private static partial Regex PrivateKey();

    /// <remarks>A line of its own: the value goes to its end.</remarks>
    [GeneratedRegex(@"^([ \t]*(?:export )?(?:Environment=""?)?[A-Za-z0-9_]{0,64}(?:" + SecretNames.Words + @")[A-Za-z0-9_]{0,64}=)([^\r\n]+)", RegexOptions.IgnoreCase | RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Variable();

    [GeneratedRegex(@"((?:" + SecretNames.Words + @")[A-Za-z0-9_.-]{0,64}(?:\\?[""'])?[ \t]{0,8}[:=][ \t]{0,8})(?!<removed>)(\\""[^""\r\n]*?\\""|""(?:[^""\\\r\n]|\\.)*""|'[^'\r\n]*'|\S+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Named();

    [GeneratedRegex(@"(--?[a-z0-9_-]{0,32}(?:" + SecretNames.Words + @")[a-z0-9_-]{0,32}[ \t]{1,8})(?!<removed>)(""(?:[^""\\\r\n]|\\.)*""|'[^'\r\n]*'|\S+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Flag();

    /// <remarks>RFC 7235 section 2.1.</remarks>
    [GeneratedRegex(@"\b((?:Bearer|Basic)[ \t]{1,8})[A-Za-z0-9+/=._~-]{8,}", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Scheme();

    /// <remarks>RFC 7519: header, claims and signature in base64url. etcd gives such.</remarks>
    [GeneratedRegex(@"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*", RegexOptions.CultureInvariant)]
    private static partial Regex WebToken();
}
