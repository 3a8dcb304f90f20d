using System.Text.Json;

namespace FlannelPS.SystemTests.Faults;

/// <summary>What a host's kernel and subnet file must hold for the leases in the store, worked out without the engine (I2, I5).</summary>
internal static class Model
{
    /// <summary>What differs on a node; null for nothing.</summary>
    public static async Task<string?> DifferenceAsync(Node node, IReadOnlyList<EtcdKey> leases)
    {
        string own = node.Env.Key;
        if (leases.FirstOrDefault(lease => NameOf(lease) == own) is not { } ownLease)
        {
            return $"{node.Host.Name}: the store has no lease of {own}";
        }

        bool vxlan = Value(ownLease).GetProperty("BackendType").GetString() == "vxlan";
        var wanted = leases.Where(lease => lease != ownLease).SelectMany(lease => vxlan ? VxlanPeer(lease) : [HostGwPeer(lease)])
            .Concat(vxlan ? [VxlanDevice(node, ownLease)] : []).Order(StringComparer.Ordinal).ToList();
        var present = (vxlan ? await VxlanAsync(node) : await RoutesAsync(node, "eth0")).Order(StringComparer.Ordinal).ToList();
        string[] missing = [.. wanted.Except(present)], added = [.. present.Except(wanted)];
        return missing.Length + added.Length == 0 && wanted.Count == present.Count ? null
            : $"{node.Host.Name}:\n- {string.Join("\n- ", missing)}\n+ {string.Join("\n+ ", added)}";
    }

    /// <summary>The subnets that two live leases shared at any time (I1), as text; null for none.</summary>
    public static string? Overlap(IEnumerable<EtcdEvent> history)
    {
        var live = new Dictionary<string, System.Net.IPNetwork>();
        foreach (var item in history)
        {
            string name = NameOf(item.Item);
            if (item.IsDeleted)
            {
                live.Remove(name);
                continue;
            }

            var subnet = SubnetOf(name);
            if (live.FirstOrDefault(other => other.Key != name && (other.Value.Contains(subnet.BaseAddress) || subnet.Contains(other.Value.BaseAddress))) is { Key: { } other })
            {
                return $"{name} and {other} at revision {item.Item.ModRevision}";
            }

            live[name] = subnet;
        }

        return null;
    }

    private static string NameOf(EtcdKey key) => key.Key[(key.Key.LastIndexOf('/') + 1)..];

    private static System.Net.IPNetwork SubnetOf(string name) => System.Net.IPNetwork.Parse(name.Replace('-', '/'));

    private static JsonElement Value(EtcdKey lease)
    {
        using var json = JsonDocument.Parse(lease.Value);
        return json.RootElement.Clone();
    }

    private static IEnumerable<string> VxlanPeer(EtcdKey lease)
    {
        var (subnet, value) = (SubnetOf(NameOf(lease)), Value(lease));
        string mac = value.GetProperty("BackendData").GetProperty("VtepMAC").GetString()!;
        return [$"route {subnet} via {subnet.BaseAddress} dev flannel.1", $"neigh {subnet.BaseAddress} {mac}", $"fdb {mac} {value.GetProperty("PublicIP").GetString()}"];
    }

    private static string HostGwPeer(EtcdKey lease) => $"route {SubnetOf(NameOf(lease))} via {Value(lease).GetProperty("PublicIP").GetString()} dev eth0";

    private static string VxlanDevice(Node node, EtcdKey lease) =>
        $"link flannel.1 up {node.Env.Mtu} {Value(lease).GetProperty("BackendData").GetProperty("VtepMAC").GetString()} {node.Env.Subnet.BaseAddress}/32";

    private static async Task<IReadOnlyList<string>> VxlanAsync(Node node)
    {
        if ((await node.Host.Namespace.RunAsync("ip", "-j", "addr", "show", "dev", "flannel.1")) is not { ExitCode: 0 } link)
        {
            return ["no flannel.1"];
        }

        var lines = new List<string>(await RoutesAsync(node, "flannel.1"));
        foreach (var item in Items(link.Output))
        {
            string addresses = string.Join(' ', item.GetProperty("addr_info").EnumerateArray().Where(address => address.GetProperty("family").GetString() == "inet")
                .Select(address => $"{address.GetProperty("local").GetString()}/{address.GetProperty("prefixlen").GetInt32()}"));
            bool up = item.GetProperty("flags").EnumerateArray().Any(flag => flag.GetString() == "UP");
            lines.Add($"link flannel.1 {(up ? "up" : "down")} {item.GetProperty("mtu").GetInt32()} {item.GetProperty("address").GetString()} {addresses}");
        }

        lines.AddRange(Items(await RunAsync(node, "ip", "-j", "-4", "neigh", "show", "dev", "flannel.1", "nud", "permanent"))
            .Select(item => $"neigh {item.GetProperty("dst").GetString()} {item.GetProperty("lladdr").GetString()}"));
        lines.AddRange(Items(await RunAsync(node, "bridge", "-j", "fdb", "show", "dev", "flannel.1"))
            .Where(item => item.TryGetProperty("dst", out _))
            .Select(item => $"fdb {item.GetProperty("mac").GetString()} {item.GetProperty("dst").GetString()}"));
        return lines;
    }

    private static async Task<IReadOnlyList<string>> RoutesAsync(Node node, string device) =>
        [.. Items(await RunAsync(node, "ip", "-j", "-4", "route", "show", "root", "10.42.0.0/16"))
            .Where(item => !item.TryGetProperty("dev", out var dev) || dev.GetString() == device || dev.GetString() == "lo")
            .Select(item => $"route {item.GetProperty("dst").GetString()} via {Text(item, "gateway")} dev {Text(item, "dev")}{(item.TryGetProperty("metrics", out var metrics) ? $" {metrics}" : "")}")];

    private static string Text(JsonElement item, string name) => item.TryGetProperty(name, out var value) ? value.ToString() : "none";

    // A device may go between two of the questions.
    private static async Task<string> RunAsync(Node node, string program, params IReadOnlyList<string> arguments) =>
        (await node.Host.Namespace.RunAsync(program, arguments)).Output;

    private static IReadOnlyList<JsonElement> Items(string text)
    {
        using var json = JsonDocument.Parse(text.Length == 0 ? "[]" : text);
        return [.. json.RootElement.Clone().EnumerateArray().Where(item => item.EnumerateObject().Any())];
    }
}
