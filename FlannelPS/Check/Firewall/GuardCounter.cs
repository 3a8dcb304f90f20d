using System.Text.Json;

namespace FlannelPS.Checks;

/// <summary>How many packets of strangers the kernel has dropped for a node. The node itself looks once a minute only.</summary>
internal static class GuardCounter
{
    /// <summary>The count; null where the node keeps no guard in nftables, or it may not be read. Of the calling thread's network namespace.</summary>
    public static long? Read(string node)
    {
        var problems = new List<string>();
        if (HostFactsReader.FindTool("nft") is not { } nft || FirewallReader.Run(nft, ["-j", "list", "chain", "ip", $"flannelps-{node}", "input"], problems) is not { } json)
            return null;
        try
        {
            using var document = JsonDocument.Parse(json);
            return Count(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The packets in what nft prints.</summary>
    /// <remarks>libnftables-json(5).</remarks>
    internal static long? Count(JsonElement list)
    {
        long? total = null;
        foreach (var rule in list.GetProperty("nftables").EnumerateArray().Where(item => item.TryGetProperty("rule", out _)).Select(item => item.GetProperty("rule")))
            foreach (var statement in rule.GetProperty("expr").EnumerateArray())
                if (statement.TryGetProperty("counter", out var counter) && counter.ValueKind == JsonValueKind.Object && counter.TryGetProperty("packets", out var packets))
                    total = (total ?? 0) + packets.GetInt64();
        return total;
    }
}
