using System.Runtime.CompilerServices;
using System.Text.Json;

namespace FlannelPS.Engine.Hosting;

/// <remarks>What happens at a node, told as it happens.</remarks>
internal static partial class LocalNodes
{
    /// <summary>The node waits for events up to so long before it answers that there are none.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(10);

    /// <summary>The events of a node.</summary>
    /// <param name="name">The node.</param>
    /// <param name="since">Only since then; null for all it remembers.</param>
    /// <param name="level">Only as grave as this (a word such as <c>Warning</c>), or graver; null for all.</param>
    /// <param name="follow">Goes on with those that come, until the node stops.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="NodeSilentException">It did not answer the first time, or does not answer as a node does.</exception>
    public static async IAsyncEnumerable<JsonElement> EventsAsync(
        string name, DateTimeOffset? since, string? level, bool follow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var last = 0L;
        using var client = await ExplainAsync(name, TimeSpan.FromSeconds(5), token => ConnectAsync(name, token), cancellationToken).ConfigureAwait(false);
        for (var isFirst = true; ; isFirst = false)
        {
            JsonElement answer;
            try
            {
                answer = await ExplainAsync(name, isFirst ? TimeSpan.FromSeconds(5) : Turn + TimeSpan.FromSeconds(5), AskAsync, cancellationToken).ConfigureAwait(false);
            }
            catch (NodeSilentException e) when (!isFirst && e.Reason == NodeSilence.NotRunning)
            {
                yield break;    // it has stopped
            }
            if (answer.ValueKind != JsonValueKind.Array)
                throw new NodeSilentException(NodeSilence.NotOurs, $"The node '{name}' does not answer as flannelpsd does: it tells no list of events.");
            foreach (var item in answer.EnumerateArray())
            {
                if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("number", out var number) || number.ValueKind != JsonValueKind.Number || !number.TryGetInt64(out last))
                    throw new NodeSilentException(NodeSilence.NotOurs, $"The node '{name}' does not answer as flannelpsd does: an event has no number.");
                yield return item;
            }
            if (!follow)
                yield break;

            async Task<JsonElement> AskAsync(CancellationToken token)
            {
                using var result = await client.RequestAsync(ControlVerbs.Events, Write, token).ConfigureAwait(false);
                return result.Value.Clone();
            }

            void Write(Utf8JsonWriter arguments)
            {
                arguments.WriteNumber("after", last);
                if (since is { } time)
                    arguments.WriteString("since", time);
                if (level is not null)
                    arguments.WriteString("level", level);
                arguments.WriteNumber("wait", isFirst ? 0 : Turn.TotalSeconds);
            }
        }
    }
}
