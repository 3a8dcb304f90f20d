using System.Globalization;
using System.Text;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Diagnostics;

/// <summary>The last lines of a node's log.</summary>
internal sealed class NodeLogSource(DiagnosticNode node) : DiagnosticSource
{
    private const int Lines = 5000;

    /// <inheritdoc/>
    public override string About => $"reading the log of {node.Name}";

    /// <inheritdoc/>
    public override IEnumerable<DiagnosticEntry> Read(CancellationToken cancellationToken)
    {
        var path = $"{node.Folder}/log.txt";
        if (LogSource.Find(node.Name, node.Answers.Status, out var reason) is not { } source)
            return [DiagnosticEntry.Missing(path, reason)];
        var text = new StringBuilder();
        try
        {
            ReadAsync(source, text, cancellationToken).GetAwaiter().GetResult();
            return [new(path, text.ToString()) { KeepsEnd = true }];
        }
        catch (Exception e) when (e is JournalException or IOException or UnauthorizedAccessException)
        {
            return [new(path, text.ToString()) { KeepsEnd = true, Problem = e.Message }];
        }
    }

    private static async Task ReadAsync(LogSource source, StringBuilder text, CancellationToken cancellationToken)
    {
        await foreach (var line in source.ReadAsync(new LogFilter("Debug", null, Lines, Follow: false), cancellationToken).ConfigureAwait(false))
            text.Append(line.Time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)).Append(' ').Append(line.Level).Append(" [").Append(line.Id).Append("] ").Append(line.Message).Append('\n');
    }
}
