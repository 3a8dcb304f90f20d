using System.Text.Json;

namespace FlannelPS.Engine.Hosting;

/// <summary>Carries out one request and writes its result.</summary>
/// <param name="verb">One of <see cref="ControlVerbs"/>.</param>
/// <param name="arguments">The request's <c>arguments</c>; <see cref="JsonValueKind.Undefined"/> when there are none.</param>
/// <param name="isWriter">Whether the caller may change things. Verbs that change something reach the handler only when it may.</param>
/// <param name="result">Where one JSON value is written; nothing means null.</param>
/// <param name="cancellationToken">The caller is gone, or the daemon ends.</param>
public delegate ValueTask ControlHandler(string verb, JsonElement arguments, bool isWriter, Utf8JsonWriter result, CancellationToken cancellationToken);

/// <summary>What can be asked over the control socket.</summary>
public static class ControlVerbs
{
    /// <summary>The daemon's state as one object.</summary>
    public const string Status = "status";

    /// <summary>The peers and what became of them in the kernel.</summary>
    public const string Peers = "peers";

    /// <summary>The leases in the store, invalid ones with their reason.</summary>
    public const string Leases = "leases";

    /// <summary>What happened lately.</summary>
    public const string Events = "events";

    /// <summary>Counters.</summary>
    public const string Metrics = "metrics";

    /// <summary>Looks at lease, kernel and subnet file now, clears what waits for an operator, and tells what was put right.</summary>
    public const string Repair = "repair";

    /// <summary>Ends the daemon; the data path stays.</summary>
    public const string Stop = "stop";

    /// <summary>Gives a successor the open descriptors of the tunnel, along with the answer.</summary>
    public const string Handover = "handover";

    /// <summary>Whether a verb is known.</summary>
    public static bool IsKnown(string verb) => IsWrite(verb) || verb is Status or Peers or Leases or Events or Metrics;

    /// <summary>Whether a verb changes something.</summary>
    public static bool IsWrite(string verb) => verb is Repair or Stop or Handover;
}

/// <summary>A request was refused or failed: <c>{"ok":false,"error":{"id":...,"message":...}}</c>.</summary>
/// <param name="id">A stable word for programs.</param>
/// <param name="message">One line for people.</param>
public sealed class ControlException(string id, string message) : Exception(message)
{
    /// <summary>The request is no JSON object with a verb.</summary>
    public const string BadRequest = nameof(BadRequest);

    /// <summary>An argument is not what the verb takes.</summary>
    public const string BadArgument = nameof(BadArgument);

    /// <summary>The request or answer is longer than allowed.</summary>
    public const string TooLong = nameof(TooLong);

    /// <summary>There is no such verb.</summary>
    public const string UnknownVerb = nameof(UnknownVerb);

    /// <summary>The caller may not do this.</summary>
    public const string Denied = nameof(Denied);

    /// <summary>Too many connections.</summary>
    public const string Busy = nameof(Busy);

    /// <summary>The request failed inside the daemon; its log says more.</summary>
    public const string Failed = nameof(Failed);

    /// <summary>The peer closed the connection instead of answering.</summary>
    public const string Closed = nameof(Closed);

    /// <summary>A stable word for programs.</summary>
    public string Id { get; } = id;
}
