using System.Text;

namespace FlannelPS.Diagnostics;

/// <summary>Files of settings, as far as they may be shown: what is known to be harmless with its value, all else by its name.</summary>
internal static class SettingsText
{
    private const string Hidden = "<not shown>";

    // systemd.exec(5), systemd.service(5) and the like: by how they begin.
    private static readonly string[] Directives =
    [
        "Description", "Documentation", "After", "Before", "Wants", "Requires", "Requisite", "BindsTo", "PartOf", "Conflicts", "Condition", "Assert", "DefaultDependencies", "Start", "Type",
        "NotifyAccess", "Exec", "Restart", "Timeout", "RuntimeMax", "Watchdog", "FileDescriptor", "Limit", "RuntimeDirectory", "StateDirectory", "CacheDirectory", "LogsDirectory", "ConfigurationDirectory",
        "Read", "Inaccessible", "Protect", "Private", "Capability", "Ambient", "NoNewPrivileges", "Restrict", "SystemCall", "Memory", "CPU", "IO", "Tasks", "OOM", "User", "Group", "Supplementary",
        "DynamicUser", "EnvironmentFile", "WorkingDirectory", "RootDirectory", "UMask", "Nice", "Kill", "SendSIGKILL", "StandardOutput", "StandardError", "Syslog", "LogLevel", "WantedBy", "RequiredBy", "Alias", "Also", "Slice", "Delegate", "Lock",
        "Device", "RemainAfterExit", "PIDFile", "GuessMainPID", "Remove", "Keyring", "IPAddress", "NetworkNamespace", "JoinsNamespaceOf", "Namespace",
    ];

    /// <summary>A file of variables: those of the daemon are shown, unless they are secrets. Comments are not: an older password may stand in one.</summary>
    public static string OfEnvironment(string text)
    {
        var shown = new StringBuilder();
        foreach (var line in Joined(text))
            if (line.Length > 0 && line[0] is not ('#' or ';'))
                shown.Append(OfVariable(line)).Append('\n');
        return shown.ToString();
    }

    /// <summary>A unit or a drop-in.</summary>
    public static string OfUnit(string text)
    {
        var shown = new StringBuilder();
        foreach (var line in Joined(text))
        {
            if (line.Length == 0 || line[0] is '#' or ';')
                continue;
            var equals = line.IndexOf('=');
            var name = equals < 0 ? line : line[..equals].TrimEnd();
            shown.Append(
                line[0] == '[' ? line
                : equals < 0 ? Hidden
                : name == "Environment" ? $"Environment={string.Join(' ', Words(line[(equals + 1)..]).Select(OfVariable))}"
                : !SecretNames.Has(name) && Directives.Any(known => name.StartsWith(known, StringComparison.Ordinal)) ? line
                : $"{name}={Hidden}").Append('\n');
        }
        return shown.ToString();
    }

    private static string OfVariable(string line)
    {
        var equals = line.IndexOf('=');
        var name = equals < 0 ? "" : line[..equals].Trim();
        return name.Length == 0 || !name.All(character => char.IsAsciiLetterOrDigit(character) || character == '_') ? Hidden
            : IsShown(name) ? $"{name}={line[(equals + 1)..].Trim()}"
            : $"{name}={Hidden}";
    }

    private static bool IsShown(string name)
        => (name.StartsWith("FLANNELD_", StringComparison.Ordinal) || name.StartsWith("FLANNELPS_", StringComparison.Ordinal)) && !SecretNames.Has(name);

    /// <summary>Lines without what ends in a backslash being cut: what follows belongs to it.</summary>
    private static IEnumerable<string> Joined(string text)
    {
        var whole = "";
        foreach (var raw in text.Split('\n'))
        {
            var line = raw.Trim();
            if (line.EndsWith('\\'))
            {
                whole += line[..^1] + " ";
                continue;
            }
            yield return whole + line;
            whole = "";
        }
        if (whole.Length > 0)
            yield return whole;
    }

    /// <summary>Words, where quotes keep blanks together, systemd.syntax(7).</summary>
    private static IEnumerable<string> Words(string text)
    {
        var word = new StringBuilder();
        var quote = '\0';
        foreach (var character in text)
        {
            if (quote == '\0' && char.IsWhiteSpace(character))
            {
                if (word.Length > 0)
                    yield return word.ToString();
                word.Clear();
            }
            else if (quote == '\0' && character is '"' or '\'' )
                quote = character;
            else if (character == quote)
                quote = '\0';
            else
                word.Append(character);
        }
        if (word.Length > 0)
            yield return word.ToString();
    }
}
