namespace FlannelPS;

/// <summary>Where a service of a name has its files.</summary>
internal static class ServicePaths
{
    /// <summary>Units of the host's administrator, systemd.unit(5).</summary>
    public const string Units = "/etc/systemd/system";

    /// <summary>The settings of the services.</summary>
    public const string Settings = "/etc/flannelps";

    /// <summary>Copies of the daemon, a folder a version: they outlive the module's update and removal.</summary>
    public const string Daemons = "/usr/local/lib/flannelps";

    /// <summary>The unit that all services with the native daemon share.</summary>
    public const string Template = Units + "/flannelps@.service";

    /// <summary>This version's copy of the daemon.</summary>
    public static string Daemon => $"{Daemons}/{Version}/flannelpsd";

    /// <summary>This version.</summary>
    public static string Version => typeof(ServicePaths).Assembly.GetName().Version!.ToString(3);

    /// <summary>The unit's name.</summary>
    public static string UnitName(string name) => $"flannelps@{name}.service";

    /// <summary>The unit of one service inside PowerShell, which systemd takes before the template.</summary>
    public static string OwnUnit(string name) => $"{Units}/{UnitName(name)}";

    /// <summary>What one service adds to the template. Others' additions stand beside it.</summary>
    public static string DropIn(string name) => $"{OwnUnit(name)}.d/10-flannelps.conf";

    /// <summary>The settings, mode 0600.</summary>
    public static string Environment(string name) => $"{Settings}/{name}.env";

    /// <summary>The names that files speak of, with none of them asked whether it runs.</summary>
    public static IEnumerable<string> Names()
    {
        var enabled = Directory.Exists(Units)
            ? Directory.EnumerateDirectories(Units, "*.wants").Append(Units).SelectMany(folder => Directory.EnumerateFileSystemEntries(folder, "flannelps@*.service")).Select(NameOf)
            : [];
        // Settings alone are a service only where there is a unit for them.
        var settings = File.Exists(Template) && Directory.Exists(Settings) ? Directory.EnumerateFiles(Settings, "*.env").Select(path => Path.GetFileNameWithoutExtension(path)) : [];
        return enabled.Concat(settings).Where(name => name.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
    }

    /// <summary>The name in a unit's name; empty for the template.</summary>
    public static string NameOf(string unit)
        => Path.GetFileName(unit) is var file && file.StartsWith("flannelps@", StringComparison.Ordinal) && file.EndsWith(".service", StringComparison.Ordinal) ? file[10..^8] : "";
}
