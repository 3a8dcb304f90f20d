using System.Management.Automation;
using FlannelPS.Engine.Leases;

namespace FlannelPS;

/// <summary>What Get-FlannelLease and Get-FlannelReservation share: which leases are meant.</summary>
public abstract class LeaseListCommand : StoreCommand
{
    private readonly HashSet<string> _missing = new(StringComparer.Ordinal);
    private List<LeaseFilter> _filters = [];
    private WildcardPattern[]? _hosts;
    private WildcardPattern[]? _backends;

    /// <summary>Subnets, networks they lie in, or patterns.</summary>
    [Parameter(Position = 0, ParameterSetName = "Lease", ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(LeaseSubnetCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Subnet { get; set; } = ["*"];

    /// <summary>Hosts' addresses, or patterns.</summary>
    [Parameter(ParameterSetName = "Lease", ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? PublicIP { get; set; }

    /// <summary>Backends, or patterns.</summary>
    [Parameter(ParameterSetName = "Lease")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? BackendType { get; set; }

    /// <summary>Lists leases, each written as soon as its time to live is known.</summary>
    /// <param name="isOfKind">Which of all leases are looked among.</param>
    /// <param name="write">Takes them.</param>
    /// <param name="missing">What to say when an exact subnet has none.</param>
    private protected void List(Func<Lease, bool> isOfKind, Action<FlannelLease> write, FlannelError missing)
    {
        (_hosts, _backends) = (Patterns(PublicIP), Patterns(BackendType));
        _filters = Filters();
        if (_filters.Count == 0)
            return;
        _missing.Clear();
        _missing.UnionWith(_filters.Where(filter => filter.IsExact).Select(filter => filter.Text));
        AskEach(
            (store, token) => LeaseListing.ReadAsync(store, NetworkPrefix, lease => isOfKind(lease) && IsWanted(lease), TimeProvider.System, token),
            batch =>
            {
                foreach (var listed in batch)
                    if (listed.Lease is { } lease)
                        write(new FlannelLease(lease, listed.Life, listed.ReadAt));
            });
        foreach (var text in _missing)
            WriteError(missing.Record($"There is no {(missing == FlannelError.ReservationNotFound ? "reservation" : "lease")} in {text} under {NetworkPrefix}.", text));
    }

    private bool IsWanted(Lease lease)
    {
        var found = false;
        foreach (var filter in _filters)
        {
            if (!filter.Matches(lease.Subnet))
                continue;
            found = true;
            if (_missing.Count > 0)
                _missing.Remove(filter.Text);
        }
        return found
            && (_hosts is null || IsMatch(_hosts, lease.Attributes.PublicIp.ToString()))
            && (_backends is null || IsMatch(_backends, lease.Attributes.BackendType));
    }

    private List<LeaseFilter> Filters()
    {
        var filters = new List<LeaseFilter>();
        foreach (var text in Subnet)
        {
            if (LeaseFilter.Parse(text, out var problem) is { } filter)
                filters.Add(filter);
            else
                WriteError(FlannelError.SubnetInvalid.Record(problem, text));
        }
        return filters;
    }

    private static WildcardPattern[]? Patterns(string[]? texts) => texts?.Select(text => WildcardPattern.Get(text, WildcardOptions.IgnoreCase)).ToArray();

    private static bool IsMatch(WildcardPattern[] patterns, string text) => Array.Exists(patterns, pattern => pattern.IsMatch(text));
}
