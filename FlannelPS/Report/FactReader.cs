using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Net;

namespace FlannelPS.Report;

/// <summary>Takes facts out of the module's objects, and out of what is left of them on another computer's way here: there an address is a text, and a list may be one.</summary>
internal static class FactReader
{
    /// <summary>The type's name without where it came through; null for what is none of the module's.</summary>
    public static string? KindOf(PSObject item)
        => item.TypeNames.Select(name => name.StartsWith("Deserialized.", StringComparison.Ordinal) ? name["Deserialized.".Length..] : name)
            .FirstOrDefault(name => name.StartsWith("FlannelPS.Flannel", StringComparison.Ordinal))?["FlannelPS.".Length..];

    /// <summary>The computer it came from, as the user named it; empty for this one.</summary>
    public static string HostOf(PSObject item) => Text(item, "PSComputerName");

    /// <summary>A node.</summary>
    public static NodeFact Node(PSObject item)
        => new(HostOf(item), Text(item, "Name"))
        {
            HostName = item.BaseObject is FlannelNode ? Environment.MachineName : "",
            State = Text(item, "State") is { Length: > 0 } state ? state : "Unknown",
            Causes = Texts(item, "Causes") is { Count: > 0 } causes ? causes : Texts(item, "Reasons"),
            Findings = Texts(item, "Findings"),
            Network = Network(item, "Network"),
            IPv6Network = Network(item, "IPv6Network"),
            Subnet = Network(item, "Subnet"),
            SubnetLength = Whole(item, "SubnetLength"),
            SubnetMin = Address(item, "SubnetMin"),
            SubnetMax = Address(item, "SubnetMax"),
            PublicIP = Address(item, "PublicIP"),
            Backend = Text(item, "Backend"),
            Interface = Text(item, "Interface"),
            Mtu = Whole(item, "Mtu"),
            Prefix = Text(item, "Prefix"),
            Version = Text(item, "Version"),
            Firewall = Text(item, "Firewall"),
            LeaseExpiration = Time(item, "LeaseExpiration"),
            StartTime = Time(item, "StartTime"),
        };

    /// <summary>A peer; null for one without a subnet, which is no host.</summary>
    public static PeerFact? Peer(PSObject item)
        => Network(item, "Subnet") is not { } subnet ? null : new(subnet, Address(item, "PublicIP"), LinkStates.Parse(Text(item, "State")))
        {
            Word = Text(item, "State"),
            Reason = Text(item, "Reason"),
            RoundTrip = Span(item, "RoundTripTime"),
            LossMinute = Part(item, "LossLastMinute"),
            LossHour = Part(item, "LossLastHour"),
            Mtu = Whole(item, "WorkingMtu"),
            LastAnswer = Time(item, "LastAnswer"),
            HostName = Text(item, "HostName"),
            Version = Text(item, "Version"),
            Backend = Text(item, "BackendType"),
        };

    /// <summary>An event.</summary>
    public static EventFact Event(PSObject item)
        => new(Time(item, "Time") ?? DateTimeOffset.UnixEpoch, Text(item, "Level"), Text(item, "Kind"), Text(item, "Message"));

    /// <summary>A lease; null for one without a subnet.</summary>
    public static LeaseFact? Lease(PSObject item)
        => Network(item, "Subnet") is not { } subnet ? null : new(subnet, Address(item, "PublicIP"), Text(item, "BackendType"), LanguagePrimitives.IsTrue(Value(item, "IsReservation")));

    /// <summary>A text, whatever it was before.</summary>
    public static string Text(PSObject item, string name)
        => Value(item, name) is { } value ? Convert.ToString(value is PSObject wrapped ? wrapped.BaseObject is PSCustomObject ? wrapped.ToString() : wrapped.BaseObject : value, CultureInfo.InvariantCulture) ?? "" : "";

    // A property that fails when it is read is one that is not there: these objects may come from anybody's script.
    private static object? Value(PSObject item, string name)
    {
        try
        {
            return item.Properties[name]?.Value;
        }
        catch (Exception e) when (e is GetValueException or SetValueException or PSInvalidOperationException)
        {
            return null;
        }
    }

    private static IReadOnlyList<string> Texts(PSObject item, string name)
        => (Value(item, name) is PSObject wrapped ? wrapped.BaseObject : Value(item, name)) switch
        {
            null => [],
            string { Length: 0 } => [],
            string text => [text],
            IEnumerable list => [.. list.Cast<object?>().Select(value => value?.ToString() ?? "").Where(text => text.Length > 0).Take(64)],
            var other => [other.ToString() ?? ""],
        };

    private static IPNetwork? Network(PSObject item, string name) => IPNetwork.TryParse(ToText(Value(item, name)), out var network) ? network : null;

    private static IPAddress? Address(PSObject item, string name) => IPAddress.TryParse(ToText(Value(item, name)), out var address) ? address : null;

    private static int? Whole(PSObject item, string name) => int.TryParse(ToText(Value(item, name)), CultureInfo.InvariantCulture, out var number) ? number : null;

    private static double? Part(PSObject item, string name)
        => double.TryParse(Text(item, name), CultureInfo.InvariantCulture, out var part) && double.IsFinite(part) ? Math.Clamp(part, 0, 1) : null;

    private static TimeSpan? Span(PSObject item, string name)
        => TimeSpan.TryParse(ToText(Value(item, name)), CultureInfo.InvariantCulture, out var span) && span >= TimeSpan.Zero ? span : null;

    // A DateTimeOffset comes through as its parts (Export-Clixml), or as a text (remoting).
    private static DateTimeOffset? Time(PSObject item, string name)
    {
        var value = Value(item, name);
        if ((value is PSObject { BaseObject: var inner } ? inner : value) is DateTimeOffset whole)
            return whole;
        if (value is PSObject parts && parts.Properties["UtcDateTime"]?.Value is { } utc && (utc is PSObject boxed ? boxed.BaseObject : utc) is DateTime at)
            return new(DateTime.SpecifyKind(at, DateTimeKind.Utc));
        return DateTimeOffset.TryParse(ToText(value), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
    }

    private static string ToText(object? value) => value?.ToString() ?? "";
}
