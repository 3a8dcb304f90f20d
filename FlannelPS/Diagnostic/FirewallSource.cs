using FlannelPS.Checks;

namespace FlannelPS.Diagnostics;

/// <summary>The firewall's rules of one namespace, by the tools that made them.</summary>
/// <param name="folder">Where it goes in the bundle.</param>
/// <param name="process">Whose namespace.</param>
internal sealed class FirewallSource(string folder, int process) : DiagnosticSource
{
    /// <inheritdoc/>
    public override string About => "reading the firewall";

    /// <inheritdoc/>
    public override IEnumerable<DiagnosticEntry> Read(CancellationToken cancellationToken)
        => NodeNamespace.Run(process, () =>
        {
            var entries = new List<DiagnosticEntry>
            {
                HostProgram.Read($"{folder}/nft.txt", "nft", "-a", "list", "ruleset"),
                HostProgram.Read($"{folder}/iptables.txt", "iptables-save", "-c"),
                HostProgram.Read($"{folder}/ip6tables.txt", "ip6tables-save", "-c"),
            };
            // Asking the older tool loads its modules: only where its tables are in use already.
            if (HostFile.Line("/proc/thread-self/net/ip_tables_names") is { Length: > 0 } && HostFactsReader.FindTool("iptables-legacy-save") is not null)
                entries.Add(HostProgram.Read($"{folder}/iptables-legacy.txt", "iptables-legacy-save", "-c"));
            return entries;
        });
}
