using System.Text.Json;
using System.Text.Json.Serialization;

namespace FlannelPS.Engine.Leases;

/// <summary>What a running instance says of itself under <c>&lt;prefix&gt;/flannelps/nodes/&lt;identity&gt;</c>, for as long as it runs.</summary>
/// <param name="Nonce">Drawn at each start: the same identity with another nonce is another process, perhaps another machine.</param>
/// <param name="Subnet">The key of its lease, without the prefix; empty before it has one.</param>
/// <param name="Host">Its host name, for messages.</param>
/// <param name="Version">The program's version.</param>
internal sealed record NodeClaim(string Nonce, string Subnet, string Host, string Version)
{
    /// <summary>Seconds a claim outlives its instance.</summary>
    public const long TtlSeconds = 60;

    /// <summary>Seconds between two signs of life.</summary>
    public const long RefreshSeconds = 10;

    /// <summary>A claim that has fewer seconds left than this has missed a sign: who made it is dead. So whether another lives is known within 15 s.</summary>
    public const long DeadBelowSeconds = TtlSeconds - RefreshSeconds - 3;

    /// <summary>What to say where two machines have one identity.</summary>
    public static string CloneOf(string host)
        => $"another machine runs with the identity of this one (host '{host}'): a cloned state folder? Remove the identity file on one of the two, and start it again";

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, NodeClaimJson.Default.NodeClaim);

    /// <summary>Reads a claim; null when it is none.</summary>
    public static NodeClaim? Read(ReadOnlyMemory<byte> value)
    {
        try
        {
            return value.Length > 4096 ? null : JsonSerializer.Deserialize(value.Span, NodeClaimJson.Default.NodeClaim);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSerializable(typeof(NodeClaim))]
internal sealed partial class NodeClaimJson : JsonSerializerContext;
