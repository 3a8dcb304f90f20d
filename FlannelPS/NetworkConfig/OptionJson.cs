using System.Collections;
using System.Globalization;
using System.Management.Automation;
using FlannelPS.Engine.Leases;

namespace FlannelPS;

/// <summary>JSON from what a user types for an option's value.</summary>
internal static class OptionJson
{
    private const int Deepest = 8;

    /// <summary>Its JSON; null where the value has no form in JSON.</summary>
    public static string? Of(object? value, int depth = 0)
        => (value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value) switch
        {
            _ when depth > Deepest => null,
            string or char => NetworkConfigText.Quoted(value!.ToString()!),
            bool flag => flag ? "true" : "false",
            SwitchParameter flag => flag ? "true" : "false",
            byte or sbyte or short or ushort or int or uint or long or ulong => Convert.ToString(value, CultureInfo.InvariantCulture),
            double number when double.IsFinite(number) => number.ToString("R", CultureInfo.InvariantCulture),
            decimal number => number.ToString(CultureInfo.InvariantCulture),
            IDictionary table => Members(table.Cast<DictionaryEntry>().Select(entry => (entry.Key.ToString() ?? "", entry.Value)), depth),
            PSObject custom => Members(custom.Properties.Select(property => (property.Name, (object?)property.Value)), depth),
            IEnumerable list => Joined(list.Cast<object?>().Select(item => Of(item, depth + 1)), '[', ']'),
            _ => null,
        };

    private static string? Members(IEnumerable<(string Name, object? Value)> members, int depth)
        => Joined(members.Select(member => Of(member.Value, depth + 1) is { } text ? $"{NetworkConfigText.Quoted(member.Name)}:{text}" : null), '{', '}');

    private static string? Joined(IEnumerable<string?> parts, char open, char close)
        => parts.ToList() is var all && all.Contains(null) ? null : $"{open}{string.Join(',', all)}{close}";
}
