using System.Text;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Node;

/// <remarks>What outlives a restart: written beside everything else, because each file waits for the disk.</remarks>
public sealed partial class FlannelNode
{
    private TunnelSeed? _unsaved;
    private (DateTimeOffset? Expires, long Since, double Seconds) _life;
    private volatile string _configText = "";

    private void SaveLease(HeldLease? lease, DateTimeOffset? expires)
    {
        if (lease is null)
            return;
        // How long it lives is measured once, and from then on by the monotonic clock (F27).
        if (expires != _life.Expires)
            _life = (expires, _time.GetTimestamp(), (expires - _time.GetUtcNow())?.TotalSeconds ?? 0);
        var (end, since, seconds) = _life;
        _saver.Save("the lease", () => _state.SaveLease(new(lease.Key, lease.EtcdLeaseId, lease.ModRevision, Encoding.UTF8.GetString(lease.Value.Span))
        {
            Life = end is null ? null
                : new((long)(seconds - _time.GetElapsedTime(since).TotalSeconds), _time.GetUtcNow(), BootId.Read(), (long)BootClock.Elapsed.TotalSeconds),
        }));
    }

    /// <summary>Saves the newest tunnel; those that come while the disk is busy are one.</summary>
    private void SaveTunnel(TunnelSeed seed)
    {
        if (Interlocked.Exchange(ref _unsaved, seed) is null)
            _saver.Save("the tunnel's peers", () =>
            {
                if (Interlocked.Exchange(ref _unsaved, null) is { } newest)
                    _state.SaveTunnel(SavedTunnel.Of(newest));
            });
    }

    private void SaveNetwork()
    {
        if (_leases.Table.IsComplete)
            _state.SaveNetwork(SavedNetwork.Of(_configText, _time.GetUtcNow(), _leases.Table));
    }
}
