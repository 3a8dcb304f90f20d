using System.ComponentModel;
using System.Globalization;

namespace FlannelPS;

/// <summary>Words for the views of the format file: states in colour, times from now, sizes. What leaves a session (files, other programs) PowerShell rids of colour itself.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class FlannelDisplay
{
    private const string Red = "\e[91m", Green = "\e[92m", Yellow = "\e[93m", Dim = "\e[90m", Off = "\e[0m";

    /// <summary>A state, or another word that is good, bad or in between.</summary>
    public static string State(object? state)
    {
        var word = Convert.ToString(state, CultureInfo.InvariantCulture) ?? "";
        var colour = word switch
        {
            "Ready" or "Programmed" or "Active" or "Running" or "Pass" or "Added" or "Alive" or "Reachable" => Green,
            "Failed" or "Fail" or "Error" or "Critical" or "Conflict" or "Refused" or "Missing" or "Foreign" or "Dead" or "NoSubnet" or "Lost" or "Unreachable" or "PeerUnreachable" or "OneWay" => Red,
            "Stopped" or "Skip" or "Debug" or "NotInstalled" or "Updated" => Dim,
            "" or "Information" => "",
            _ => Yellow,    // all others are on their way somewhere
        };
        return colour.Length > 0 ? colour + word + Off : word;
    }

    /// <summary>Yes in green, or no in red.</summary>
    public static string Good(bool? value) => value switch { true => $"{Green}yes{Off}", false => $"{Red}no{Off}", null => "" };

    /// <summary>Yes, or nothing: for what is noted only where it is so.</summary>
    public static string Mark(bool? value) => value == true ? "yes" : "";

    /// <summary>A time from now: <c>in 23h 59m</c>, <c>5s ago</c>.</summary>
    public static string Relative(DateTimeOffset? time)
        => time is not { } at ? "" : at - DateTimeOffset.Now is var distance && distance >= TimeSpan.Zero ? $"in {Span(distance)}" : $"{Span(-distance)} ago";

    /// <summary>A time of the clock, and from now.</summary>
    public static string Absolute(DateTimeOffset? time)
        => time is { } at ? string.Create(CultureInfo.InvariantCulture, $"{at.ToLocalTime():yyyy-MM-dd HH:mm:ss zzz} ({Relative(at)})") : "";

    /// <summary>The time of the day for what is of today, the date before it for what is older.</summary>
    public static string Clock(DateTimeOffset? time)
        => time is not { } at ? "" : at.ToLocalTime() is var local && local.Date == DateTimeOffset.Now.Date
            ? local.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)
            : local.ToString("MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>A length of time by its two largest units.</summary>
    public static string Span(TimeSpan? span)
        => span is not { } length ? ""
            : length.TotalDays >= 1 ? $"{(int)length.TotalDays}d {length.Hours}h"
            : length.TotalHours >= 1 ? $"{length.Hours}h {length.Minutes}m"
            : length.TotalMinutes >= 1 ? $"{length.Minutes}m {length.Seconds}s"
            : length.TotalSeconds >= 1 ? $"{length.Seconds}s"
            : string.Create(CultureInfo.InvariantCulture, $"{length.TotalMilliseconds:0.#}ms");

    /// <summary>A part of the whole in percent.</summary>
    public static string Percent(double? part) => part is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value * 100:0.#}%") : "";

    /// <summary>Bytes by a unit that leaves few digits.</summary>
    public static string Size(long? bytes)
        => bytes is not { } count ? ""
            : count < 1024 ? $"{count} B"
            : count < 1048576 ? string.Create(CultureInfo.InvariantCulture, $"{count / 1024.0:0.#} KiB")
            : count < 1073741824 ? string.Create(CultureInfo.InvariantCulture, $"{count / 1048576.0:0.#} MiB")
            : string.Create(CultureInfo.InvariantCulture, $"{count / 1073741824.0:0.##} GiB");

    /// <summary>When a lease ends, or that it does not.</summary>
    public static string Expiry(FlannelLease lease) => lease.IsReservation ? "reserved" : Relative(lease.Expiration);

    /// <summary>What stands in a dictionary, or the members of an object, in one line.</summary>
    public static string Pairs(object? value)
        => value switch
        {
            null => "",
            System.Collections.IDictionary pairs => string.Join(' ', pairs.Keys.Cast<object>().Select(key => $"{key}={Pairs(pairs[key])}")),
            IEnumerable<KeyValuePair<string, string>> pairs => string.Join(' ', pairs.Select(pair => $"{pair.Key}={pair.Value}")),
            System.Management.Automation.PSObject { BaseObject: System.Management.Automation.PSCustomObject } item => string.Join(' ', item.Properties.Select(property => $"{property.Name}={Pairs(property.Value)}")),
            string text => text,
            System.Collections.IEnumerable list => string.Join(',', list.Cast<object?>().Select(Pairs)),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
        };
}
