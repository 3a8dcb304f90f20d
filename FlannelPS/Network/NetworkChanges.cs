using System.Globalization;
using FlannelPS.Report;

namespace FlannelPS.Live;

/// <summary>The live view where nothing can be painted over: plain lines, first how it stands, then only what has changed since the lines before.</summary>
internal sealed class NetworkChanges
{
    /// <summary>A thousand peers that go at once are one line with their number, not a thousand.</summary>
    private const int MostLines = 40;

    private readonly Dictionary<string, string> _nodes = [];
    private readonly Dictionary<(string Node, string Subnet), LinkState> _peers = [];
    private readonly Dictionary<string, DateTimeOffset> _heard = [];

    /// <summary>The lines of one look.</summary>
    public IReadOnlyList<string> Next(IReadOnlyList<Witness> witnesses, DateTimeOffset now)
    {
        var lines = new List<string>();
        foreach (var witness in witnesses)
        {
            var node = witness.Node;
            var isNew = !_nodes.TryGetValue(node.Name, out var before);
            var state = $"{node.State}{(node.Causes.Count > 0 ? $": {string.Join("; ", node.Causes)}" : "")}";
            if (isNew)
                Say(lines, now, $"{node.Name} is {state}{(node.Subnet is { } subnet ? $" ({subnet}, {node.Backend})" : "")}{(witness.Peers.Count > 0 ? $", peers: {PeerOrder.Counts(witness.Peers)}" : "")}");
            else if (before != state)
                Say(lines, now, $"{node.Name} is {state}");
            _nodes[node.Name] = state;
            AddPeers(lines, witness, isNew, now);
            AddEvents(lines, witness, isNew, now);
        }
        foreach (var gone in _nodes.Keys.Except(witnesses.Select(witness => witness.Node.Name)).ToList())
        {
            Say(lines, now, $"{gone} is gone");
            _nodes.Remove(gone);
        }
        return lines;
    }

    private void AddPeers(List<string> lines, Witness witness, bool isNew, DateTimeOffset now)
    {
        var told = new List<string>();
        foreach (var peer in witness.Peers.OrderByDescending(peer => peer.State))
        {
            var key = (witness.Node.Name, peer.Subnet.ToString());
            var wasThere = _peers.TryGetValue(key, out var before);
            _peers[key] = peer.State;
            // At first only those that are not well: a thousand good ones are the number in the line above.
            if (isNew ? peer.State.IsTrouble() : !wasThere || before != peer.State)
                told.Add($"{witness.Node.Name}: {peer.Subnet}{(peer.HostName.Length > 0 ? $" {peer.HostName}" : "")}{(peer.PublicIP is { } ip ? $" at {ip}" : "")} is {peer.Word}{(wasThere && !isNew ? $", was {before}" : "")}{(peer.Reason.Length > 0 ? $": {peer.Reason}" : "")}");
        }
        var there = witness.Peers.Select(peer => peer.Subnet.ToString()).ToHashSet();
        foreach (var key in _peers.Keys.Where(key => key.Node == witness.Node.Name && !there.Contains(key.Subnet)).ToList())
        {
            _peers.Remove(key);
            told.Add($"{key.Node}: {key.Subnet} is gone");
        }
        foreach (var line in told.Take(MostLines))
            Say(lines, now, line);
        if (told.Count > MostLines)
            Say(lines, now, $"{witness.Node.Name}: and {told.Count - MostLines} more");
    }

    private void AddEvents(List<string> lines, Witness witness, bool isNew, DateTimeOffset now)
    {
        var last = _heard.GetValueOrDefault(witness.Node.Name, DateTimeOffset.MinValue);
        foreach (var item in witness.Events.Where(item => item.Time > last).OrderBy(item => item.Time).TakeLast(isNew ? 0 : MostLines))
            Say(lines, now, $"{witness.Node.Name}: {item.Level} {item.Kind}: {item.Message}");
        _heard[witness.Node.Name] = witness.Events.Select(item => item.Time).Append(last).Max();
    }

    private static void Say(List<string> lines, DateTimeOffset now, string text) => lines.Add($"{now.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {VisibleText.Of(text)}");
}
