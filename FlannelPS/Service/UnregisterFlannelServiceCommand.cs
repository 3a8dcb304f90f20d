using System.Management.Automation;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Node;

namespace FlannelPS.Commands;

/// <summary>Stops a node that is a service, and removes the service.</summary>
[Cmdlet(VerbsLifecycle.Unregister, "FlannelService", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(void))]
public sealed class UnregisterFlannelServiceCommand : ServiceCommand
{
    /// <summary>Which; wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ServiceNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>Remove what the node leaves for its next start too: device, routes, lease, subnet file and state.</summary>
    [Parameter]
    public SwitchParameter RemoveState { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Resolve(Name))
        {
            var unit = ServicePaths.UnitName(name);
            if (!ShouldProcess(unit, $"Stop and remove service{(RemoveState ? ", with device, routes, lease and state" : "")}"))
                continue;
            if (LibC.GetEffectiveUserId() != 0)
                Fail(FlannelError.PrivilegeRequired, $"Services are root's: {unit} cannot be removed by this user.", name);
            try
            {
                Remove(name, unit);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                WriteError(TextFile.Record(e, unit, FlannelError.FileNotWritten));
            }
        }
    }

    private void Remove(string name, string unit)
    {
        var service = Systemd(token => ServiceListing.ReadAsync(name, token), name);
        if (service.Status != "NotInstalled")
        {
            Systemd(token => Systemctl.RunAsync(token, "stop", "--", unit), name);
            Systemd(token => Systemctl.RunAsync(token, "disable", "--", unit), name);
        }
        if (RemoveState)
            CleanUp(name, service.HostType == "Native");

        AtomicFile.Delete(ServicePaths.DropIn(name));
        ServiceHost.RemoveIfEmpty(Path.GetDirectoryName(ServicePaths.DropIn(name))!);
        AtomicFile.Delete(ServicePaths.OwnUnit(name));
        AtomicFile.Delete(ServicePaths.Environment(name));
        ServiceHost.RemoveIfEmpty(ServicePaths.Settings);
        if (!ServicePaths.Names().Any())
        {
            AtomicFile.Delete(ServicePaths.Template);
            ServiceHost.RemoveUnused();
        }
        Systemd(token => Systemctl.RunAsync(token, "daemon-reload"), name);
        try
        {
            Await(token => Systemctl.RunAsync(token, "reset-failed", "--", unit));
        }
        catch (ServiceException)
        {
            // It had not failed, and nothing is loaded any more.
        }
        WriteVerbose($"Removed {unit}");
    }

    /// <summary>The daemon's own clean-up, with the settings that are about to go.</summary>
    private void CleanUp(string name, bool isNative)
    {
        var variables = new Dictionary<string, string>();
        if (TextFile.Read(ServicePaths.Environment(name), out _) is { } settings)
        {
            try
            {
                variables = EnvironmentFile.Parse(settings);
            }
            catch (FormatException e)
            {
                WriteWarning($"{ServicePaths.Environment(name)} is not read: {e.Message}.");
            }
        }
        try
        {
            var host = isNative && File.Exists(ServicePaths.Daemon) ? new ServiceHost(true, ServicePaths.Daemon)
                : isNative ? Await(ServiceHost.InstallAsync)
                : ServiceHost.PowerShell(SessionState.PSVariable.GetValue("PSHOME") as string);
            var (code, output, error) = Await(token => ProcessRun.RunAsync(host.Program, host.Arguments("--cleanup", $"--name={name}"), variables, token));
            foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                WriteVerbose(line);
            if (code != 0)
                WriteError(FlannelError.ServiceFailed.Record($"What the node '{name}' left behind was not removed: {error.Trim().ReplaceLineEndings(" ")}", name));
            else
                RemoveFolder(new InstancePaths(name).StateFolder);    // a node that never had a lease has files here too
        }
        catch (ServiceException e)
        {
            WriteError(FlannelError.NativeHostUnusable.Record($"What the node '{name}' left behind was not removed: {e.Message}.", name, e));
        }
        AtomicFile.Delete(new InstancePaths(name).Lock);
        AtomicFile.Delete(new InstancePaths(name).Socket);
    }

    private static void RemoveFolder(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        foreach (var file in Directory.EnumerateFiles(folder))
            AtomicFile.Delete(file);
        ServiceHost.RemoveIfEmpty(folder);
    }
}
