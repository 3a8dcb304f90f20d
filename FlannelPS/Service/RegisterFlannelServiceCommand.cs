using System.Collections;
using System.Diagnostics;
using System.Management.Automation;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Commands;

/// <summary>Makes a node a service of the host, or changes the settings of one.</summary>
[Cmdlet(VerbsLifecycle.Register, "FlannelService", SupportsShouldProcess = true)]
[OutputType(typeof(FlannelService))]
public sealed class RegisterFlannelServiceCommand : NodeOptionCommand
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(0.1);
    private readonly List<string> _made = [];

    /// <summary>Waits for the start longer than a call to the store may take.</summary>
    public RegisterFlannelServiceCommand() => TimeoutSeconds = 60;

    /// <summary>The node's name; by default it follows from the subnet file.</summary>
    [Parameter(Position = 0)]
    [ValidatePattern("^[a-z0-9-]{1,32}$")]
    public string? Name { get; set; }

    /// <summary>Native: the daemon. PowerShell: the same engine in a PowerShell process. Auto: native where this machine can.</summary>
    [Parameter]
    [ValidateSet("Auto", "Native", "PowerShell")]
    public string HostType { get; set; } = "Auto";

    /// <summary>One more file of FLANNELD_ variables that systemd reads at each start; what it says comes before all else.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? EnvironmentFile { get; set; }

    /// <summary>Automatic: started with the host. Manual: only by hand.</summary>
    [Parameter]
    [ValidateSet("Automatic", "Manual")]
    public string StartupType { get; set; } = "Automatic";

    /// <summary>Start it now; when it runs with other settings, restart it.</summary>
    [Parameter]
    public SwitchParameter Start { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        ServiceCommand.RequireSystemd(this);
        var variables = Variables();
        var name = Name ?? NodeSettings.NameOf(variables);
        variables.Remove("FLANNELD_NAME");    // the unit says it
        var settings = Check(name, variables);
        var writable = Writable(variables);
        var dropIn = ServiceUnit.DropIn(writable, EnvironmentFile is null ? null : FullPath(EnvironmentFile), variables.GetValueOrDefault("FLANNELD_SOCKET_GROUP"));
        WarnOfUnreadable(variables);

        if (!ShouldProcess(ServicePaths.UnitName(name), $"Register service{(Start ? " and start it" : "")}"))
            return;
        if (LibC.GetEffectiveUserId() != 0)
            Fail(FlannelError.PrivilegeRequired, $"Services are root's: {ServicePaths.UnitName(name)} cannot be made by this user.", name);
        var before = Systemd(token => ServiceListing.ReadAsync(name, token), name);
        if (Start && before.MainPid == 0 && IsHeld(name, out var owner))
            Fail(FlannelError.NodeAlreadyRunning, $"The node '{name}' runs already, outside of a service{(owner > 0 ? $" (process {owner})" : "")}.", name);

        var changed = Install(name, settings, writable, dropIn);
        Systemd(token => Systemctl.RunAsync(token, StartupType == "Automatic" ? "enable" : "disable", "--", ServicePaths.UnitName(name)), name);
        if (Start)
            StartNow(name, before, changed);
        else if (before.Status == "Running" && changed)
            WriteWarning($"{ServicePaths.UnitName(name)} runs with its old settings until it is started anew: repeat with -Start.");
        WriteObject(Systemd(token => ServiceListing.ReadAsync(name, token), name));
    }

    private Dictionary<string, string> Variables()
    {
        var variables = NodeVariables();
        foreach (DictionaryEntry item in Environment.GetEnvironmentVariables())
        {
            var name = (string)item.Key;
            if (name.StartsWith("FLANNELD_", StringComparison.Ordinal) && !name.StartsWith("FLANNELD_ETCD_", StringComparison.Ordinal))
                variables.TryAdd(name, (string?)item.Value ?? "");
        }
        return variables;
    }

    /// <summary>The text of the file of settings, once a daemon would take them.</summary>
    private string Check(string name, Dictionary<string, string> variables)
    {
        var flags = RepeatableFlags().ToList();
        if (new NodeSettings(name, flags, variables).Problem() is { } problem)
            Fail(FlannelError.NodeOptionInvalid, problem, name);
        // The unit is shared, so what is one service's own stands in its file; systemd divides this variable at blanks.
        if (flags.Find(flag => flag.Any(char.IsWhiteSpace)) is { } divided)
            Fail(FlannelError.NodeOptionInvalid, $"'{divided}' has a blank, which a unit's file of settings cannot hold: write \\s.", name);
        if (flags.Count > 0)
            variables["FLANNELPS_FLAGS"] = string.Join(' ', flags);
        try
        {
            return $"# Settings of flannelps@{name}.service, written by Register-FlannelService. They may hold a password: the mode is 0600.\n{FlannelPS.EnvironmentFile.Render(variables)}";
        }
        catch (FormatException e)
        {
            Fail(FlannelError.NodeOptionInvalid, $"{e.Message}.", name, e);
            throw;
        }
    }

    /// <summary>Folders that the node writes to, and that the unit would show it read-only.</summary>
    private static List<string> Writable(Dictionary<string, string> variables)
    {
        var folders = new List<string>();
        if (variables.GetValueOrDefault("FLANNELD_SUBNET_FILE") is { } file && !IsBelowRun(file))
            folders.Add(Path.GetDirectoryName(file)!);
        if (variables.GetValueOrDefault("FLANNELD_ETCD_ENDPOINTS") is { } store && store.StartsWith("local:", StringComparison.Ordinal) && !IsBelowRun(store[6..]))
            folders.Add(store[6..]);
        return folders;

        static bool IsBelowRun(string path) => path.StartsWith("/run/", StringComparison.Ordinal) || path.StartsWith("/var/run/", StringComparison.Ordinal);
    }

    /// <summary>Says which of the store's files the service could not read: it is root without the right to pass over a file's mode.</summary>
    private void WarnOfUnreadable(Dictionary<string, string> variables)
    {
        foreach (var name in new[] { "FLANNELD_ETCD_CAFILE", "FLANNELD_ETCD_CERTFILE", "FLANNELD_ETCD_KEYFILE" })
            if (variables.GetValueOrDefault(name) is { Length: > 0 } path && !Privileges.IsReadableByMode(path, out var owner))
                WriteWarning($"{path} belongs to user {owner}, and its mode lets nobody else read it; the service is root without the right to pass over that. Give it to root's group (chgrp root, chmod g+r).");
    }

    /// <summary>Puts everything in place, or after a failure nothing.</summary>
    /// <returns>Whether a running service would run otherwise than it does.</returns>
    private bool Install(string name, string settings, List<string> writable, string dropIn)
    {
        try
        {
            var host = FindHost();
            foreach (var folder in writable)
                Directory.CreateDirectory(folder);    // systemd does not start a unit whose folder is missing
            var changed = Place(ServicePaths.Environment(name), settings, TextFile.SecretMode);
            changed |= host.IsNative
                ? Place(ServicePaths.Template, host.Unit(), TextFile.PublicMode) | Remove(ServicePaths.OwnUnit(name))
                : Place(ServicePaths.OwnUnit(name), host.Unit(), TextFile.PublicMode);
            changed |= dropIn.Length > 0 ? Place(ServicePaths.DropIn(name), dropIn, TextFile.PublicMode) : Remove(ServicePaths.DropIn(name));
            Systemd(token => Systemctl.RunAsync(token, "daemon-reload"), name);
            return changed;
        }
        catch (Exception e)
        {
            foreach (var path in _made)
                AtomicFile.Delete(path);
            if (e is IOException or UnauthorizedAccessException)
                ThrowTerminatingError(TextFile.Record(e, ServicePaths.UnitName(name), FlannelError.FileNotWritten));
            throw;
        }
    }

    private ServiceHost FindHost()
    {
        var home = SessionState.PSVariable.GetValue("PSHOME") as string;
        try
        {
            return HostType == "PowerShell" ? ServiceHost.PowerShell(home) : Await(ServiceHost.InstallAsync);
        }
        catch (ServiceException e) when (HostType == "Auto")
        {
            WriteWarning($"The service runs inside a PowerShell process: {e.Message}.");
        }
        catch (ServiceException e)
        {
            Fail(FlannelError.NativeHostUnusable, $"The service cannot run {(HostType == "Native" ? "natively" : "inside PowerShell")}: {e.Message}.", HostType, e);
        }
        try
        {
            return ServiceHost.PowerShell(home);
        }
        catch (ServiceException e)
        {
            Fail(FlannelError.NativeHostUnusable, $"Nor can the service run inside PowerShell: {e.Message}.", HostType, e);
            throw;
        }
    }

    private bool Place(string path, string text, UnixFileMode mode)
    {
        var isNew = !TextFile.IsThere(path);
        var changed = TextFile.Write(path, text, mode);
        if (isNew)
            _made.Add(path);
        WriteVerbose(changed ? $"Wrote {path}" : $"{path} is as it should be");
        return changed;
    }

    private bool Remove(string path)
    {
        var removed = AtomicFile.Delete(path);
        if (removed)
            WriteVerbose($"Removed {path}");
        return removed;
    }

    private void StartNow(string name, FlannelService before, bool changed)
    {
        var unit = ServicePaths.UnitName(name);
        var again = changed && before.MainPid != 0;
        if (before.Status == "Failed")
            Systemd(token => Systemctl.RunAsync(token, "reset-failed", "--", unit), name);    // or the old failure would be read as the new one's
        Systemd(token => Systemctl.RunAsync(token, again ? "restart" : "start", "--no-block", "--", unit), name);
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var now = Systemd(token => ServiceListing.ReadAsync(name, token), name);
            // Right behind the request the old process may still be the one that runs.
            if (now.Status == "Running" && !(again && now.MainPid == before.MainPid))
                break;
            // Between two attempts systemd calls it activating too; what it counts tells them apart. While the old process is being stopped the count is still the old one's.
            if (now is { Status: "Failed" } or { Status: "Starting", Restarts: > 0, MainPid: 0 })
                Fail(FlannelError.ServiceFailed, $"{unit} is registered and does not start: {now.StatusText}. journalctl -u {unit} has its own lines.", name);
            if (clock.Elapsed.TotalSeconds > TimeoutSeconds)
                Fail(FlannelError.NodeStartTimeout, $"{unit} is registered, and was not ready within {TimeoutSeconds} s: {(now.StatusText.Length > 0 ? now.StatusText : now.Status)}.", name);
            WriteProgress(new ProgressRecord(0, $"Starting {unit}", now.StatusText.Length > 0 ? now.StatusText : now.Status));
            Await(token => Task.Delay(Poll, token));
        }
        WriteProgress(new ProgressRecord(0, $"Starting {unit}", "Running") { RecordType = ProgressRecordType.Completed });
    }

    private static bool IsHeld(string name, out int owner)
    {
        try
        {
            return LocalNodes.IsHeld(name, out owner);
        }
        catch (IOException)
        {
            owner = 0;
            return false;    // systemd will say what is wrong there
        }
    }

    private T Systemd<T>(Func<CancellationToken, Task<T>> call, string name)
    {
        try
        {
            return Await(call);
        }
        catch (ServiceException e)
        {
            Fail(FlannelError.ServiceFailed, e.Message, name, e);
            throw;
        }
    }
}
