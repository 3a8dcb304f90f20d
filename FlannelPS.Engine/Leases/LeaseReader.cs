using System.Text;
using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Leases;

/// <summary>Turns one key of the registry into a lease, or into a reason why it is none. One bad key never spoils another (Q-1, L1).</summary>
internal static class LeaseReader
{
    /// <summary>Reads a key below <paramref name="prefix"/>, which ends in a slash.</summary>
    /// <returns>A <see cref="Lease"/> or an <see cref="InvalidLease"/>.</returns>
    public static object Read(string prefix, StoreKey item)
    {
        var name = item.Key.AsSpan(prefix.Length);
        if (Subnet.ParseKey(name) is not { } subnet)
            return Invalid(item, "the key is no subnet (such as 10.5.52.0-24)", Subnet.ParseKeyAsOriginal(name));
        if (LeaseValue.Read(item.Value, out var reason) is not { } attributes)
            return Invalid(item, reason, subnet);
        return new Lease(item.Key, subnet, attributes, item.LeaseId, item.CreateRevision, item.ModRevision);
    }

    private static InvalidLease Invalid(StoreKey item, string reason, Subnet? occupied)
        => new(Printable(item.Key), reason, item.ModRevision, occupied);

    /// <summary>A key as it may stand in a log line: control characters escaped, length bounded.</summary>
    public static string Printable(string key)
    {
        var text = new StringBuilder(Math.Min(key.Length, 256));
        foreach (var character in key.Length > 256 ? key.AsSpan(0, 255) : key)
        {
            if (char.IsControl(character) || char.IsSurrogate(character))
                text.Append($"\\u{(int)character:x4}");
            else
                text.Append(character);
        }
        return key.Length > 256 ? text.Append('…').ToString() : text.ToString();
    }
}
