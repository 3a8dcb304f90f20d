using System.Management.Automation;
using FlannelPS.Engine.Leases;

namespace FlannelPS;

/// <summary>A lease that somebody waits for.</summary>
/// <param name="publicIP">The host, or a pattern; null for whichever.</param>
/// <param name="filters">Where the lease must lie; none for anywhere.</param>
internal sealed class AwaitedLease(string? publicIP, IReadOnlyList<LeaseFilter> filters)
{
    private readonly WildcardPattern? _host = publicIP is null ? null : WildcardPattern.Get(publicIP, WildcardOptions.IgnoreCase);

    /// <summary>Whether this is the one.</summary>
    public bool IsMet(Lease lease)
        => (_host?.IsMatch(lease.Attributes.PublicIp.ToString()) ?? true) && (filters.Count == 0 || filters.Any(filter => filter.Matches(lease.Subnet)));

    /// <summary>As it was asked for.</summary>
    public override string ToString()
        => string.Join(" in ", new[] { publicIP, string.Join(" or ", filters.Select(filter => filter.Text)) }.Where(text => !string.IsNullOrEmpty(text)));
}
