using System.Management.Automation;
using System.Text;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Reads a network's configuration from the store.</summary>
[Cmdlet(VerbsCommon.Get, "FlannelNetworkConfig")]
[OutputType(typeof(FlannelNetworkConfig), typeof(string))]
public sealed class GetFlannelNetworkConfigCommand : StoreCommand
{
    /// <summary>The text as it stands in the store, whether it can be used or not.</summary>
    [Parameter]
    public SwitchParameter Raw { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var (stored, key) = Ask(async (store, token) =>
        {
            var network = new NetworkConfigStore(store, NetworkPrefix);
            return (await network.ReadAsync(token).ConfigureAwait(false), network.Key);
        });
        if (stored.Json is not { } json)
        {
            WriteError(FlannelError.NetworkConfigNotFound.Record($"There is no network configuration at {key}.", key));
            return;
        }
        if (Raw)
        {
            WriteObject(Encoding.UTF8.GetString(json.Span));
            return;
        }
        try
        {
            WriteObject(FlannelNetworkConfig.Read(json, stored, key));
        }
        catch (NetworkConfigException e)
        {
            WriteError(FlannelError.NetworkConfigInvalid.Record($"The network configuration at {key} is not usable: {e.Message}.", key, e));
        }
    }
}
