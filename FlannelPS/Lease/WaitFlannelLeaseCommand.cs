using System.Diagnostics;
using System.Management.Automation;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Waits until hosts or subnets have a lease, and writes it.</summary>
[Cmdlet(VerbsLifecycle.Wait, "FlannelLease", DefaultParameterSetName = "Subnet")]
[OutputType(typeof(FlannelLease))]
public sealed class WaitFlannelLeaseCommand : StoreCommand
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);
    private readonly List<AwaitedLease> _awaited = [];

    /// <summary>The hosts' addresses, or patterns; each is waited for.</summary>
    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "PublicIP", ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? PublicIP { get; set; }

    /// <summary>Subnets, networks they lie in, or patterns; each is waited for. With -PublicIP: where the hosts' leases must lie.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Subnet", ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = "PublicIP", ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(LeaseSubnetCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Subnet { get; set; }

    /// <summary>How many seconds to wait.</summary>
    [Parameter]
    [Alias("TimeoutSec")]
    [ValidateRange(1, 2_000_000)]
    public override int TimeoutSeconds { get; set; } = 60;

    private protected override int CallSeconds => Math.Min(TimeoutSeconds, 5);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var filters = new List<LeaseFilter>();
        foreach (var text in Subnet ?? [])
        {
            if (LeaseFilter.Parse(text, out var problem) is { } filter)
                filters.Add(filter);
            else
                WriteError(FlannelError.SubnetInvalid.Record(problem, text));
        }
        if (filters.Count < (Subnet?.Length ?? 0))
            return;
        if (PublicIP is null)
            _awaited.AddRange(filters.Select(filter => new AwaitedLease(null, [filter])));
        else
            _awaited.AddRange(PublicIP.Select(address => new AwaitedLease(address, filters)));
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_awaited.Count == 0)
            return;
        var clock = Stopwatch.StartNew();
        var limit = TimeSpan.FromSeconds(TimeoutSeconds);
        var watch = Ask((store, token) => LeaseWatch.BeginAsync(store, NetworkPrefix, existing: true, since: null, TimeProvider.System, token));
        try
        {
            var (all, problem) = (_awaited.Count, "");
            while (_awaited.Count > 0 && limit - clock.Elapsed is var left && left > TimeSpan.Zero)
            {
                var change = Await(token => watch.NextAsync(left < Tick ? left : Tick, token));
                if (change?.Lease is { } lease && change.Kind is LeaseChangeKind.Added or LeaseChangeKind.Updated)
                    Take(lease);
                else if (change is not null)
                    problem = change.Problem;
                else
                    Show(all, left);
            }
            foreach (var missing in _awaited)
            {
                WriteError(FlannelError.WaitTimeout.Record(
                    $"{missing} had no lease under {NetworkPrefix} within {TimeoutSeconds} s.{(problem.Length > 0 ? $" The store cannot be followed: {problem}" : "")}", missing.ToString()));
            }
        }
        finally
        {
            Task.Run(() => watch.DisposeAsync().AsTask()).Wait(TimeSpan.FromSeconds(1));
        }
        WriteProgress(new ProgressRecord(1, "Waiting for leases", "Done") { RecordType = ProgressRecordType.Completed });
    }

    private void Take(Lease lease)
    {
        if (_awaited.RemoveAll(awaited => awaited.IsMet(lease)) == 0)
            return;
        var life = lease.IsReservation ? null : Ask((store, token) => store.TimeToLiveAsync(lease.EtcdLeaseId, token));
        WriteObject(new FlannelLease(lease, life, DateTimeOffset.Now));
    }

    private void Show(int all, TimeSpan left)
        => WriteProgress(new ProgressRecord(1, "Waiting for leases", $"{all - _awaited.Count} of {all} are there; waiting for {_awaited[0]}")
        {
            PercentComplete = (all - _awaited.Count) * 100 / all,
            SecondsRemaining = (int)left.TotalSeconds,
        });
}
