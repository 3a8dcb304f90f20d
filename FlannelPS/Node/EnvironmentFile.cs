using System.Text;

namespace FlannelPS;

/// <summary>A file of variables, as systemd's <c>EnvironmentFile</c> has it: <c>NAME=value</c> a line, <c>#</c> and <c>;</c> for comments, quotes around a value.</summary>
/// <remarks>systemd.exec(5), EnvironmentFile. Continued lines are not taken: no value of a node needs them.</remarks>
internal static class EnvironmentFile
{
    private const int MaximumLength = 256 * 1024;

    /// <summary>Reads a file.</summary>
    /// <exception cref="FormatException">It is too long, or a line is no variable; the message names the line.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Dictionary<string, string> Read(string path)
    {
        var file = new FileInfo(path);
        if (file.Exists && file.Length > MaximumLength)
            throw new FormatException($"it has {file.Length} bytes; a file of settings has a few hundred");
        return Parse(File.ReadAllText(path));
    }

    /// <summary>Writes variables as systemd reads them back.</summary>
    /// <exception cref="FormatException">A value has a line end, which no line can hold.</exception>
    public static string Render(IReadOnlyDictionary<string, string> variables)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in variables.OrderBy(item => item.Key, StringComparer.Ordinal))
        {
            if (value.AsSpan().ContainsAny('\n', '\r', '\0'))
                throw new FormatException($"{name} has a line end in its value");
            // In double quotes systemd takes a backslash before ", \, $ and ` away, and only there.
            text.Append(name).Append("=\"").Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)).Append("\"\n");
        }
        return text.ToString();
    }

    /// <summary>Reads a text.</summary>
    public static Dictionary<string, string> Parse(string text)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var line = raw.Trim();
            if (line.Length == 0 || line[0] is '#' or ';')
                continue;
            var equals = line.IndexOf('=');
            var name = equals < 0 ? line : line[..equals].TrimEnd();
            if (equals < 1 || !name.All(character => char.IsAsciiLetterOrDigit(character) || character == '_'))
                throw new FormatException($"line {number} is no variable (NAME=value)");
            var value = line[(equals + 1)..].Trim();
            if (value is ['"' or '\'', _, ..] && value[^1] == value[0])
                value = value[0] == '"' ? Unescape(value[1..^1]) : value[1..^1];
            variables[name] = value;
        }
        return variables;
    }

    private static string Unescape(string quoted)
    {
        var text = new StringBuilder(quoted.Length);
        for (var i = 0; i < quoted.Length; i++)
        {
            if (quoted[i] == '\\' && i + 1 < quoted.Length && quoted[i + 1] is '"' or '\\' or '$' or '`')
                i++;
            text.Append(quoted[i]);
        }
        return text.ToString();
    }
}
