using System.Text;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Reconcile;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Node;

/// <remarks>What is kept while the node runs: the subnet file, and an eye on the configuration.</remarks>
public sealed partial class FlannelNode
{
    /// <summary>Keeps the subnet file as it should be: tried again when it fails, made again when somebody deletes or changes it.</summary>
    private async Task KeepSubnetFileAsync(CancellationToken cancellationToken)
    {
        var told = "";
        while (true)
        {
            var (problem, written) = ("", false);
            var asked = _fileTurn.Take();
            // The file promises a device: it waits for it.
            if (_status.Reconcile is { Problem.Length: 0, Overlay: { } overlay })
            {
                try
                {
                    KillPoint.Pass(KillPoint.BeforeFile);
                    written = SubnetFile.Write(_settings.SubnetFile, EnvOf(overlay));
                    if (written)
                        _logger.SubnetFileWritten(_settings.SubnetFile);
                    Publish(status => status with
                    {
                        SubnetFileProblem = "",
                        SubnetFileWritten = true,
                        Phase = IsRunning(status.Reconcile) ? NodePhase.Running : status.Phase,
                    });
                }
                catch (IOException e)
                {
                    problem = e.Message;
                    if (problem != told)
                        _logger.SubnetFileNotWritten(problem);
                    Publish(status => status with { SubnetFileProblem = problem });
                }
                told = problem;
            }
            else
                problem = "it waits for the device";
            asked?.TrySetResult((written, problem));
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(_fileTurn.Asked, Task.Delay(TimeSpan.FromSeconds(_status.SubnetFileWritten && problem.Length == 0 ? 5 : 1), _time, stop.Token)).ConfigureAwait(false);
            await stop.CancelAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private SubnetEnv EnvOf(Overlay overlay)
        => new(overlay.Config.IPv4.Network, overlay.Own.IPv4, overlay.Config.IPv6?.Network, overlay.Own.IPv6, overlay.Backend.Mtu(overlay.Node), _settings.Firewall.Masquerade);

    /// <summary>Watches the configuration. A change takes effect at the next start; what it means for us is told at once.</summary>
    private Task FollowConfigAsync(NetworkConfig used, Subnet own, CancellationToken cancellationToken)
        => new KeyFollower(_store, KeyRange.One(_keys.Config), _time).FollowAsync(null, update =>
        {
            var item = update switch
            {
                FollowerUpdate.Snapshot snapshot => snapshot.Keys is [var here, ..] ? here : null,
                FollowerUpdate.Changes { Events: [.., StoreEvent.Put put] } => put.Item,
                FollowerUpdate.Changes => null,
                _ => new StoreKey("", default, 0, used.Revision, 0),
            };
            if (item?.ModRevision == used.Revision)
                return;
            var notice = NoticeOf(item, used, own);
            if (notice.Length > 0 && notice != _status.ConfigNotice)
                _logger.ConfigChanged(notice);
            Publish(status => status with { ConfigNotice = notice });
        }, cancellationToken);

    private static string NoticeOf(StoreKey? item, NetworkConfig used, Subnet own)
    {
        if (item is null)
            return "the network configuration was removed; this node keeps to the last one";
        try
        {
            var config = NetworkConfigReader.Read(item.Value, item.ModRevision);
            return config with { Revision = used.Revision, Backend = used.Backend } == used && config.Backend.ToString() == used.Backend.ToString() ? ""
                : !config.Holds(own) ? $"the network configuration changed, and does not give {own} any more; this node keeps it until it is restarted"
                : "the network configuration changed; it takes effect when this node is restarted";
        }
        catch (NetworkConfigException e)
        {
            return $"the network configuration is not usable any more ({e.Message}); this node keeps to the last one";
        }
    }
}
