using System.Text.Json;
using FlannelPS.Engine.Hosting;

namespace FlannelPS;

/// <summary>What Repair-FlannelNode did to one component of a node.</summary>
public sealed class FlannelRepairResult
{
    internal FlannelRepairResult(string name, JsonElement outcome)
    {
        Name = name;
        Component = Enum.Parse<FlannelNodeComponent>(outcome.Text("part")!);
        Repaired = (int)(outcome.Number("repaired") ?? 0);
        Problem = outcome.Text("problem") ?? "";
        Detail = string.Join(", ", new[] { ("devices", "device"), ("neighbors", "neighbour entry"), ("fdb", "forwarding entry"), ("nexthops", "nexthop"), ("routes", "route"), ("deleted", "left-over") }
            .Select(part => (Count: outcome.Number(part.Item1) ?? 0, Word: part.Item2)).Where(part => part.Count > 0)
            .Select(part => $"{part.Count} {(part.Count == 1 ? part.Word : part.Word.EndsWith('y') ? part.Word[..^1] + "ies" : part.Word + "s")}"));
    }

    /// <summary>The node.</summary>
    public string Name { get; }

    /// <summary>What was looked at.</summary>
    public FlannelNodeComponent Component { get; }

    /// <summary>How many objects were put right; 0 where all was as it should be.</summary>
    public int Repaired { get; }

    /// <summary>Whether it is as it should be now.</summary>
    public bool Succeeded => Problem.Length == 0;

    /// <summary>Why it is not; empty when it is.</summary>
    public string Problem { get; }

    /// <summary>What was put right, such as <c>1 device, 2 routes</c>.</summary>
    public string Detail { get; }

    /// <summary>Component and outcome.</summary>
    public override string ToString() => $"{Component}: {(Succeeded ? Repaired == 0 ? "as it should be" : $"{Repaired} put right" : Problem)}";
}
