using System.Text;
using System.Text.Json;
using FlannelPS.Checks;

namespace FlannelPS.Diagnostics;

/// <summary>What the checks find, of this host or of a node.</summary>
/// <param name="path">The entry's name.</param>
/// <param name="checks">Which.</param>
/// <param name="facts">What they judge by.</param>
/// <param name="node">The node; empty for the host.</param>
/// <param name="found">Takes the results, for the summary.</param>
internal sealed class CheckSource(string path, IEnumerable<Check> checks, CheckFacts facts, string node, List<FlannelCheckResult> found) : DiagnosticSource
{
    /// <inheritdoc/>
    public override string About => node.Length > 0 ? $"checking the node {node}" : "checking the host";

    /// <inheritdoc/>
    public override IEnumerable<DiagnosticEntry> Read(CancellationToken cancellationToken)
    {
        var results = new List<FlannelCheckResult>();
        foreach (var check in checks)
        {
            cancellationToken.ThrowIfCancellationRequested();
            results.AddRange(CheckRun.Run(check, facts, node));
        }
        found.AddRange(results);
        return [new(path, Text(results))];
    }

    private static string Text(IEnumerable<FlannelCheckResult> results)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartArray();
            foreach (var result in results)
            {
                json.WriteStartObject();
                json.WriteString("name", result.Name);
                json.WriteString("category", result.Category);
                json.WriteString("status", result.Status.ToString());
                json.WriteString("evidence", result.Evidence);
                json.WriteString("cause", result.Cause);
                json.WriteString("remedy", result.Remedy);
                json.WriteString("target", result.Target);
                json.WriteString("node", result.Node);
                json.WriteNumber("milliseconds", Math.Round(result.Duration.TotalMilliseconds, 3));
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }
}
