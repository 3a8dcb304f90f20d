using System.Management.Automation;

namespace FlannelPS.Report;

/// <summary>Sorts what comes, in whatever order, to the node it is of: by computer and name, and where two share both, to the one that came last.</summary>
internal sealed class WitnessList
{
    private sealed class Entry(NodeFact node)
    {
        public NodeFact Node { get; set; } = node;

        public List<PeerFact> Peers { get; } = [];

        public List<LeaseFact> Leases { get; } = [];

        public List<EventFact> Events { get; } = [];
    }

    private readonly List<Entry> _entries = [];
    private readonly Dictionary<(string, string), Entry> _latest = [];
    private readonly List<LeaseFact> _leases = [];

    /// <summary>Whether nothing came.</summary>
    public bool IsEmpty => _entries.Count == 0;

    /// <summary>Takes an object in.</summary>
    /// <returns>False for one that is none of a node, a peer, an event or a lease.</returns>
    public bool Add(PSObject item)
    {
        switch (FactReader.KindOf(item))
        {
            case nameof(FlannelNode):
                AddNode(FactReader.Node(item));
                return true;
            case nameof(FlannelPeer):
                if (FactReader.Peer(item) is { } peer)
                    Of(item).Peers.Add(peer);
                return true;
            case nameof(FlannelEvent):
                Of(item).Events.Add(FactReader.Event(item));
                return true;
            case nameof(FlannelLease):
                if (FactReader.Lease(item) is { } lease)
                    _leases.Add(lease);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Takes in what a node of this host knows of leases.</summary>
    public void AddLeases(string node, IEnumerable<LeaseFact> leases) => Latest("", node).Leases.AddRange(leases);

    /// <summary>All of it. Leases of a store are told with the nodes of the network they lie in.</summary>
    public IReadOnlyList<Witness> ToWitnesses()
        => [.. _entries.Select(entry => new Witness(entry.Node, entry.Peers,
            [.. entry.Leases, .. _leases.Where(lease => entry.Node.Network is not { } network || network.PrefixLength <= lease.Subnet.PrefixLength && network.Contains(lease.Subnet.BaseAddress))], entry.Events))];

    private void AddNode(NodeFact node)
    {
        // Peers may come before their node; and files of two hosts read one after the other name no computer.
        if (_latest.TryGetValue((node.Host, node.Name), out var there) && (there.Node.State.Length == 0 || IsSame(there.Node, node)))
            there.Node = node;
        else
            _entries.Add(_latest[(node.Host, node.Name)] = new(node));
    }

    private static bool IsSame(NodeFact one, NodeFact other) => Equals(one.PublicIP, other.PublicIP) && Equals(one.Network, other.Network) && Equals(one.Subnet, other.Subnet);

    private Entry Of(PSObject item) => Latest(FactReader.HostOf(item), FactReader.Text(item, "Node"));

    private Entry Latest(string host, string name)
    {
        if (!_latest.TryGetValue((host, name), out var entry))
            _entries.Add(_latest[(host, name)] = entry = new(new NodeFact(host, name)));
        return entry;
    }
}
