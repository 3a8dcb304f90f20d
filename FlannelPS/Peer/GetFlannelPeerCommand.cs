using System.Management.Automation;
using System.Text.Json;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Shows the other hosts of the network: for each whether it is programmed and reachable, or why not.</summary>
[Cmdlet(VerbsCommon.Get, "FlannelPeer", DefaultParameterSetName = "Node")]
[OutputType(typeof(FlannelPeer))]
public sealed class GetFlannelPeerCommand : NodeCommand
{
    /// <summary>Nodes of this host; wildcards allowed.</summary>
    [Parameter(Position = 0, ParameterSetName = "Node", ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = "Lease")]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Only peers in these subnets or networks; wildcards allowed.</summary>
    [Parameter(Position = 1, ParameterSetName = "Node")]
    [ArgumentCompleter(typeof(PeerSubnetCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Subnet { get; set; } = ["*"];

    /// <summary>Only peers in these states; wildcards allowed.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(PeerStateCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] State { get; set; } = ["*"];

    /// <summary>The peers of these leases.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Lease", ValueFromPipeline = true)]
    [ValidateNotNull]
    public FlannelLease[]? Lease { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var filters = Filters();
        if (filters.Count == 0)
            return;
        foreach (var name in Resolve(Name))
        {
            if (Ask(name, ControlVerbs.Peers) is not { } answer)
                continue;
            if (answer.ValueKind == JsonValueKind.Array)
                Write(name, [.. answer.Objects().Select(peer => new FlannelPeer(name, peer))], filters);
            else
                WriteError(FlannelError.NodeAnswerInvalid.Record($"What listens for the node '{name}' does not answer as flannelpsd does: it tells no list of peers.", name));
        }
    }

    private void Write(string node, List<FlannelPeer> peers, List<LeaseFilter> filters)
    {
        var wanted = peers.Where(peer => filters.Exists(filter => IsMeant(peer, filter)));
        foreach (var peer in wanted.Where(peer => Array.Exists(State, state => WildcardPattern.Get(state, WildcardOptions.IgnoreCase).IsMatch(peer.State))))
            WriteObject(peer);
        foreach (var filter in filters.Where(filter => filter.IsExact && !peers.Exists(peer => IsMeant(peer, filter))))
            WriteError(FlannelError.LeaseNotFound.Record($"The node '{node}' has no peer in {filter.Text}.", filter.Text));
    }

    private List<LeaseFilter> Filters()
    {
        var filters = new List<LeaseFilter>();
        foreach (var text in Lease?.Select(lease => lease.Subnet.ToString()) ?? Subnet)
        {
            if (LeaseFilter.Parse(text, out var problem) is { } filter)
                filters.Add(filter);
            else
                WriteError(FlannelError.SubnetInvalid.Record(problem, text));
        }
        return filters;
    }

    private static bool IsMeant(FlannelPeer peer, LeaseFilter filter) => peer.Subnet is { } subnet && filter.Matches(new Subnet(subnet, peer.IPv6Subnet));
}
