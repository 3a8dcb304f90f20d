namespace FlannelPS.Checks;

/// <summary>What measurements mean.</summary>
internal static class PeerJudgement
{
    /// <summary>Judges, and says where the node's own probes say otherwise.</summary>
    public static Finding Judge(PeerTarget peer, PeerTrial? trial)
    {
        var finding = Measured(peer, trial);
        return (finding.Status, peer.Probed) switch
        {
            (FlannelTestStatus.Pass, "Unreachable" or "OneWay" or "MtuLimited" or "Lossy") => Finding.Warn(
                $"{finding.Evidence} The node's own probes say {peer.Probed}: {peer.ProbedReason}.", "The way has come back just now, or it works some of the time only.", "Look again in ten seconds. If the two still disagree, Get-FlannelPeer shows loss and the last answer, Get-FlannelEvent when it changed."),
            (FlannelTestStatus.Fail, "Reachable" or "Lossy") => finding with { Evidence = $"{finding.Evidence} The node's own probes say {peer.Probed} still: it was cut just now, or works some of the time." },
            _ => finding,
        };
    }

    private static Finding Measured(PeerTarget peer, PeerTrial? trial)
    {
        if (peer.State == "Refused")
            return Finding.Skip($"Its lease is not believed: {peer.Reason}.");
        if (peer.Address is null || trial is null)
            return Finding.Skip(peer.Backend == "alloc" ? "The backend alloc carries no packets." : $"The backend {peer.Backend} gives the host no address to ask.");
        if (trial.Received == 0)
            return Unanswered(peer, trial);
        if (trial.WorkingMtu is { } working && peer.Mtu is { } mtu && working < mtu)
            return Finding.Fail($"{peer.Address} answers packets of {working} bytes and less; the tunnel's MTU is {mtu}.",
                $"An MTU black hole: something between the hosts drops packets longer than {working} bytes (with the tunnel's headers) and tells nobody.",
                $"Raise the MTU on the path between {peer.PublicIp} and this host, or set the backend's MTU to what passes on all hosts (Set-FlannelNetworkConfig; {working} for workloads).");
        if (trial.Received < trial.Sent)
            return Finding.Warn($"{peer.Address} answered {trial.Received} of {trial.Sent} packets.", "Packets get lost between the hosts, or one of the two is overloaded.", "Try again with a larger -Count; look at the counters of errors of the interfaces on the way.");
        return Finding.Pass($"{peer.Address} answers in {Spoken(trial.Time)}{(trial.WorkingMtu is { } full ? $", packets of {full} bytes too" : "")}.");
    }

    private static Finding Unanswered(PeerTarget peer, PeerTrial trial)
    {
        var said = trial.Problem.Length > 0 ? $": {trial.Problem}" : "";
        var underlay = trial.IsUnderlayReachable == true ? $"its host answers at {peer.PublicIp} in {Spoken(trial.UnderlayTime)}"
            : $"its host does not answer at {peer.PublicIp} either{(trial.UnderlayProblem.Length > 0 ? $" ({trial.UnderlayProblem})" : "")}";
        if (peer.Backend == "host-gw" && trial is { Problem.Length: 0, IsUnderlayReachable: true })
            return Finding.Skip($"{peer.Address} does not answer, and {underlay}: with host-gw only a bridge or a workload there has an address to ask.");
        var evidence = $"{peer.Address} does not answer{said}; {underlay}.";
        if (peer.State == "Failed")
            return Finding.Fail(evidence, $"The peer is not programmed: {peer.Reason}.", "Repair-FlannelNode; Get-FlannelPeer shows each.");
        if (trial.Problem.Length > 0)
            return Finding.Fail(evidence, "The packet did not get into the tunnel, or somebody on the way refused it.", "Test-FlannelNode -Detailed looks at routes and rules of this host; do the same on the other.");
        if (trial.IsUnderlayReachable != true)
            return Finding.Fail(evidence, "The host is down, the network between is cut, or it answers no ping and its tunnel is cut too.", $"Look whether {peer.PublicIp} is up and reachable; if the host is gone for good, remove its lease with Remove-FlannelLease.");
        var port = peer.Port > 0 ? $"UDP {peer.Port}" : "the tunnel";
        return trial.PortProblem.Length > 0
            ? Finding.Fail(evidence, $"{port} of {peer.PublicIp} is refused: {trial.PortProblem}.", $"Start the node there, or accept {port} in its firewall (Test-FlannelNode -Detailed names the rule there).")
            : Finding.Fail(evidence, $"{port} is blocked between the hosts or on one of them, perhaps in one direction only; or the other host's tunnel or forwarding is broken.",
                $"Accept {port} both ways in every firewall and security group between this host and {peer.PublicIp}; Test-FlannelNode -Detailed on both hosts names a rule of theirs.");
    }

    private static string Spoken(TimeSpan? time) => time is { } span ? $"{span.TotalMilliseconds:0.##} ms" : "time";
}
