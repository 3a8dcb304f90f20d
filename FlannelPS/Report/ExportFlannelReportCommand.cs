using System.Management.Automation;
using System.Text;
using FlannelPS.Engine.Hosting;
using FlannelPS.Report;

namespace FlannelPS.Commands;

/// <summary>Writes a picture of the network as one HTML file: topology, mesh, subnets, nodes and events.</summary>
[Cmdlet(VerbsData.Export, "FlannelReport", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
[OutputType(typeof(FileInfo))]
public sealed class ExportFlannelReportCommand : NodeCommand
{
    private readonly WitnessList _witnesses = new();
    private readonly HashSet<string> _strangers = [];

    /// <summary>The file.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Path")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>The file, by its very name.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "LiteralPath")]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string LiteralPath { get; set; } = "";

    /// <summary>Which nodes of this host; wildcards allowed. All of them where nothing comes through the pipeline, else none unless they are named.</summary>
    [Parameter(Position = 1)]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Nodes, peers, events and leases, also of other hosts, as Invoke-Command brings them.</summary>
    [Parameter(ValueFromPipeline = true)]
    [AllowNull]
    [AllowEmptyCollection]
    public PSObject?[]? InputObject { get; set; }

    /// <summary>Leave a file alone that is there.</summary>
    [Parameter]
    [Alias("NoOverwrite")]
    public SwitchParameter NoClobber { get; set; }

    /// <summary>Replace a read-only file too, and make folders that are missing.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Give the file back.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private bool AsksHere => MyInvocation.BoundParameters.ContainsKey(nameof(Name)) || !MyInvocation.ExpectingInput && !MyInvocation.BoundParameters.ContainsKey(nameof(InputObject));

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        // What others gave is drawn on any system.
        if (AsksHere)
            base.BeginProcessing();
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var item in InputObject ?? [])
            if (item is not null && !_witnesses.Add(item) && _strangers.Add(item.TypeNames.FirstOrDefault() ?? ""))
                WriteError(FlannelError.InputObjectInvalid.Record($"'{item}' is a {item.TypeNames.FirstOrDefault()}, which a report has no place for. Further ones of that type are left out without a word.", item));
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var path = FullPath(ParameterSetName == "LiteralPath" ? LiteralPath : Path);
        if (Refusal(path) is { } refusal)
        {
            WriteError(refusal);
            return;
        }
        if (AsksHere)
            foreach (var name in Resolve(Name))
                AskNode(name);
        if (_witnesses.IsEmpty)
        {
            WriteError(FlannelError.NodeNotFound.Record(AsksHere ? "There is nothing to report: no such node is on this host." : "There is nothing to report: no node, peer or event came through the pipeline.", path));
            return;
        }
        if (ShouldProcess(path, "Write a report of the network"))
            Write(path, ReportPage.Render(PictureBuilder.Build(_witnesses.ToWitnesses(), DateTimeOffset.UtcNow)));
    }

    private void Write(string path, string page)
    {
        try
        {
            TextFile.Write(path, Encoding.UTF8.GetBytes(page), TextFile.PublicMode);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteError(TextFile.Record(e, path, FlannelError.FileNotWritten));
            return;
        }
        if (PassThru)
            WriteObject(new FileInfo(path));
    }

    private void AskNode(string name)
    {
        var node = Look(name);
        _witnesses.Add(new PSObject(node));
        // Stopped, or silent: its state is all there is to show.
        if (node.Phase.Length == 0)
            return;
        foreach (var peer in Ask(name, ControlVerbs.Peers)?.Objects() ?? [])
            _witnesses.Add(new PSObject(new FlannelPeer(name, peer)));
        _witnesses.AddLeases(name, (Ask(name, ControlVerbs.Leases)?.Objects() ?? []).Select(LeaseOf).OfType<LeaseFact>());
        foreach (var item in Ask(name, ControlVerbs.Events)?.Objects() ?? [])
            _witnesses.Add(new PSObject(new FlannelEvent(name, item)));
    }

    private static LeaseFact? LeaseOf(System.Text.Json.JsonElement lease)
        => lease.Network("subnet") is { } subnet ? new(subnet, lease.Address("publicIp"), lease.Text("backendType") ?? "", lease.Flag("reservation")) : null;

    private ErrorRecord? Refusal(string path)
    {
        var file = new FileInfo(path);
        var exists = file.Exists || file.LinkTarget is not null;
        if (exists && NoClobber)
            return FlannelError.FileExists.Record($"{path} is there already.", path);
        if (!Force && exists && file.IsReadOnly)
            return FlannelError.FileNotWritten.Record($"{path} is read-only; -Force replaces it all the same.", path);
        return !Force && !Directory.Exists(file.DirectoryName)
            ? FlannelError.FileNotFound.Record($"There is no folder {file.DirectoryName}; -Force makes it.", path)
            : null;
    }
}
