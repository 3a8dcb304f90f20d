using System.Net;

namespace FlannelPS.Engine.Firewall;

/// <summary>The hosts that may speak to the tunnel: those of the leases, and for a while those that just were.</summary>
/// <remarks>A host whose address changes, or whose lease is made anew, has packets under way with what it was called before. Any thread may call.</remarks>
/// <param name="time">The clock.</param>
internal sealed class PeerAddresses(TimeProvider time)
{
    /// <summary>How long an address that left is still taken from.</summary>
    internal static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly object _gate = new();
    private readonly Dictionary<IPAddress, long> _leaving = [];
    private HashSet<IPAddress>? _wanted;

    /// <summary>Whether the leases were known once; before that nobody is kept out.</summary>
    public bool IsKnown
    {
        get
        {
            lock (_gate)
                return _wanted is not null;
        }
    }

    /// <summary>All that may speak now.</summary>
    public IReadOnlyList<IPAddress> Current()
    {
        lock (_gate)
        {
            foreach (var (address, since) in _leaving.ToList())
                if (time.GetElapsedTime(since) >= Grace)
                    _leaving.Remove(address);
            return [.. _wanted ?? [], .. _leaving.Keys];
        }
    }

    /// <summary>When the next one that left is forgotten; null when none waits for it.</summary>
    public TimeSpan? NextChange()
    {
        lock (_gate)
            return _leaving.Count == 0 ? null : Grace - time.GetElapsedTime(_leaving.Values.Min());
    }

    /// <summary>Takes in who the peers are now.</summary>
    /// <returns>Those that could not speak until now; null when nothing is new at all.</returns>
    public IReadOnlyCollection<IPAddress>? Update(HashSet<IPAddress> wanted)
    {
        lock (_gate)
        {
            if (_wanted?.SetEquals(wanted) == true)
                return null;
            foreach (var gone in _wanted ?? [])
                if (!wanted.Contains(gone))
                    _leaving[gone] = time.GetTimestamp();
            var added = wanted.Where(address => _wanted?.Contains(address) != true && !_leaving.Remove(address)).ToList();
            _wanted = wanted;
            return added;
        }
    }
}
