using System.Management.Automation;

namespace FlannelPS;

/// <summary>What the cmdlets share that name services.</summary>
public abstract class ServiceCommand : FlannelCommand
{
    /// <inheritdoc/>
    protected override void BeginProcessing() => RequireSystemd(this);

    /// <summary>Says why there are no services here.</summary>
    internal static void RequireSystemd(Cmdlet cmdlet)
    {
        NodeCommand.RequireLinux(cmdlet);
        if (Systemctl.Problem() is { } problem)
            cmdlet.ThrowTerminatingError(FlannelError.ServiceManagerMissing.Record($"A service needs systemd: {problem}.", null));
    }

    /// <summary>Asks systemd; what it refuses is a terminating error.</summary>
    private protected T Systemd<T>(Func<CancellationToken, Task<T>> call, string? target = null)
    {
        try
        {
            return Await(call);
        }
        catch (ServiceException e)
        {
            Fail(FlannelError.ServiceFailed, e.Message, target, e);
            throw;
        }
    }

    /// <summary>The names that are meant: those that match, and an error for an exact one that nobody has.</summary>
    private protected List<string> Resolve(IEnumerable<string> patterns)
    {
        var names = Systemd(ServiceListing.NamesAsync);
        var found = new List<string>();
        foreach (var text in patterns)
        {
            var pattern = WildcardPattern.Get(text, WildcardOptions.IgnoreCase);
            var matching = names.Where(name => pattern.IsMatch(name)).ToList();
            if (matching.Count == 0 && !WildcardPattern.ContainsWildcardCharacters(text))
                WriteError(FlannelError.ServiceNotFound.Record($"There is no service of a node '{text}' on this host.", text));
            found.AddRange(matching.Except(found));
        }
        return found;
    }
}
