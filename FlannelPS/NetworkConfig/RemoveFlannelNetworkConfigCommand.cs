using System.Management.Automation;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Removes a network's configuration from the store. Running nodes go on; none can start without it.</summary>
[Cmdlet(VerbsCommon.Remove, "FlannelNetworkConfig", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class RemoveFlannelNetworkConfigCommand : StoreCommand
{
    /// <summary>Remove it though nodes hold leases.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var network = new NetworkConfigStore(Connection, NetworkPrefix);
        var seen = Ask((_, token) => network.ReadAsync(token));
        if (seen.Json is null)
        {
            WriteError(FlannelError.NetworkConfigNotFound.Record($"There is no network configuration at {network.Key}.", network.Key));
            return;
        }
        var leases = Force ? null : Ask((_, token) => network.LeasesAsync(token));
        if (leases is not null && NetworkConfigChange.Refusal(seen.Json, null, leases.Leases) is { } reason)
            WriteError(FlannelError.NetworkConfigInUse.Record($"{network.Key} is not removed: {reason}.", network.Key));
        else if (ShouldProcess(network.Key, "Remove network configuration") && Ask((_, token) => network.RemoveAsync(seen, leases, token)) is null)
            WriteError(FlannelError.NetworkConfigChanged.Record($"{network.Key} was not removed: somebody changed it, or a node took a lease, in this very moment.", network.Key));
    }
}
