using System.Management.Automation;

namespace FlannelPS.Commands;

/// <summary>Removes what a stopped node left behind: devices, routes, files, and its lease.</summary>
[Cmdlet(VerbsCommon.Reset, "FlannelNode", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(FlannelResetResult))]
public sealed class ResetFlannelNodeCommand : StoreCommand
{
    /// <summary>The node.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [ValidatePattern("^[a-z0-9-]{1,32}$")]
    public string Name { get; set; } = "flannel";

    /// <summary>Does not ask.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Writes what was removed.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => NodeCommand.RequireLinux(this);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!ShouldProcess(Name, "Remove devices, routes, files and lease", Force))
            return;
        var store = Target.Options;
        var variables = new Dictionary<string, string> { ["FLANNELD_ETCD_ENDPOINTS"] = string.Join(',', store.Endpoints), ["FLANNELD_ETCD_PREFIX"] = NetworkPrefix };
        foreach (var (name, value) in new[] { ("CAFILE", store.CaFile), ("CERTFILE", store.CertFile), ("KEYFILE", store.KeyFile), ("USERNAME", store.Username), ("PASSWORD", store.Password) })
        {
            if (value is not null)
                variables["FLANNELD_ETCD_" + name] = value;
        }
        var (removed, left) = (new List<string>(), new List<string>());
        try
        {
            Await(token => NodeCleanup.RunAsync(new(Name, [], variables), removed.Add, left.Add, token));
        }
        catch (Engine.Hosting.StartupException e)
        {
            var error = Engine.Kernel.Privileges.CanChangeNetwork() ? IsRunning() ? FlannelError.NodeAlreadyRunning : FlannelError.KernelRefused : FlannelError.PrivilegeRequired;
            WriteError(error.Record(e.Message, Name, e));
            return;
        }
        RemoveFiles(removed);
        removed.ForEach(WriteVerbose);
        left.ForEach(WriteWarning);
        if (PassThru)
            WriteObject(new FlannelResetResult(Name, removed));
    }

    // Which Start-FlannelNode made beside the daemon: its log, and under systemd its settings.
    private void RemoveFiles(List<string> removed)
    {
        var log = NodeSettings.LogFile(Name);
        foreach (var file in new[] { log, log + ".1", $"/run/flannelps/{Name}.env" }.Where(File.Exists))
        {
            try
            {
                File.Delete(file);
                removed.Add($"Removed {file}");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                WriteWarning($"{file} stays: {e.Message}");
            }
        }
    }

    private bool IsRunning()
    {
        try
        {
            return Engine.Hosting.LocalNodes.IsHeld(Name, out _);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
