using FlannelPS.Checks;

namespace FlannelPS.Diagnostics;

/// <summary>The kernel's network of one namespace, as iproute2 shows it.</summary>
/// <param name="folder">Where it goes in the bundle.</param>
/// <param name="process">Whose namespace.</param>
internal sealed class NetworkSource(string folder, int process) : DiagnosticSource
{
    /// <inheritdoc/>
    public override string About => "reading links, addresses and routes";

    /// <inheritdoc/>
    public override IEnumerable<DiagnosticEntry> Read(CancellationToken cancellationToken)
        => NodeNamespace.Run(process, () => (List<DiagnosticEntry>)
        [
            Ip("link", "-d", "-s", "-j", "link", "show"),
            Ip("address", "-j", "address", "show"),
            Ip("route", "-j", "route", "show", "table", "all"),
            Ip("route6", "-6", "-j", "route", "show", "table", "all"),
            Ip("rule", "-j", "rule", "show"),
            Ip("rule6", "-6", "-j", "rule", "show"),
            Ip("neighbor", "-s", "-j", "neighbor", "show"),
            Ip("nexthop", "-j", "nexthop", "show"),
            HostProgram.Read($"{folder}/fdb.json", "bridge", "-s", "-j", "fdb", "show"),
            Counters("snmp"),
            Counters("netstat"),
            Counters("softnet_stat"),
            Counters("udp"),
        ]);

    private DiagnosticEntry Ip(string name, params string[] arguments) => HostProgram.Read($"{folder}/{name}.json", "ip", arguments);

    private DiagnosticEntry Counters(string name)
        => HostFile.Line($"/proc/thread-self/net/{name}") is { } text ? new($"{folder}/{name}.txt", text + "\n") : DiagnosticEntry.Missing($"{folder}/{name}.txt", $"/proc/net/{name} cannot be read");
}
