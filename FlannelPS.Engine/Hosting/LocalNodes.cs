using System.Net.Sockets;
using System.Text.Json;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Node;

namespace FlannelPS.Engine.Hosting;

/// <summary>Why a node of this host did not answer.</summary>
internal enum NodeSilence
{
    /// <summary>None of that name runs.</summary>
    NotRunning,

    /// <summary>It runs, and this user may not ask it.</summary>
    Denied,

    /// <summary>Something else listens there: another user's program, or no flannelpsd.</summary>
    NotOurs,

    /// <summary>It runs and gave no answer in time.</summary>
    Silent,
}

/// <summary>A node of this host did not answer.</summary>
/// <param name="reason">The class.</param>
/// <param name="message">One line.</param>
/// <param name="inner">What was caught.</param>
internal sealed class NodeSilentException(NodeSilence reason, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The class.</summary>
    public NodeSilence Reason { get; } = reason;
}

/// <summary>The nodes of this host, as their control sockets and state folders show them.</summary>
internal static partial class LocalNodes
{
    /// <summary>The names of all nodes that run, or have state here, in order.</summary>
    public static IReadOnlyList<string> Names() => Names("/run/flannelps", "/var/lib/flannelps");

    internal static IReadOnlyList<string> Names(string runRoot, string stateRoot)
    {
        var sockets = Directory.Exists(runRoot) ? Directory.EnumerateFiles(runRoot, "*.sock").Select(path => Path.GetFileNameWithoutExtension(path)) : [];
        var states = Directory.Exists(stateRoot) ? Directory.EnumerateDirectories(stateRoot).Where(HasState).Select(path => Path.GetFileName(path)) : [];
        return [.. sockets.Concat(states).Where(InstanceName.IsValid).Distinct().Order(StringComparer.Ordinal)];

        // A folder that may not be looked into is another user's node.
        static bool HasState(string folder)
        {
            try
            {
                return Directory.EnumerateFileSystemEntries(folder).Any();
            }
            catch (UnauthorizedAccessException)
            {
                return true;
            }
        }
    }

    /// <summary>Asks a node over its control socket.</summary>
    /// <param name="name">The node.</param>
    /// <param name="verb">One of <see cref="ControlVerbs"/>.</param>
    /// <param name="arguments">Writes the members of the arguments object; null for none.</param>
    /// <param name="patience">How long to wait for the answer.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The result; it outlives the connection.</returns>
    /// <exception cref="NodeSilentException">It did not answer.</exception>
    /// <exception cref="ControlException">It answered that it does not do this.</exception>
    public static Task<JsonElement> AskAsync(string name, string verb, Action<Utf8JsonWriter>? arguments, TimeSpan patience, CancellationToken cancellationToken)
        => ExplainAsync(name, patience, async token =>
        {
            using var client = await ConnectAsync(name, token).ConfigureAwait(false);
            using var result = await client.RequestAsync(verb, arguments, token).ConfigureAwait(false);
            return result.Value.Clone();
        }, cancellationToken);

    /// <summary>A connection to a node, or to what took its place: the peer is asked who it is before anything is said.</summary>
    private static async Task<ControlClient> ConnectAsync(string name, CancellationToken cancellationToken)
    {
        var path = new InstancePaths(name).Socket;
        var client = await ControlClient.ConnectAsync(path, cancellationToken).ConfigureAwait(false);
        if (client.Peer.UserId is 0 || client.Peer.UserId == LibC.GetEffectiveUserId())
            return client;
        var user = client.Peer.UserId;
        client.Dispose();
        throw new NodeSilentException(NodeSilence.NotOurs, $"What listens at {path} is a program of user {user}, not of root.");
    }

    /// <summary>Does something with a node, and says of its failures what they are to a user.</summary>
    private static async Task<T> ExplainAsync<T>(string name, TimeSpan patience, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        var path = new InstancePaths(name).Socket;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(patience);
        try
        {
            return await work(end.Token).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw e.SocketErrorCode switch
            {
                SocketError.AccessDenied => new NodeSilentException(NodeSilence.Denied, $"The node '{name}' belongs to root, and this user may not ask it ({path}).", e),
                SocketError.ConnectionReset => new NodeSilentException(NodeSilence.NotRunning, $"The node '{name}' ended while it was asked.", e),
                // ECONNREFUSED: a dead daemon's socket; ENOENT (which .NET calls AddressNotAvailable) and the like: none.
                _ => new NodeSilentException(NodeSilence.NotRunning, $"No node '{name}' runs on this host.", e),
            };
        }
        catch (ControlException e) when (e.Id is ControlException.Closed)
        {
            throw new NodeSilentException(NodeSilence.NotRunning, $"The node '{name}' ended while it was asked.", e);
        }
        catch (ControlException e) when (e.Id is ControlException.BadRequest or ControlException.TooLong)
        {
            throw new NodeSilentException(NodeSilence.NotOurs, $"What listens at {path} does not answer as flannelpsd does: {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new NodeSilentException(NodeSilence.NotRunning, $"The node '{name}' ended while it was asked.", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new NodeSilentException(NodeSilence.Silent, $"The node '{name}' gave no answer within {patience.TotalSeconds:0.#} s.", e);
        }
    }

    /// <summary>Whether a daemon of a name holds its lock, whatever its socket says.</summary>
    /// <param name="name">The node.</param>
    /// <param name="owner">Its process; 0 when unknown.</param>
    /// <exception cref="IOException">The lock may not be looked at.</exception>
    public static bool IsHeld(string name, out int owner)
    {
        owner = 0;
        var path = new InstancePaths(name).Lock;
        if (!File.Exists(path))
            return false;
        using var free = FileLock.TryAcquire(path, out owner);
        return free is null;
    }
}
