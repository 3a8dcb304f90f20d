using System.Text.Json;
using FlannelPS.Engine.Node;

namespace FlannelPS.Engine.Hosting;

/// <summary>Reads the arguments of a request, which a stranger may have written.</summary>
internal static class ControlArguments
{
    /// <summary>The parts of a node that <c>components</c> names; all without it.</summary>
    /// <exception cref="ControlException">It names something else.</exception>
    public static NodeParts Parts(JsonElement arguments)
    {
        if (Find(arguments, "components") is not { } given)
            return NodeParts.All;
        var parts = NodeParts.None;
        if (given.ValueKind == JsonValueKind.Array)
            foreach (var item in given.EnumerateArray())
            {
                if (item.ValueKind != JsonValueKind.String || !Enum.TryParse<NodeParts>(item.GetString(), ignoreCase: true, out var part) || part is not (NodeParts.Lease or NodeParts.Kernel or NodeParts.SubnetFile))
                {
                    parts = NodeParts.None;
                    break;
                }
                parts |= part;
            }
        return parts != NodeParts.None ? parts : throw Bad("components", "a list of Lease, Kernel and SubnetFile");
    }

    /// <summary>A text; null for none.</summary>
    /// <exception cref="ControlException">It is something else.</exception>
    public static string? Text(JsonElement arguments, string name)
        => Find(arguments, name) is not { } value ? null : value.ValueKind == JsonValueKind.String ? value.GetString() : throw Bad(name, "a text");

    /// <summary>A number that is not negative; 0 for none.</summary>
    /// <exception cref="ControlException">It is something else.</exception>
    public static double Number(JsonElement arguments, string name)
        => Find(arguments, name) is not { } value ? 0
            : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number is >= 0 and < 1e15 ? number
            : throw Bad(name, "a number of 0 or more");

    /// <summary>What to say of an argument.</summary>
    public static ControlException Bad(string name, string wanted) => new(ControlException.BadArgument, $"The argument '{name}' must be {wanted}.");

    private static JsonElement? Find(JsonElement arguments, string name)
        => arguments.ValueKind == JsonValueKind.Object && arguments.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
