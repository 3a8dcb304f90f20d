using System.Management.Automation;
using System.Text.Json;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Commands;

/// <summary>Shows the routes that flannel has on this host, as they stand in the kernel.</summary>
[Cmdlet(VerbsCommon.Get, "FlannelRoute")]
[OutputType(typeof(FlannelRoute))]
public sealed class GetFlannelRouteCommand : NodeCommand
{
    /// <summary>Destinations, networks they lie in, or patterns.</summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] DestinationPrefix { get; set; } = ["*"];

    /// <summary>Only routes in these states; wildcards allowed.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(RouteStateCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] State { get; set; } = ["*"];

    /// <summary>Only those of these nodes; wildcards allowed. Without it also those of nodes that cannot be asked.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var filters = new List<LeaseFilter>();
        foreach (var text in DestinationPrefix)
        {
            if (LeaseFilter.Parse(text, out var problem) is { } filter)
                filters.Add(filter);
            else
                WriteError(FlannelError.SubnetInvalid.Record(problem, text));
        }
        if (filters.Count == 0)
            return;
        var nodes = Resolve(Name ?? ["*"]).Select(Overlay).OfType<NodeOverlay>().ToList();
        try
        {
            Write(OverlayRoutes.Read(nodes, others: Name is null), filters);
        }
        catch (NetlinkException e)
        {
            Fail(FlannelError.KernelRefused, $"The kernel does not tell its routes: {e.Message}.", null, e);
        }
    }

    private void Write(IReadOnlyList<OverlayRoute> routes, List<LeaseFilter> filters)
    {
        foreach (var route in routes.Where(route => filters.Exists(filter => IsMeant(route, filter))))
        {
            if (Array.Exists(State, state => WildcardPattern.Get(state, WildcardOptions.IgnoreCase).IsMatch(route.State)))
                WriteObject(new FlannelRoute(route));
        }
        foreach (var filter in filters.Where(filter => filter.IsExact && !routes.Any(route => IsMeant(route, filter))))
            WriteError(FlannelError.RouteNotFound.Record($"Flannel has no route to {filter.Text} on this host.", filter.Text));
    }

    /// <summary>What a node has in the kernel. The routes themselves need no rights, what is known of the node may.</summary>
    private NodeOverlay? Overlay(string name)
    {
        try
        {
            var (status, peers) = Await(async token => (await AskAsync(ControlVerbs.Status, token).ConfigureAwait(false), await AskAsync(ControlVerbs.Peers, token).ConfigureAwait(false)));
            return NodeOverlay.Of(status, peers) ?? NodeOverlay.OfStopped(name);
        }
        catch (NodeSilentException e) when (e.Reason == NodeSilence.NotRunning)
        {
            return NodeOverlay.OfStopped(name);
        }
        catch (Exception e) when (e is NodeSilentException or ControlException)
        {
            if (Name is not null)
                WriteError(Record(e, name));
            else
                WriteVerbose($"{e.Message} Its routes are shown without a name, as far as their mark tells them.");
            return null;
        }

        Task<JsonElement> AskAsync(string verb, CancellationToken token) => LocalNodes.AskAsync(name, verb, null, TimeSpan.FromSeconds(5), token);
    }

    private static bool IsMeant(OverlayRoute route, LeaseFilter filter) => filter.Matches(new Subnet(route.Destination, null));
}
