using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Probing;
using FlannelPS.Engine.Reconcile;

namespace FlannelPS.Engine.Node;

/// <summary>How far a node has come.</summary>
public enum NodePhase
{
    /// <summary>Reading the configuration from the store.</summary>
    Store,

    /// <summary>The store answers; the configuration is missing or wrong.</summary>
    Configuration,

    /// <summary>Finding the interface for traffic to other hosts.</summary>
    Interface,

    /// <summary>Making the tunnel device.</summary>
    Device,

    /// <summary>Taking a lease.</summary>
    Lease,

    /// <summary>Programming the peers.</summary>
    Peers,

    /// <summary>All of it is done, and kept.</summary>
    Running,
}

/// <summary>How it stands with a node: a value, made anew at each change.</summary>
/// <param name="Phase">How far it has come.</param>
/// <param name="Waiting">What the phase waits for; empty when it just takes its time.</param>
/// <param name="Config">The configuration in use; null before there is one.</param>
/// <param name="ConfigNotice">What a changed configuration means for this node; empty for nothing.</param>
/// <param name="Interface">The chosen interface.</param>
/// <param name="Overlay">What is programmed from; null before the lease.</param>
/// <param name="Lease">Our lease.</param>
/// <param name="StoreProblem">Why the store cannot be followed; empty when it can.</param>
/// <param name="StoreProblemSince">Since when.</param>
/// <param name="SubnetFileProblem">Why the subnet file could not be written; empty when it is.</param>
/// <param name="SubnetFileWritten">Whether it stands.</param>
/// <param name="Reconcile">The last round.</param>
/// <param name="Started">When the process started.</param>
public sealed record NodeStatus(
    NodePhase Phase, string Waiting, NetworkConfig? Config, string ConfigNotice, ExternalInterface? Interface, Overlay? Overlay, LeaseState Lease,
    string StoreProblem, DateTimeOffset? StoreProblemSince, string SubnetFileProblem, bool SubnetFileWritten, ReconcileStatus Reconcile, DateTimeOffset Started)
{
    /// <summary>Why there is no way to other hosts at present; empty when there is one. What is programmed stays meanwhile.</summary>
    public string UnderlayProblem { get; init; } = "";

    /// <summary>When the store was heard last, where the node runs from what it knew then, and has not heard it since its start; null where it has (F03).</summary>
    public DateTimeOffset? SavedFrom { get; init; }

    /// <summary>Whether workloads can be served: with the store, or as far as the last run knew.</summary>
    public bool IsServing => NotReady.Count == 0 || SavedFrom is not null && SubnetFileWritten && Reconcile.Problem.Length == 0;

    /// <summary>What on this host may hinder workloads though the node itself is well; none for nothing.</summary>
    public IReadOnlyList<HostFinding> Findings { get; init; } = [];

    /// <summary>Which loop failed and is started again; empty when all run.</summary>
    public string LoopProblem { get; init; } = "";

    /// <summary>How many peers can be reached, by the probes.</summary>
    public ProbeSummary Probes { get; init; } = ProbeSummary.None;

    /// <summary>How it stands with the firewall. A node is ready without it.</summary>
    public Firewall.FirewallStatus Firewall { get; init; } = FlannelPS.Engine.Firewall.FirewallStatus.None;

    /// <summary>Why the node is not ready; empty when it is.</summary>
    public IReadOnlyList<string> NotReady
    {
        get
        {
            var reasons = new List<string>();
            if (SavedFrom is { } seen)
                reasons.Add($"Saved: running with the lease and peers of {seen.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, when the store was heard last");
            if (Phase != NodePhase.Running)
                reasons.Add(Waiting.Length > 0 ? $"{Phase}: {Waiting}" : $"{Phase}: under way");
            if (Lease.Phase is not LeasePhase.Held && Phase >= NodePhase.Peers)
                reasons.Add($"Lease: {Lease.Phase}{(Lease.Reason.Length > 0 ? $", {Lease.Reason}" : "")}");
            if (StoreProblem.Length > 0 && Phase >= NodePhase.Peers)
                reasons.Add($"Store: {StoreProblem}");
            if (UnderlayProblem.Length > 0)
                reasons.Add($"Interface: {UnderlayProblem}");
            if (SubnetFileProblem.Length > 0)
                reasons.Add($"SubnetFile: {SubnetFileProblem}");
            if (Reconcile.Problem.Length > 0)
                reasons.Add($"Kernel: {Reconcile.Problem}");
            if (LoopProblem.Length > 0)
                reasons.Add($"Loop: {LoopProblem}");
            return reasons;
        }
    }

    /// <summary>One word for the state.</summary>
    public string State
        => Phase != NodePhase.Running ? Lease.Phase is LeasePhase.Conflict or LeasePhase.NoSubnet ? Lease.Phase.ToString()
            : SavedFrom is not null ? nameof(LeasePhase.StoreUnreachable) : "Starting"
            : Lease.Phase is not LeasePhase.Held ? Lease.Phase.ToString()
            : StoreProblem.Length > 0 ? nameof(LeasePhase.StoreUnreachable)
            : NotReady.Count > 0 || Reconcile.Failed.Count > 0 || Firewall.IsDegraded ? "Degraded"
            : Reconcile.Ignored > 0 ? "TooManyPeers"
            : ConfigNotice.Length > 0 ? "ConfigMismatch"
            : Probes.Cut > 0 ? "PeerUnreachable"
            : "Ready";

    /// <summary>Why <see cref="State"/> is not Ready, a line each, the gravest first; none when it is. Not each of them keeps the node from being ready: a host that is switched off is not this node's fault.</summary>
    public IReadOnlyList<string> Causes
    {
        get
        {
            var causes = NotReady.ToList();
            if (Reconcile.Failed is [var failed, ..])
                causes.Add($"Kernel: {Reconcile.Failed.Count} objects could not be put, such as: {failed.Reason}");
            if (Firewall.IsDegraded)
                causes.Add($"Firewall: {(Firewall.Problem.Length > 0 ? Firewall.Problem : Firewall.Missing)}");
            if (Reconcile.Ignored > 0)
                causes.Add($"Peers: {Reconcile.Ignored} leases are left out, because there are more than a node takes in");
            if (ConfigNotice.Length > 0)
                causes.Add($"Configuration: {ConfigNotice}");
            if (Probes.Cut > 0)
                causes.Add($"Peers: {Probes.Cut} cannot be reached, such as: {Probes.Example}");
            return causes;
        }
    }

    /// <summary>One line for a service manager.</summary>
    public string Summary
        => Phase == NodePhase.Running
            ? $"{State}: {Lease.Held?.Subnet} on {Interface?.Link.Name}, {Config?.BackendType}, {Reconcile.Peers.Count} peers{(NotReady is [var reason, ..] ? "; " + reason : "")}"
            : $"{State}: {NotReady[0]}";
}
