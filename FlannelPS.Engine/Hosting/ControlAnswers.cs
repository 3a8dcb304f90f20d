using System.Net;
using System.Text.Json;
using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Firewall;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Node;
using FlannelPS.Engine.Probing;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Hosting;

/// <summary>Writes what the control socket answers. Names are stable: cmdlets and scripts read them.</summary>
internal static class ControlAnswers
{
    /// <summary>The answer to <c>status</c>.</summary>
    public static void WriteStatus(
        Utf8JsonWriter json, DaemonOptions options, string hostType, bool isAlive, NodeStatus status, LeaseTable leases, TunnelStatus? tunnel)
    {
        json.WriteStartObject();
        json.WriteString("name", options.Name);
        json.WriteString("hostType", hostType);
        json.WriteString("version", CommandLine.Version);
        json.WriteNumber("pid", Environment.ProcessId);
        json.WriteString("started", status.Started);
        json.WriteString("logFile", options.LogFile);
        json.WriteBoolean("alive", isAlive);
        json.WriteString("state", status.State);
        json.WriteString("phase", status.Phase.ToString());
        json.WriteBoolean("ready", status.NotReady.Count == 0);
        WriteTexts(json, "reasons", status.NotReady);
        if (status.SavedFrom is { } seen)
            json.WriteString("savedFrom", seen);
        WriteTexts(json, "causes", status.Causes);
        json.WriteString("backend", status.Config?.BackendType);
        json.WriteString("network", status.Config?.IPv4.Network.ToString());
        json.WriteString("ipv6Network", status.Config?.IPv6?.Network.ToString());
        if (status.Config?.IPv4 is { } range)
        {
            json.WriteNumber("subnetLength", range.SubnetLength);
            json.WriteString("subnetMin", range.Minimum.ToString());
            json.WriteString("subnetMax", range.Maximum.ToString());
        }
        json.WriteString("configNotice", status.ConfigNotice);
        json.WriteString("interface", status.Interface?.Link.Name);
        json.WriteString("address", status.Interface?.Address?.ToString());
        json.WriteString("publicIp", status.Interface?.PublicIp?.ToString());
        json.WriteString("publicIpV6", status.Interface?.PublicIpV6?.ToString());
        if (status.Overlay is { } overlay)
        {
            json.WriteNumber("mtu", overlay.Backend.Mtu(overlay.Node));
            WriteDevices(json, overlay);
            json.WriteString("vtepMac", overlay.Vteps?.V4.ToString());
            json.WriteString("vtepV6Mac", overlay.Vteps?.V6?.ToString());
        }
        json.WriteStartObject("lease");
        json.WriteString("phase", status.Lease.Phase.ToString());
        json.WriteString("reason", status.Lease.Reason);
        json.WriteString("subnet", status.Lease.Held?.Subnet.IPv4.ToString());
        json.WriteString("ipv6Subnet", status.Lease.Held?.Subnet.IPv6?.ToString());
        json.WriteBoolean("reservation", status.Lease.Held?.IsReservation ?? false);
        if (status.Lease.Expires is { } expires)
            json.WriteString("expires", expires);
        json.WriteNumber("ttlSeconds", options.LeaseTtlSeconds);
        json.WriteEndObject();
        json.WriteStartObject("store");
        json.WriteString("endpoints", options.Store.ToString());
        json.WriteString("prefix", options.Prefix);
        json.WriteBoolean("following", status.StoreProblem.Length == 0);
        json.WriteString("problem", status.StoreProblem);
        if (status.StoreProblemSince is { } since)
            json.WriteString("since", since);
        json.WriteNumber("leases", leases.Leases.Count);
        json.WriteNumber("invalid", leases.Invalid.Count);
        json.WriteNumber("ignored", leases.Ignored);
        json.WriteEndObject();
        json.WriteStartObject("subnetFile");
        json.WriteString("path", options.SubnetFile);
        json.WriteBoolean("ipMasq", options.IpMasq);
        json.WriteBoolean("written", status.SubnetFileWritten);
        json.WriteString("problem", status.SubnetFileProblem);
        json.WriteEndObject();
        var round = status.Reconcile;
        json.WriteStartObject("kernel");
        json.WriteBoolean("programmed", round.IsProgrammed);
        json.WriteNumber("peers", round.Peers.Count);
        json.WriteNumber("refusedPeers", round.Refused.Count);
        json.WriteNumber("objects", round.Objects);
        json.WriteNumber("failedObjects", round.Failed.Count);
        json.WriteNumber("rounds", round.Rounds);
        json.WriteNumber("repairs", round.Repairs);
        json.WriteNumber("lastRoundMilliseconds", Math.Round(round.LastRound.TotalMilliseconds, 3));
        json.WriteString("problem", round.Problem);
        WriteTexts(json, "failed", [.. round.Failed.Take(20).Select(item => item.Reason)]);
        json.WriteEndObject();
        WriteProbes(json, options.Probe, status.Probes);
        WriteFirewall(json, status.Firewall);
        json.WriteStartArray("findings");
        foreach (var finding in status.Findings)
        {
            json.WriteStartObject();
            json.WriteString("subject", finding.Subject);
            json.WriteString("problem", finding.Problem);
            json.WriteString("remedy", finding.Remedy);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (tunnel is not null)
            WriteTunnel(json, tunnel);
        json.WriteEndObject();
    }

    private static void WriteProbes(Utf8JsonWriter json, bool isOn, ProbeSummary probes)
    {
        json.WriteStartObject("probes");
        json.WriteBoolean("on", isOn);
        json.WriteString("problem", probes.Problem);
        json.WriteNumber("reachable", probes.Reachable);
        json.WriteNumber("lossy", probes.Lossy);
        json.WriteNumber("mtuLimited", probes.MtuLimited);
        json.WriteNumber("oneWay", probes.OneWay);
        json.WriteNumber("unreachable", probes.Unreachable);
        json.WriteNumber("unknown", probes.Unknown);
        json.WriteEndObject();
    }

    private static void WriteFirewall(Utf8JsonWriter json, FirewallStatus firewall)
    {
        json.WriteStartObject("firewall");
        json.WriteString("implementation", firewall.Implementation);
        json.WriteBoolean("applied", firewall.IsApplied);
        json.WriteBoolean("masquerade", firewall.Masquerade);
        json.WriteBoolean("forward", firewall.Forward);
        json.WriteString("strictPeers", firewall.IsGuarded ? "Enforced" : firewall.StrictPeers ? "NotEnforced" : "Off");
        json.WriteNumber("repairs", firewall.Repairs);
        if (firewall.Dropped is { } dropped)
            json.WriteNumber("droppedStrangers", dropped);
        json.WriteString("missing", firewall.Missing);
        json.WriteString("problem", firewall.Problem);
        json.WriteEndObject();
    }

    private static void WriteTunnel(Utf8JsonWriter json, TunnelStatus tunnel)
    {
        json.WriteStartObject("tunnel");
        json.WriteString("device", tunnel.Device);
        json.WriteString("local", tunnel.Local.ToString());
        json.WriteNumber("port", tunnel.Port);
        json.WriteString("features", tunnel.Features);
        json.WriteNumber("routes", tunnel.Routes);
        WriteDirection(json, "sent", tunnel.Counters.Sent);
        WriteDirection(json, "received", tunnel.Counters.Received);
        json.WriteEndObject();
    }

    private static void WriteDirection(Utf8JsonWriter json, string name, DirectionCounters counters)
    {
        json.WriteStartObject(name);
        json.WriteNumber("packets", counters.Packets);
        json.WriteNumber("bytes", counters.Bytes);
        json.WriteNumber("calls", counters.Calls);
        json.WriteNumber("merged", counters.Merged);
        json.WriteNumber("largestBatch", counters.LargestBatch);
        json.WriteNumber("icmpErrors", counters.ErrorsSent);
        json.WriteStartObject("dropped");
        foreach (var reason in Drops.Reasons)
            json.WriteNumber(Drops.NameOf(reason), counters.Dropped(reason));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The answer to <c>peers</c>: each peer, programmed or not and why.</summary>
    public static void WritePeers(Utf8JsonWriter json, NodeStatus status, LeaseTable leases, IReadOnlyDictionary<string, PeerReach> reach)
    {
        var failures = PeerFailures.Of(status);
        json.WriteStartArray();
        foreach (var peer in status.Reconcile.Peers)
        {
            var reason = failures.ReasonOf(peer);
            WritePeer(json, peer.Key, peer.Subnet, peer.Attributes.PublicIp, reason is null ? "Programmed" : "Failed", reason ?? "", peer, reach.GetValueOrDefault(peer.Key));
        }
        foreach (var peer in status.Reconcile.Refused)
            WritePeer(json, peer.Key, peer.Subnet, peer.PublicIp, "Refused", peer.Reason, leases.Leases.GetValueOrDefault(peer.Key), null);
        json.WriteEndArray();
    }

    /// <summary>The answer to <c>leases</c>: all keys of the network, those that are no leases too.</summary>
    public static void WriteLeases(Utf8JsonWriter json, LeaseTable table, HeldLease? own)
    {
        json.WriteStartArray();
        foreach (var lease in table.Leases.Values.OrderBy(lease => lease.Subnet.IPv4.BaseAddress.ToNumber()))
        {
            json.WriteStartObject();
            json.WriteString("key", lease.Key);
            json.WriteString("subnet", lease.Subnet.IPv4.ToString());
            json.WriteString("ipv6Subnet", lease.Subnet.IPv6?.ToString());
            json.WriteString("publicIp", lease.Attributes.PublicIp.ToString());
            json.WriteString("publicIpV6", lease.Attributes.PublicIpV6?.ToString());
            json.WriteString("backendType", lease.Attributes.BackendType);
            WriteRaw(json, "backendData", lease.Attributes.BackendData);
            WriteRaw(json, "backendV6Data", lease.Attributes.BackendV6Data);
            json.WriteNumber("etcdLease", lease.EtcdLeaseId);
            json.WriteBoolean("reservation", lease.IsReservation);
            json.WriteNumber("revision", lease.ModRevision);
            json.WriteBoolean("own", lease.Key == own?.Key);
            json.WriteEndObject();
        }
        foreach (var bad in table.Invalid.Values)
        {
            json.WriteStartObject();
            json.WriteString("key", bad.Key);
            json.WriteString("invalid", bad.Reason);
            json.WriteNumber("revision", bad.ModRevision);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>The answer to <c>events</c>.</summary>
    public static void WriteEvents(Utf8JsonWriter json, IReadOnlyList<NodeEvent> events)
    {
        json.WriteStartArray();
        foreach (var item in events)
        {
            json.WriteStartObject();
            json.WriteNumber("number", item.Number);
            json.WriteString("time", item.Time);
            json.WriteString("level", item.Level.ToString());
            json.WriteNumber("id", item.Id);
            json.WriteString("name", item.Name);
            json.WriteString("message", item.Message);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>The answer to <c>repair</c>: what was put right, part by part.</summary>
    public static void WriteRepair(Utf8JsonWriter json, IReadOnlyList<RepairOutcome> outcomes)
    {
        json.WriteStartArray();
        foreach (var outcome in outcomes)
        {
            json.WriteStartObject();
            json.WriteString("part", outcome.Part.ToString());
            json.WriteNumber("repaired", outcome.Repaired);
            json.WriteString("problem", outcome.Problem);
            if (outcome.Changes is { } changes)
            {
                json.WriteNumber("devices", changes.Devices);
                json.WriteNumber("neighbors", changes.Neighbors);
                json.WriteNumber("fdb", changes.Fdb);
                json.WriteNumber("nexthops", changes.Nexthops);
                json.WriteNumber("routes", changes.Routes);
                json.WriteNumber("deleted", changes.Deleted);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteDevices(Utf8JsonWriter json, Overlay overlay)
    {
        var devices = overlay.Backend.Devices(overlay.Node);
        WriteTexts(json, "devices", [.. devices.Select(device => device.Name)]);
        json.WriteStartArray("tunnels");
        for (var i = 0; i < devices.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("name", devices[i].Name);
            json.WriteNumber("mtu", devices[i].Mtu);
            json.WriteString("mac", (i == 0 ? overlay.Vteps?.V4 : overlay.Vteps?.V6)?.ToString());
            if (devices[i].Vxlan is { } vxlan)
                json.WriteNumber("vni", vxlan.Vni);
            json.WriteString("address", (i == 0 ? overlay.Own.IPv4 : overlay.Own.IPv6)?.BaseAddress.ToString());
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WritePeer(Utf8JsonWriter json, string key, Subnet subnet, IPAddress publicIp, string state, string reason, Lease? lease, PeerReach? reach)
    {
        json.WriteStartObject();
        json.WriteString("key", key);
        json.WriteString("subnet", subnet.IPv4.ToString());
        json.WriteString("ipv6Subnet", subnet.IPv6?.ToString());
        json.WriteString("publicIp", publicIp.ToString());
        json.WriteString("backendType", lease?.Attributes.BackendType);
        json.WriteBoolean("programmed", state == "Programmed");
        json.WriteString("state", state);
        json.WriteString("reason", reason);
        if (reach is not null)
            WriteReach(json, reach);
        json.WriteEndObject();
    }

    private static void WriteReach(Utf8JsonWriter json, PeerReach reach)
    {
        json.WriteStartObject("reach");
        json.WriteString("state", reach.State.ToString());
        json.WriteString("reason", reach.Reason);
        json.WriteString("address", reach.Address.ToString());
        if (reach.RoundTrip is { } time)
            json.WriteNumber("roundTripMilliseconds", Math.Round(time.TotalMilliseconds, 3));
        if (reach.LossMinute is { } minute)
            json.WriteNumber("lossLastMinute", Math.Round(minute, 4));
        if (reach.LossHour is { } hour)
            json.WriteNumber("lossLastHour", Math.Round(hour, 4));
        if (reach.WorkingMtu is { } mtu)
            json.WriteNumber("workingMtu", mtu);
        if (reach.LastAnswer is { } answer)
            json.WriteString("lastAnswer", answer);
        if (reach.LastHeard is { } heard)
            json.WriteString("lastHeard", heard);
        json.WriteString("hostName", reach.HostName);
        json.WriteString("version", reach.Version);
        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void WriteRaw(Utf8JsonWriter json, string name, ReadOnlyMemory<byte> raw)
    {
        if (raw.IsEmpty)
            return;
        json.WritePropertyName(name);
        json.WriteRawValue(raw.Span, skipInputValidation: true);
    }
}
