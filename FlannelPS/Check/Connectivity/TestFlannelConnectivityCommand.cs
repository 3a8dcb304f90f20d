using System.Management.Automation;
using FlannelPS.Checks;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Tries the way to other hosts with packets: through the tunnel, at its whole MTU, and beside it.</summary>
[Cmdlet(VerbsDiagnostic.Test, "FlannelConnectivity", DefaultParameterSetName = "Node")]
[OutputType(typeof(bool), typeof(FlannelConnectivityResult))]
public sealed class TestFlannelConnectivityCommand : NodeCommand
{
    private const string Activity = "Trying the way to other hosts";
    private readonly List<string> _names = [];
    private readonly HashSet<string> _subnets = [];

    /// <summary>Nodes of this host; wildcards allowed.</summary>
    [Parameter(Position = 0, ParameterSetName = "Node", ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = "Lease")]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Only hosts with these subnets, or in these networks; wildcards allowed.</summary>
    [Parameter(Position = 1, ParameterSetName = "Node")]
    [ArgumentCompleter(typeof(PeerSubnetCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Subnet { get; set; } = ["*"];

    /// <summary>The hosts of these leases.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Lease", ValueFromPipeline = true)]
    [ValidateNotNull]
    public FlannelLease[]? Lease { get; set; }

    /// <summary>The hosts of these peers.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Peer", ValueFromPipeline = true)]
    [ValidateNotNull]
    public FlannelPeer[]? Peer { get; set; }

    /// <summary>Packets a host, apart from those for the MTU.</summary>
    [Parameter]
    [ValidateRange(1L, 100L)]
    public long Count { get; set; } = 10;

    /// <summary>Hosts at once, at most.</summary>
    [Parameter]
    [ValidateRange(1, 512)]
    public int ThrottleLimit { get; set; } = 32;

    /// <summary>Seconds to wait for an answer.</summary>
    [Parameter]
    [Alias("TimeoutSec")]
    [ValidateRange(1, 3600)]
    public int TimeoutSeconds { get; set; } = 2;

    /// <summary>One object a host in place of true or false.</summary>
    [Parameter]
    public SwitchParameter Detailed { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        _names.AddRange(Peer?.Select(peer => peer.Node) ?? Name);
        _subnets.UnionWith(Peer?.Select(peer => peer.ToString()) ?? Lease?.Select(lease => lease.Subnet.ToString()) ?? Subnet);
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var filters = new List<LeaseFilter>();
        foreach (var text in _subnets)
        {
            if (LeaseFilter.Parse(text, out var problem) is { } filter)
                filters.Add(filter);
            else
                WriteError(FlannelError.SubnetInvalid.Record(problem, text));
        }
        var isGood = true;
        foreach (var name in filters.Count == 0 ? [] : Resolve(_names))
            isGood &= Try(name, filters);
        if (!Detailed)
            WriteObject(isGood);
    }

    private bool Try(string name, List<LeaseFilter> filters)
    {
        var answer = Await(token => CheckFactsReader.AskAsync(name, token));
        if (answer.Silence.Length > 0)
        {
            WriteError(FlannelError.NodeNotRunning.Record(answer.Silence, name));
            return false;
        }
        var peers = Connectivity.Peers(name, answer).Where(peer => filters.Exists(filter => IsMeant(peer, filter))).ToList();
        foreach (var filter in filters.Where(filter => filter.IsExact && !peers.Exists(peer => IsMeant(peer, filter))))
            WriteError(FlannelError.LeaseNotFound.Record($"The node '{name}' has no peer in {filter.Text}.", filter.Text));
        var (done, isGood) = (0, true);
        try
        {
            WriteEach(token => Connectivity.TryAsync(name, answer, new((int)Count, TimeoutSeconds, ThrottleLimit), token, peer => filters.Exists(filter => IsMeant(peer, filter))), result =>
            {
                WriteProgress(new ProgressRecord(0, Activity, $"{name}: {++done} of {peers.Count}") { PercentComplete = done * 100 / Math.Max(1, peers.Count) });
                isGood &= result.Status != FlannelTestStatus.Fail;
                if (Detailed)
                    WriteObject(result);
                else if (result.Status is FlannelTestStatus.Fail or FlannelTestStatus.Warn)
                    WriteVerbose(result.ToString());
            });
        }
        catch (FactsMissingException e)
        {
            WriteError(FlannelError.PrivilegeRequired.Record(e.Message, name, e));
            return false;
        }
        finally
        {
            WriteProgress(new ProgressRecord(0, Activity, name) { RecordType = ProgressRecordType.Completed });
        }
        return isGood;
    }

    private static bool IsMeant(PeerTarget peer, LeaseFilter filter) => filter.Matches(new Subnet(peer.Subnet, null));
}
