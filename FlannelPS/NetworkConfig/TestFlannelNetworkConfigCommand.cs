using System.Management.Automation;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

/// <summary>Tells whether a network configuration can be used: one that is given, one in a file, or the store's.</summary>
[Cmdlet(VerbsDiagnostic.Test, "FlannelNetworkConfig", DefaultParameterSetName = "Store")]
[OutputType(typeof(bool), typeof(FlannelTestResult))]
public sealed class TestFlannelNetworkConfigCommand : StoreCommand
{
    /// <summary>A configuration.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "InputObject", ValueFromPipeline = true)]
    [ValidateNotNull]
    public FlannelNetworkConfig? InputObject { get; set; }

    /// <summary>JSON files; wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Path")]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Path { get; set; }

    /// <summary>JSON files, by their very names.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath", ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[]? LiteralPath { get; set; }

    /// <summary>Also compare it with what stands in the store, or with its leases.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public FlannelConfigComparison[] Against { get; set; } = [];

    /// <summary>One object a rule in place of true or false.</summary>
    [Parameter]
    public SwitchParameter Detailed { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        switch (ParameterSetName)
        {
            case "InputObject":
                Look(InputObject!.Text, InputObject.ToString());
                break;
            case "Store":
                LookAtStore();
                break;
            default:
                foreach (var path in FilePaths.Resolve(this, (Path ?? LiteralPath)!, LiteralPath is not null))
                {
                    if (TextFile.ReadJson(path, out var problem) is { } json)
                        Look(json, path);
                    else
                        WriteError(problem!);
                }
                break;
        }
    }

    private void LookAtStore()
    {
        var network = new NetworkConfigStore(Connection, NetworkPrefix);
        if (Ask((_, token) => network.ReadAsync(token)).Json is { } stored)
            Look(stored, network.Key);
        else
            Give([new("Found", FlannelTestStatus.Fail, $"There is no network configuration at {network.Key}.", "Write one with Set-FlannelNetworkConfig.")], network.Key);
    }

    private void Look(ReadOnlyMemory<byte> json, string source)
    {
        var inspection = NetworkConfigInspection.Inspect(json);
        var results = inspection.Verdicts.Select(Shown).ToList();
        var config = inspection.Config is null ? null : FlannelNetworkConfig.Read(json);
        foreach (var comparison in Against.Distinct())
            results.AddRange(config is null
                ? [new($"Against{comparison}", FlannelTestStatus.Skip, "The rules above have to hold first.")]
                : comparison == FlannelConfigComparison.Store ? [WithStore(config)] : WithLeases(config));
        Give(results, source);
    }

    private FlannelTestResult WithStore(FlannelNetworkConfig config)
    {
        const string Name = "AgainstStore";
        var network = new NetworkConfigStore(Connection, NetworkPrefix);
        var (present, leases) = Ask(async (_, token) => (await network.ReadAsync(token).ConfigureAwait(false), await network.LeasesAsync(token).ConfigureAwait(false)));
        if (config.Refusal(present, leases) is { } reason)
            return new(Name, FlannelTestStatus.Fail, Sentence($"it cannot take the place of what stands at {network.Key}: {reason}"), FlannelError.NetworkConfigInUse.Action);
        return new(Name, FlannelTestStatus.Pass, present.Json is null ? $"Nothing stands at {network.Key} yet." : $"It can take the place of what stands at {network.Key}.");
    }

    private IEnumerable<FlannelTestResult> WithLeases(FlannelNetworkConfig config)
    {
        const string Name = "AgainstLeases";
        var network = new NetworkConfigStore(Connection, NetworkPrefix);
        var leases = Ask((_, token) => network.LeasesAsync(token)).Leases;
        var count = 0;
        foreach (var lease in leases)
        {
            if (config.Misfit(lease) is { } misfit)
                yield return new(Name, FlannelTestStatus.Fail, Sentence(misfit), "Stop its node and remove the lease before this configuration is written.");
            else if (!config.Holds(lease))
                yield return new(Name, FlannelTestStatus.Warn, $"The lease {lease.Subnet} could not have been given under it; its node exchanges it when it starts again.", "Plan the node's restart, for its subnet changes with it.");
            else
                count++;
        }
        if (count == leases.Count)
            yield return new(Name, FlannelTestStatus.Pass, count == 0 ? "There is no lease." : $"All leases ({count}) fit.");
    }

    private void Give(List<FlannelTestResult> results, string source)
    {
        if (Detailed)
        {
            WriteObject(results, enumerateCollection: true);
            return;
        }
        foreach (var result in results.Where(result => result.Status is FlannelTestStatus.Fail or FlannelTestStatus.Warn))
            WriteVerbose($"{source}: {result}");
        WriteObject(!results.Exists(result => result.Status == FlannelTestStatus.Fail));
    }

    private static FlannelTestResult Shown(RuleVerdict verdict)
        => new(verdict.Rule, verdict.Status switch
        {
            RuleStatus.Pass => FlannelTestStatus.Pass,
            RuleStatus.Warn => FlannelTestStatus.Warn,
            RuleStatus.Fail => FlannelTestStatus.Fail,
            _ => FlannelTestStatus.Skip,
        }, Sentence(verdict.Message), verdict.Remedy);

    private static string Sentence(string text) => $"{char.ToUpperInvariant(text[0])}{text[1..]}.";
}
