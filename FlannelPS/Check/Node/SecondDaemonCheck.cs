namespace FlannelPS.Checks;

/// <summary>A host is one node of a network.</summary>
internal sealed class SecondDaemonCheck() : Check("SecondDaemon", CheckCategory.Node, FlannelCheckScope.Host | FlannelCheckScope.Node, "Whether two nodes of this host want the same subnet file, network or device.")
{
    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var here = facts.Host.Daemons.ToList();
        var found = new List<Finding>();
        for (var i = 0; i < here.Count; i++)
            for (var j = i + 1; j < here.Count; j++)
                if (Shared(here[i], here[j]) is { } shared)
                    found.Add(Finding.Fail($"The nodes {here[i].Name} (process {here[i].Process}) and {here[j].Name} (process {here[j].Process}) have the same {shared}.", "One of them was started beside the other.", $"Stop one of them: Stop-FlannelNode {here[j].Name}.", here[j].Name));
        if (facts.Scope == FlannelCheckScope.Host && found.Count == 0)
            found.AddRange(here.Where(daemon => daemon.Name != facts.NodeName && daemon.SubnetFile == facts.SubnetFile && facts.SubnetFile.Length > 0)
                .Select(daemon => Finding.Fail($"The node {daemon.Name} (process {daemon.Process}) writes {daemon.SubnetFile}.", "A second daemon with the same subnet file is refused.", $"Use that node, stop it with Stop-FlannelNode {daemon.Name}, or give the new one another -SubnetFile.", daemon.Name)));
        return found.Count > 0 ? found : [Finding.Pass(here.Count == 0 ? "No node runs on this host." : $"Nodes of this host: {string.Join(", ", here.Select(daemon => daemon.Name))}.")];
    }

    private static string? Shared(DaemonFacts one, DaemonFacts other)
        => one.SubnetFile == other.SubnetFile && one.SubnetFile.Length > 0 ? $"subnet file {one.SubnetFile}"
            : one.Namespace != other.Namespace || one.Namespace.Length == 0 ? null
            : one.Devices.Intersect(other.Devices).FirstOrDefault() is { } device ? $"device {device}" : null;
}
