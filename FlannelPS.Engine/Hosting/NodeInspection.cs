using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Node;

namespace FlannelPS.Engine.Hosting;

/// <summary>Compares what a node says of itself with what stands in the kernel and in its file: what it says alone proves little.</summary>
internal static class NodeInspection
{
    private const string NoLease = "There is no lease yet.";

    /// <summary>Looks at a node that answered.</summary>
    /// <param name="status">Its status.</param>
    /// <param name="peers">Its peers.</param>
    /// <param name="now">The time.</param>
    public static IReadOnlyList<RuleVerdict> Inspect(JsonElement status, JsonElement peers, DateTimeOffset now)
        => [.. Ready(status), Lease(status, now), Store(status), Configuration(status), .. Kernel(status, peers), Peers(status, peers), SubnetFile(status)];

    private static IEnumerable<RuleVerdict> Ready(JsonElement status)
    {
        if (status.Flag("ready"))
            return [new("Ready", RuleStatus.Pass, "It is ready.")];
        var reasons = status.Texts("reasons");
        return reasons.Count == 0 ? [new("Ready", RuleStatus.Fail, "It is not ready, and says no reason.")]
            : reasons.Select(reason => new RuleVerdict("Ready", RuleStatus.Fail, $"It is not ready: {reason}.", "Remove the reason; Get-FlannelEvent shows what led to it."));
    }

    private static RuleVerdict Lease(JsonElement status, DateTimeOffset now)
    {
        const string Name = "Lease";
        var lease = status.Part("lease");
        if (lease.Text("phase") is not "Held" and var phase)
        {
            return new(Name, RuleStatus.Fail, $"It does not hold a lease: {phase ?? "no phase"}{(lease.Text("reason") is { } reason ? $", {reason}" : "")}.",
                phase switch
                {
                    "Conflict" => "Decide which of the two hosts has the subnet, stop the other, then Repair-FlannelNode.",
                    "NoSubnet" => "Remove leases of hosts that are gone (Get-FlannelLease, Remove-FlannelLease), or configure a larger network; it takes what gets free.",
                    _ => "It goes on trying; Repair-FlannelNode tries at once.",
                });
        }
        var subnet = lease.Text("subnet");
        if (lease.Flag("reservation"))
            return new(Name, RuleStatus.Pass, $"{subnet} is reserved, and does not end.");
        if (lease.Time("expires") is not { } expires)
            return new(Name, RuleStatus.Warn, $"It holds {subnet}, and does not say until when.");
        var (left, life) = (expires - now, TimeSpan.FromSeconds(lease.Number("ttlSeconds") ?? 0));
        // It is renewed after a third of its life: below a half, renewals fail.
        return left <= TimeSpan.Zero ? new(Name, RuleStatus.Fail, $"The lease of {subnet} ended {Spoken(-left)} ago.", "Repair-FlannelNode; if that does not help, look at the store with Test-FlannelStore -Detailed.")
            : left < life / 2 ? new(Name, RuleStatus.Warn, $"The lease of {subnet} ends in {Spoken(left)}, and is not renewed in time.", "Look at the store with Test-FlannelStore -Detailed.")
            : new(Name, RuleStatus.Pass, $"It holds {subnet} for {Spoken(left)} more.");
    }

    private static RuleVerdict Store(JsonElement status)
    {
        var store = status.Part("store");
        return store.Flag("following") ? new("Store", RuleStatus.Pass, $"It follows {store.Text("prefix")} in {store.Text("endpoints")}.")
            : new("Store", RuleStatus.Fail, $"It cannot follow the store: {store.Text("problem") ?? "no reason"}", "Test-FlannelStore -Detailed asks each endpoint. What is programmed stays meanwhile.");
    }

    private static RuleVerdict Configuration(JsonElement status)
        => status.Text("network") is not { } network ? new("Configuration", RuleStatus.Fail, "It has no network configuration.", "Write one with Set-FlannelNetworkConfig.")
            : status.Text("configNotice") is { } notice ? new("Configuration", RuleStatus.Warn, $"In short: {notice}.", "Restart-FlannelNode takes the new configuration; the traffic goes on meanwhile.")
            : new("Configuration", RuleStatus.Pass, $"It runs {network} with {status.Text("backend")}, as the store says.");

    private static IEnumerable<RuleVerdict> Kernel(JsonElement status, JsonElement peers)
    {
        string[] names = ["Device", "Routes", "Neighbors"];
        if (NodeOverlay.Of(status, peers) is not { } overlay)
            return names.Select(name => new RuleVerdict(name, RuleStatus.Skip, NoLease));
        if (!IsHere(status))
            return names.Select(name => new RuleVerdict(name, RuleStatus.Skip, "The node's network namespace is not this one."));
        try
        {
            using var socket = new RouteSocket();
            var links = socket.DumpLinks();
            var routes = OverlayRoutes.Read([overlay], others: false);
            return [.. Devices(status, links, socket), Routes(routes), Neighbors(socket, links, overlay, routes, peers)];
        }
        catch (NetlinkException e)
        {
            return names.Select(name => new RuleVerdict(name, RuleStatus.Skip, $"The kernel does not tell: {e.Message}."));
        }
    }

    private static IEnumerable<RuleVerdict> Devices(JsonElement status, List<Link> links, RouteSocket socket)
    {
        const string Name = "Device";
        var kind = status.Text("backend") == "udp" ? "tun" : "vxlan";
        var wanted = status.Objects("tunnels").ToList();
        if (wanted.Count == 0)
            yield return new(Name, RuleStatus.Skip, $"The backend {status.Text("backend")} needs none.");
        foreach (var tunnel in wanted)
        {
            var name = tunnel.Text("name") ?? "";
            var link = links.Find(one => one.Name == name);
            var problems = new List<string>();
            if (link is null)
                problems.Add("it is not there");
            else
            {
                if (link.Kind != kind)
                    problems.Add($"it is no {kind} device");
                if (!link.IsUp)
                    problems.Add("it is down");
                if (tunnel.Number("mtu") is { } mtu && mtu != link.Mtu)
                    problems.Add($"its MTU is {link.Mtu} in place of {mtu}");
                if (tunnel.Text("mac") is { } mac && mac != link.Address?.ToString())
                    problems.Add($"its MAC is {link.Address} in place of {mac}");
                if (tunnel.Number("vni") is { } vni && link.Vxlan is { } vxlan && vni != vxlan.Vni)
                    problems.Add($"its VNI is {vxlan.Vni} in place of {vni}");
                if (tunnel.Address("address") is { } address && !socket.DumpAddresses(address.AddressFamily, link.Index).Exists(own => own.Address.Equals(address)))
                    problems.Add($"it has not the address {address}");
            }
            yield return problems.Count == 0
                ? new(Name, RuleStatus.Pass, $"{name} is up, MTU {link!.Mtu}{(kind == "vxlan" ? $", MAC {link.Address}" : "")}.")
                : new(Name, RuleStatus.Fail, $"{name}: {string.Join(", ", problems)}.", "Repair-FlannelNode makes it right; Get-FlannelEvent shows whether something on this host undoes it.");
        }
    }

    private static RuleVerdict Routes(IReadOnlyList<OverlayRoute> routes)
    {
        var wrong = routes.Where(route => route.State is not OverlayRoutes.Active).ToList();
        return wrong is [var first, ..]
            ? new("Routes", RuleStatus.Fail, $"{wrong.Count} of {routes.Count} routes are not as they should be, such as {first.Destination}: {first.State}.", "Repair-FlannelNode; Get-FlannelRoute shows each.")
            : new("Routes", RuleStatus.Pass, routes.Count == 0 ? "No route is needed." : $"All {routes.Count} routes stand.");
    }

    /// <summary>Peers by way of a tunnel need a neighbour, and its MAC a forwarding entry that leads to the host.</summary>
    private static RuleVerdict Neighbors(RouteSocket socket, List<Link> links, NodeOverlay overlay, IReadOnlyList<OverlayRoute> routes, JsonElement peers)
    {
        const string Name = "Neighbors";
        var devices = links.Where(link => link.Kind == "vxlan" && overlay.Devices.Contains(link.Name)).ToDictionary(link => link.Name, link => link.Index);
        if (devices.Count == 0)
            return new(Name, RuleStatus.Skip, "There is no vxlan device.");
        var hosts = new Dictionary<IPNetwork, IPAddress>();
        foreach (var peer in peers.Objects())
            if (peer.Network("subnet") is { } subnet && peer.Address("publicIp") is { } host)
                hosts[subnet] = host;
        var neighbors = new Dictionary<(int, IPAddress), MacAddress>();
        var fdb = new Dictionary<(int, MacAddress), IPAddress>();
        foreach (var device in devices.Values)
        {
            foreach (var family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
                foreach (var entry in socket.DumpNeighbors(family, device))
                    neighbors[(device, entry.Address)] = entry.LinkLayerAddress;
            foreach (var entry in socket.DumpFdb(device))
                fdb[(device, entry.Address)] = entry.Destination;
        }
        var (count, wrong) = (0, new List<string>());
        foreach (var route in routes.Where(route => route.State is OverlayRoutes.Active && devices.ContainsKey(route.Interface)))
        {
            var device = devices[route.Interface];
            count++;
            if (!neighbors.TryGetValue((device, route.Destination.BaseAddress), out var mac))
                wrong.Add($"{route.Destination.BaseAddress} has no neighbour entry");
            else if (!fdb.TryGetValue((device, mac), out var leads))
                wrong.Add($"{mac} of {route.Destination} has no forwarding entry");
            else if (hosts.TryGetValue(route.Destination, out var host) && !host.Equals(leads))
                wrong.Add($"{mac} of {route.Destination} leads to {leads} in place of {host}");
        }
        return wrong is [var first, ..]
            ? new(Name, RuleStatus.Fail, $"{wrong.Count} of {count} peers cannot be reached, such as: {first}.", "Repair-FlannelNode; Get-FlannelPeer shows each.")
            : new(Name, RuleStatus.Pass, $"All {count} peers by way of a tunnel have their entries.");
    }

    private static RuleVerdict Peers(JsonElement status, JsonElement peers)
    {
        const string Name = "Peers";
        if (status.Part("store").Number("ignored") is > 0 and var ignored)
            return new(Name, RuleStatus.Fail, $"{ignored} leases are left out: there are more keys than a node takes in.", "Find who fills the network's prefix in the store (Get-FlannelLease -Invalid shows what is no lease), and remove it.");
        var all = peers.Objects().ToList();
        var (failed, refused) = (all.Where(peer => peer.Text("state") == "Failed").ToList(), all.Where(peer => peer.Text("state") == "Refused").ToList());
        return failed is [var first, ..]
            ? new(Name, RuleStatus.Fail, $"{failed.Count} of {all.Count} peers are not programmed, such as {first.Text("subnet")}: {first.Text("reason")}.", "Repair-FlannelNode; Get-FlannelPeer -State Failed shows each.")
            : refused is [var other, ..]
                ? new(Name, RuleStatus.Warn, $"{refused.Count} of {all.Count} leases are not believed, such as {other.Text("subnet")}: {other.Text("reason")}.", "Correct or remove those leases; Get-FlannelPeer -State Refused shows each.")
                : new(Name, RuleStatus.Pass, $"All {all.Count} peers are programmed.");
    }

    private static RuleVerdict SubnetFile(JsonElement status)
    {
        const string Name = "SubnetFile";
        const string Remedy = "Repair-FlannelNode writes it anew.";
        if (status.Part("subnetFile").Text("path") is not { } path || status.Part("lease").Network("subnet") is not { } subnet)
            return new(Name, RuleStatus.Skip, NoLease);
        try
        {
            if (Node.SubnetFile.Read(path) is not { } file)
                return new(Name, RuleStatus.Fail, $"{path} is not there.", Remedy);
            var problem = file.Subnet != subnet ? $"has the subnet {Shown(file.Subnet)}, and the lease {subnet}"
                : file.IPv6Subnet != status.Part("lease").Network("ipv6Subnet") ? $"has the IPv6 subnet {Shown(file.IPv6Subnet)}, and the lease {Shown(status.Part("lease").Network("ipv6Subnet"))}"
                : file.Network != status.Network("network") ? $"has the network {Shown(file.Network)} in place of {status.Text("network")}"
                : status.Number("mtu") is { } mtu && file.Mtu != mtu ? $"has the MTU {file.Mtu} in place of {mtu}"
                : "";
            return problem.Length == 0 ? new(Name, RuleStatus.Pass, $"{path} says what the lease says, and MTU {file.Mtu}.")
                : new(Name, RuleStatus.Fail, $"{path} {problem}.", Remedy);
        }
        catch (IOException e)
        {
            return new(Name, RuleStatus.Fail, e.Message, "Make it a plain file that can be read.");
        }
    }

    /// <summary>Whether the node's network namespace is ours; where that cannot be told, it is taken for ours.</summary>
    private static bool IsHere(JsonElement status)
    {
        try
        {
            return status.Number("pid") is not { } process || new FileInfo($"/proc/{process}/ns/net").LinkTarget is not { } theirs
                || theirs == new FileInfo("/proc/thread-self/ns/net").LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }

    private static string Shown(IPNetwork? network) => network?.ToString() ?? "none";

    private static string Spoken(TimeSpan time)
        => time.TotalHours >= 2 ? $"{time.TotalHours:0} h" : time.TotalMinutes >= 2 ? $"{time.TotalMinutes:0} min" : $"{time.TotalSeconds:0} s";
}
