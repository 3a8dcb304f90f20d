namespace FlannelPS;

/// <summary>One number of a node.</summary>
public sealed class FlannelMetric
{
    internal FlannelMetric(string node, string name, IReadOnlyDictionary<string, string> labels, double value, string type, string help)
        => (Node, Name, Labels, Value, Type, Help) = (node, name, labels, value, type, help);

    /// <summary>Its name, such as <c>flannelps_peers</c>.</summary>
    public string Name { get; }

    /// <summary>The number.</summary>
    public double Value { get; }

    /// <summary><c>gauge</c>: goes up and down. <c>counter</c>, and the parts of <c>histogram</c> and <c>summary</c>: count since the node's start. <c>stateset</c> and <c>info</c> tell words by their labels.</summary>
    public string Type { get; }

    /// <summary>What it counts.</summary>
    public string Help { get; }

    /// <summary>What tells it from others of its name; mostly nothing.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; }

    /// <summary>Whose.</summary>
    public string Node { get; }

    /// <summary>Name and number.</summary>
    public override string ToString() => FormattableString.Invariant($"{Name} {Value}");
}
