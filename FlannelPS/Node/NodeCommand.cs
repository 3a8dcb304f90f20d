using System.Management.Automation;
using System.Text.Json;
using FlannelPS.Engine.Hosting;

namespace FlannelPS;

/// <summary>What all cmdlets share that talk to nodes of this host.</summary>
public abstract class NodeCommand : FlannelCommand
{
    /// <inheritdoc/>
    protected override void BeginProcessing() => RequireLinux(this);

    /// <summary>Says why there are no nodes elsewhere.</summary>
    internal static void RequireLinux(Cmdlet cmdlet)
    {
        if (!OperatingSystem.IsLinux())
            cmdlet.ThrowTerminatingError(FlannelError.PlatformNotSupported.Record(
                $"A node programs the kernel of a Linux host, and this is {Environment.OSVersion.Platform}.", null));
    }

    /// <summary>The names that are meant: those that match, and an error for an exact one that nobody has.</summary>
    private protected IEnumerable<string> Resolve(IEnumerable<string> patterns)
    {
        var names = NodeNames();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var text in patterns)
        {
            var pattern = WildcardPattern.Get(text, WildcardOptions.IgnoreCase);
            var found = names.Where(name => pattern.IsMatch(name)).ToList();
            if (found.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(text))
                WriteError(FlannelError.NodeNotFound.Record($"There is no node '{text}' on this host.", text));
            foreach (var name in found.Where(seen.Add))
                yield return name;
        }
    }

    /// <summary>The names that can be meant.</summary>
    private protected virtual IReadOnlyList<string> NodeNames() => LocalNodes.Names();

    /// <summary>Asks a node, and writes an error where it does not answer.</summary>
    /// <returns>Null after an error.</returns>
    private protected JsonElement? Ask(string name, string verb, Action<Utf8JsonWriter>? arguments = null, double seconds = 5)
    {
        try
        {
            return Await(token => LocalNodes.AskAsync(name, verb, arguments, TimeSpan.FromSeconds(seconds), token));
        }
        catch (Exception e) when (e is NodeSilentException or ControlException)
        {
            WriteError(Record(e, name));
            return null;
        }
    }

    /// <summary>What a node's silence or refusal is to a user.</summary>
    internal static ErrorRecord Record(Exception failure, string name)
        => (failure switch
        {
            NodeSilentException { Reason: NodeSilence.Denied } => FlannelError.PrivilegeRequired,
            NodeSilentException { Reason: NodeSilence.NotOurs } => FlannelError.NodeAnswerInvalid,
            NodeSilentException { Reason: NodeSilence.Silent } => FlannelError.NodeNotResponding,
            ControlException { Id: ControlException.Denied } => FlannelError.PrivilegeRequired,
            ControlException => FlannelError.NodeAnswerInvalid,
            _ => FlannelError.NodeNotRunning,
        }).Record(failure.Message, name, failure);

    /// <summary>How a node stands, whether it runs or not. Null where nothing of that name is here.</summary>
    private protected FlannelNode Look(string name)
    {
        try
        {
            var status = Await(token => LocalNodes.AskAsync(name, ControlVerbs.Status, null, TimeSpan.FromSeconds(2), token));
            return status.Text("name") == name ? new FlannelNode(status) : new FlannelNode(name, "Unreachable", 0, "what listens there does not answer as flannelpsd does");
        }
        catch (NodeSilentException e) when (e.Reason == NodeSilence.NotRunning)
        {
            return Stopped(name);
        }
        catch (Exception e) when (e is NodeSilentException or ControlException)
        {
            return new FlannelNode(name, "Unreachable", 0, e.Message);
        }
    }

    private static FlannelNode Stopped(string name)
    {
        try
        {
            // Between its start and its first answer, and while it ends, a daemon holds its lock and has no socket.
            return LocalNodes.IsHeld(name, out var owner) ? new(name, "Starting", owner, "it does not answer yet") : new(name, "Stopped", 0, "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new(name, "Stopped", 0, "");
        }
    }
}
