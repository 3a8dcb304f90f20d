using System.Globalization;
using System.Text;
using System.Text.Json;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Diagnostics;

/// <summary>The text that one reads first: how the nodes stand, what is wrong and what to do about it, and what is in the bundle.</summary>
internal static class DiagnosticSummary
{
    /// <summary>Bytes of it, at most.</summary>
    public const int MaximumLength = 64 << 10;

    private const int Warnings = 20;

    /// <summary>The text.</summary>
    /// <param name="about">The bundle: when, where, by what.</param>
    /// <param name="nodes">The nodes.</param>
    /// <param name="checks">What the checks found.</param>
    /// <param name="entries">What is in the bundle.</param>
    /// <param name="cuts">What was too long for it.</param>
    /// <param name="removed">How many secrets were taken out.</param>
    public static string Render(
        string about, IReadOnlyList<FlannelNode> nodes, IReadOnlyList<FlannelCheckResult> checks, IReadOnlyList<DiagnosticEntry> entries, IReadOnlyList<string> cuts, int removed)
    {
        var text = new StringBuilder().Append("FlannelPS diagnostic bundle\n").Append(about).Append('\n');
        Title("Nodes");
        if (nodes.Count == 0)
            Line("No node runs on this host, or has run.");
        foreach (var node in nodes)
        {
            Line($"{node.Name}: {node.State}{(node.IsReady ? ", ready" : ", not ready")}{(node.Version is null ? "" : $", version {node.Version}, {node.HostType}, process {node.Id}, since {node.StartTime?.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z")}");
            if (node.Subnet is not null)
                Line($"  {node.Subnet} on {node.Interface} ({node.PublicIP}), {node.Backend}, {node.Peers} peers, {node.UnreachablePeers} of them unreachable, {node.FailedObjects} kernel objects failed");
            foreach (var cause in node.Causes.Count > 0 ? node.Causes : node.Reasons)
                Line($"  cause: {cause}");
            foreach (var finding in node.Findings)
                Line($"  {finding}");
        }
        foreach (var (title, status) in new[] { ("Checks that failed", FlannelTestStatus.Fail), ("Checks that warn", FlannelTestStatus.Warn) })
        {
            var those = checks.Where(check => check.Status == status).ToList();
            Title(title);
            if (those.Count == 0)
                Line("None.");
            foreach (var check in those)
            {
                Line($"{check.Name}{(check.Node.Length > 0 ? $" of {check.Node}" : " of the host")}{(check.Target.Length > 0 ? $" ({check.Target})" : "")}: {check.Evidence}");
                if (check.Cause.Length > 0)
                    Line($"  cause:  {check.Cause}");
                if (check.Remedy.Length > 0)
                    Line($"  remedy: {check.Remedy}");
            }
        }
        Title("Last warnings");
        var warnings = entries.Where(entry => entry.Path.EndsWith("/events.json", StringComparison.Ordinal)).SelectMany(WarningsOf).ToList();
        if (warnings.Count == 0)
            Line("None.");
        foreach (var warning in warnings)
            Line(warning);
        List("What could not be read", entries.Where(entry => entry.Problem.Length > 0).Select(entry => $"{entry.Path}: {entry.Problem}"));
        List("What was cut, because the bundle's size is bounded", cuts);
        Title("What was taken out");
        Line($"Passwords, tokens, private keys and users in addresses, by their values and by their form: {removed.ToString(CultureInfo.InvariantCulture)} places. Of settings that are not flannel's, names alone are shown.");
        Line("Addresses, names of hosts and interfaces, routes and firewall rules are in the bundle as they are. Look through it before you give it to others.");
        Title("Contents");
        foreach (var entry in entries.Where(entry => entry.Text.Length > 0))
            Line(string.Create(CultureInfo.InvariantCulture, $"{Encoding.UTF8.GetByteCount(entry.Text),10:n0}  {entry.Path}"));
        return text.ToString();

        void Title(string title) => text.Append('\n').Append(title).Append('\n').Append('-', title.Length).Append('\n');

        void Line(string line) => text.Append(line.ReplaceLineEndings(" ")).Append('\n');

        void List(string title, IEnumerable<string> lines)
        {
            if (lines.ToList() is not { Count: > 0 } some)
                return;
            Title(title);
            some.ForEach(Line);
        }
    }

    /// <summary>The text, no longer than it may be.</summary>
    public static string Bounded(string text) => DiagnosticBundle.Fit([new("", text)], MaximumLength).Entries[0].Text;

    private static IEnumerable<string> WarningsOf(DiagnosticEntry entry)
    {
        try
        {
            using var events = JsonDocument.Parse(entry.Text);
            return [.. events.RootElement.Objects().Where(item => item.Text("level") is "Warning" or "Error" or "Critical").TakeLast(Warnings)
                .Select(item => $"{item.Time("time")?.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z {entry.Path.Split('/')[1]} {item.Text("level")} {item.Text("name")}: {item.Text("message")}")];
        }
        catch (JsonException)
        {
            return [];    // cut, or not answered
        }
    }
}
