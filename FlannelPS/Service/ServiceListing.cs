namespace FlannelPS;

/// <summary>Asks systemd how services stand.</summary>
internal static class ServiceListing
{
    private const string Properties = "--property=Id,LoadState,ActiveState,UnitFileState,StatusText,Result,ExecMainStatus,MainPID,MemoryCurrent,NRestarts,FragmentPath,ExecStart";

    /// <summary>The names of all services: those that files speak of, and those that run without.</summary>
    public static async Task<IReadOnlyList<string>> NamesAsync(CancellationToken cancellationToken)
    {
        var loaded = await Systemctl.RunAsync(cancellationToken, "list-units", "--all", "--plain", "--no-legend", "flannelps@*.service").ConfigureAwait(false);
        return [.. loaded.Split('\n').Select(line => ServicePaths.NameOf(line.TrimStart().Split(' ')[0])).Where(name => name.Length > 0)
            .Concat(ServicePaths.Names()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <summary>How they stand.</summary>
    public static async Task<IReadOnlyList<FlannelService>> ReadAsync(IReadOnlyCollection<string> names, CancellationToken cancellationToken)
    {
        if (names.Count == 0)
            return [];
        var shown = await Systemctl.RunAsync(cancellationToken, ["show", Properties, "--", .. names.Select(ServicePaths.UnitName)]).ConfigureAwait(false);
        return [.. Parse(shown).Select(properties => new FlannelService(properties))];
    }

    /// <summary>How one stands.</summary>
    public static async Task<FlannelService> ReadAsync(string name, CancellationToken cancellationToken)
        => (await ReadAsync([name], cancellationToken).ConfigureAwait(false))[0];

    private static IEnumerable<Dictionary<string, string>> Parse(string shown)
        => shown.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Select(unit => unit.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2)
                .GroupBy(pair => pair[0]).ToDictionary(group => group.Key, group => group.First()[1], StringComparer.Ordinal));
}
