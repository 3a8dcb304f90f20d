using System.Management.Automation;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Commands;

public sealed partial class SetFlannelNetworkConfigCommand
{
    /// <summary>What is to stand in the store, checked; null where an error was written.</summary>
    private FlannelNetworkConfig? Wanted()
    {
        var source = InputObject?.ToString() ?? Path ?? LiteralPath ?? Network;
        try
        {
            if (ParameterSetName is ByParameters)
                return Told(NetworkConfigParameters.Build(MyInvocation.BoundParameters));
            if (ParameterSetName is ByObject)
                return Told(Keep(NetworkConfigParameters.Build(MyInvocation.BoundParameters, InputObject!.Text), InputObject));
            return OneFile() is { } path && Content(path) is { } json ? Told(NetworkConfigParameters.Check(json, out _)) : null;
        }
        catch (NetworkConfigException e)
        {
            WriteError(FlannelError.NetworkConfigInvalid.Record(
                ParameterSetName is ByPath or ByLiteralPath ? $"{source} is no usable network configuration: {e.Message}." : $"The network configuration is not usable: {e.Message}.", source, e));
            return null;
        }
    }

    /// <summary>Says what flannel would let pass in silence.</summary>
    private FlannelNetworkConfig Told(FlannelNetworkConfig config)
    {
        NetworkConfigParameters.Check(config.Text, out var verdicts);
        foreach (var verdict in verdicts.Where(verdict => verdict.Status == RuleStatus.Warn && (config.Backend.IsNamed || verdict.Rule != "Backend")))
            WriteWarning($"{char.ToUpperInvariant(verdict.Message[0])}{verdict.Message[1..]}. {verdict.Remedy}".TrimEnd());
        return config;
    }

    private ReadOnlyMemory<byte>? Content(string path)
    {
        var json = TextFile.ReadJson(path, out var problem);
        if (problem is not null)
            WriteError(problem);
        return json;
    }

    private string? OneFile()
    {
        var files = FilePaths.Resolve(this, [Path ?? LiteralPath!], LiteralPath is not null);
        if (files.Count > 1)
            WriteError(FlannelError.ParameterConflict.Record($"'{Path}' names {files.Count} files; a network has one configuration.", Path));
        return files.Count == 1 ? files[0] : null;
    }

    /// <summary>A changed configuration rests on what was read, at its revision.</summary>
    private static FlannelNetworkConfig Keep(FlannelNetworkConfig changed, FlannelNetworkConfig read)
        => read.Origin is null ? changed : FlannelNetworkConfig.Read(changed.Text, new(read.Text, read.Revision ?? 0, read.Origin), read.Key);

    private static bool IsSaid(StoredConfig seen, FlannelNetworkConfig wanted)
    {
        try
        {
            return seen.Json is { } json && NetworkConfigText.SayTheSame(FlannelNetworkConfig.Read(json).Text, wanted.Text);
        }
        catch (NetworkConfigException)
        {
            return false;
        }
    }

    private static ErrorRecord? Refusal(FlannelNetworkConfig wanted, StoredConfig seen, LeasesAt leases, string key)
    {
        if (wanted.Origin == seen.Origin && wanted.Revision != seen.Revision)
            return FlannelError.NetworkConfigChanged.Record($"{key} was changed since it was read: it is at revision {seen.Revision}, and was at {wanted.Revision}.", key);
        return wanted.Refusal(seen, leases) is { } reason ? FlannelError.NetworkConfigInUse.Record($"{key} is not changed: {reason}.", key) : null;
    }

    private void Give(FlannelNetworkConfig config, StoredConfig stored, string key)
    {
        if (PassThru)
            WriteObject(FlannelNetworkConfig.Read(config.Text, stored, key));
    }
}
