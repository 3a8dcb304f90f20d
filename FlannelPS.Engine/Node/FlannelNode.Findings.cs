using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Node;

/// <remarks>What on this host may hinder workloads. Told, and left as it is: only our own devices' settings are ours.</remarks>
public sealed partial class FlannelNode
{
    private void LookAround(RouteSocket socket)
    {
        if (_status is not { Overlay: { } overlay, Interface: { } chosen })
            return;
        var dual = overlay.Config.IPv6 is not null;
        var host = HostObjects.Read(socket, dual);
        var own = Networks(overlay.Own).ToList();
        var findings = HostFinding.OfSettings(TryRead, WorkloadHost.Of(host, chosen.Link.Name, own, dual)).ToList();
        if (!_settings.AllowOverlap && Overlap(host, overlay.Config, overlay.Backend, overlay.Node, own) is { } overlap)
            findings.Add(new("Network", overlap, "Take that away, or choose another Network: a new node would be refused here."));
        var before = _status.Findings;
        if (findings.SequenceEqual(before))
            return;
        foreach (var finding in findings.Except(before))
            _logger.HostFound(finding.Subject, finding.Problem, finding.Remedy);
        foreach (var gone in before.Where(was => findings.TrueForAll(finding => finding.Subject != was.Subject)))
            _logger.HostFindingGone(gone.Subject);
        Publish(status => status with { Findings = findings });

        static string? TryRead(string path)
        {
            try
            {
                return Sysctl.TryRead(path);
            }
            catch (FileException)
            {
                return null;    // not ours to see, so not ours to judge
            }
        }
    }
}
