using System.Management.Automation;
using System.Text.Json;
using FlannelPS.Engine.Hosting;
using FlannelPS.Live;
using FlannelPS.Report;

namespace FlannelPS.Commands;

/// <summary>Shows nodes of this host, their peers and events live in the terminal, the worst first.</summary>
[Cmdlet(VerbsCommon.Watch, "FlannelNetwork")]
[OutputType(typeof(void))]
public sealed class WatchFlannelNetworkCommand : NodeCommand
{
    /// <summary>Which nodes; wildcards allowed.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Seconds between two looks.</summary>
    [Parameter]
    [ValidateRange(1, 3600)]
    public int IntervalSeconds { get; set; } = 2;

    /// <summary>End after so many looks.</summary>
    [Parameter]
    [ValidateRange(1, long.MaxValue)]
    public long Count { get; set; } = long.MaxValue;

    /// <summary>How many seconds to watch; without it until the count is reached, or until Ctrl+C.</summary>
    [Parameter]
    [Alias("TimeoutSec")]
    [ValidateRange(1, 2_000_000)]
    public int TimeoutSeconds { get; set; }

    private readonly List<string> _patterns = [];
    private LiveScreen? _screen;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // An exact name that nobody has is told once, here.
        var found = Resolve(Name).Count();
        if (found > 0 || Array.Exists(Name, WildcardPattern.ContainsWildcardCharacters))
            _patterns.AddRange(Name);
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_patterns.Count == 0)
            return;
        var end = TimeoutSeconds > 0 ? TimeSpan.FromSeconds(TimeoutSeconds) : Timeout.InfiniteTimeSpan;
        var began = TimeProvider.System.GetTimestamp();
        var changes = new NetworkChanges();
        _screen = IsTerminal ? new LiveScreen(Host.UI, IsPlain) : null;
        try
        {
            for (long look = 1; ; look++)
            {
                var started = TimeProvider.System.GetTimestamp();
                Show(Look(), changes);
                var rest = TimeSpan.FromSeconds(IntervalSeconds) - TimeProvider.System.GetElapsedTime(started);
                if (end > TimeSpan.Zero)
                    rest = TimeSpan.FromTicks(Math.Min(rest.Ticks, (end - TimeProvider.System.GetElapsedTime(began)).Ticks));
                if (look >= Count || end > TimeSpan.Zero && TimeProvider.System.GetElapsedTime(began) >= end)
                    break;
                if (rest > TimeSpan.Zero)
                    Await(token => Task.Delay(rest, token));
            }
        }
        finally
        {
            _screen?.Dispose();
            _screen = null;
        }
    }

    private void Show(IReadOnlyList<Witness> witnesses, NetworkChanges changes)
    {
        if (_screen is not null)
        {
            var (width, height) = _screen.Size;
            _screen.Show(NetworkFrame.Compose(witnesses, DateTimeOffset.Now, IntervalSeconds, width, height, isColoured: !IsPlain));
            return;
        }
        // As Write-Host does it: to the host, and to whoever redirects the information stream.
        foreach (var line in changes.Next(witnesses, DateTimeOffset.Now))
            WriteInformation(new HostInformationMessage { Message = line }, ["PSHOST"]);
    }

    private IReadOnlyList<Witness> Look()
    {
        var list = new WitnessList();
        var patterns = _patterns.ConvertAll(text => WildcardPattern.Get(text, WildcardOptions.IgnoreCase));
        foreach (var name in LocalNodes.Names().Where(name => patterns.Exists(pattern => pattern.IsMatch(name))))
        {
            var node = Look(name);
            list.Add(new PSObject(node));
            if (node.Phase.Length == 0)
                continue;
            foreach (var peer in TryAsk(name, ControlVerbs.Peers))
                list.Add(new PSObject(new FlannelPeer(name, peer)));
            foreach (var item in TryAsk(name, ControlVerbs.Events))
                list.Add(new PSObject(new FlannelEvent(name, item)));
        }
        return list.ToWitnesses();
    }

    // A node that ends between two questions is shown as what it is at the next look.
    private IEnumerable<JsonElement> TryAsk(string name, string verb)
    {
        try
        {
            return Await(token => LocalNodes.AskAsync(name, verb, null, TimeSpan.FromSeconds(2), token)).Objects();
        }
        catch (Exception e) when (e is NodeSilentException or ControlException)
        {
            return [];
        }
    }

    private bool IsTerminal => Host.Name == "ConsoleHost" && Host.UI.SupportsVirtualTerminal && !Console.IsOutputRedirected && !IsDumb;

    private static bool IsDumb => Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb";

    private bool IsPlain => GetVariableValue("PSStyle") is { } style && PSObject.AsPSObject(style).Properties["OutputRendering"]?.Value?.ToString() == "PlainText";
}
