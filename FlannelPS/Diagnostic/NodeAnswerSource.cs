using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Diagnostics;

/// <summary>What a node says of itself over its control socket.</summary>
internal sealed class NodeAnswerSource(DiagnosticNode node) : DiagnosticSource
{
    private static readonly JsonWriterOptions Writing = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <inheritdoc/>
    public override string About => $"asking the node {node.Name}";

    /// <inheritdoc/>
    public override IEnumerable<DiagnosticEntry> Read(CancellationToken cancellationToken)
    {
        if (node.Answers.Silence.Length > 0)
        {
            yield return DiagnosticEntry.Missing($"{node.Folder}/status.json", node.Answers.Silence);
            yield break;
        }
        yield return new($"{node.Folder}/status.json", Text(node.Answers.Status));
        yield return new($"{node.Folder}/peers.json", Text(node.Answers.Peers));
        yield return new($"{node.Folder}/leases.json", Text(node.Answers.Leases));
        yield return Ask("events.json", ControlVerbs.Events, cancellationToken) with { KeepsEnd = true };
        yield return Ask("metrics.txt", ControlVerbs.Metrics, cancellationToken);
    }

    /// <summary>JSON for people.</summary>
    internal static string Text(JsonElement json)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Writing))
            json.WriteTo(writer);
        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private DiagnosticEntry Ask(string name, string verb, CancellationToken cancellationToken)
    {
        var path = $"{node.Folder}/{name}";
        try
        {
            var answer = LocalNodes.AskAsync(node.Name, verb, null, TimeSpan.FromSeconds(5), cancellationToken).GetAwaiter().GetResult();
            return new(path, answer.ValueKind == JsonValueKind.String ? answer.GetString()! : Text(answer));
        }
        catch (Exception e) when (e is NodeSilentException or ControlException)
        {
            return DiagnosticEntry.Missing(path, e.Message);
        }
    }
}
