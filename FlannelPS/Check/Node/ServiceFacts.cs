namespace FlannelPS.Checks;

/// <summary>Asks systemd how the nodes' services stand.</summary>
internal static class ServiceFacts
{
    /// <summary>All of this host.</summary>
    /// <exception cref="FactsMissingException">There is no systemd, or it does not tell.</exception>
    public static IReadOnlyList<FlannelService> Read()
    {
        if (Systemctl.Problem() is { } problem)
            throw new FactsMissingException($"{char.ToUpperInvariant(problem[0])}{problem[1..]}.");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            return Task.Run(async () => await ServiceListing.ReadAsync(await ServiceListing.NamesAsync(limit.Token).ConfigureAwait(false), limit.Token).ConfigureAwait(false)).GetAwaiter().GetResult();
        }
        catch (ServiceException e)
        {
            throw new FactsMissingException($"systemd does not tell: {e.Message}.", e);
        }
        catch (OperationCanceledException e)
        {
            throw new FactsMissingException("systemd gave no answer within 5 s.", e);
        }
    }
}
