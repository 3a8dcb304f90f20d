using System.Diagnostics;

namespace FlannelPS.Checks;

/// <summary>A node that is to come back after a boot is a service that is enabled, and does not start again and again.</summary>
internal sealed class ServiceCheck() : Check("Service", CheckCategory.Node, FlannelCheckScope.Host | FlannelCheckScope.Node, "Whether the node's unit of systemd is enabled and active, and not in a loop of restarts.")
{
    private const int Many = 3;

    // The unit starts again after 5 s: who lives longer than twice that is out of the loop, though systemd goes on counting.
    private static readonly TimeSpan Young = TimeSpan.FromSeconds(10);

    public override IEnumerable<Finding> Judge(CheckFacts facts)
    {
        var services = facts.Services.Where(service => service.Status != "NotInstalled" && (facts.Scope == FlannelCheckScope.Host || service.Name == facts.NodeName)).ToList();
        return services.Count == 0 ? [Finding.Skip(facts.Scope == FlannelCheckScope.Host ? "No node is a service of this host." : "The node is no service of this host.")] : services.Select(Judge);
    }

    private static Finding Judge(FlannelService service)
    {
        var (unit, said) = (ServicePaths.UnitName(service.Name), service.StatusText.Length > 0 ? $" ({service.StatusText})" : "");
        const string Journal = "journalctl -u flannelps@NAME, or Get-FlannelLog, says why it ends; remove that reason.";
        if (service.Restarts >= Many && (service.Status is "Starting" or "Failed" || service.Status == "Running" && Age(service.MainPid) < Young))
            return Finding.Fail($"{unit} was restarted {service.Restarts} times, and is {service.Status}{said}.", "The daemon ends soon after each start, and systemd starts it again.", Journal, unit);
        return service.Status switch
        {
            "Failed" => Finding.Fail($"{unit} failed{said}.", "The daemon ended with an error, and systemd does not start it again.", $"{Journal} Then: systemctl restart {unit}.", unit),
            "Running" or "Starting" when service.StartupType == "Automatic" => Finding.Pass($"{unit} is enabled and {service.Status.ToLowerInvariant()}{said}.", unit),
            "Running" or "Starting" => Finding.Warn($"{unit} runs, and is not enabled.", "It was started by hand, or disabled since: after a boot there is no node.", $"systemctl enable {unit}.", unit),
            _ when service.StartupType == "Automatic" => Finding.Fail($"{unit} is enabled, and {service.Status.ToLowerInvariant()}{said}.", "Somebody stopped it, or what it needs was not there at boot.", $"systemctl start {unit}.", unit),
            _ => Finding.Skip($"{unit} is neither enabled nor started.", unit),
        };
    }

    private static TimeSpan Age(int process)
    {
        try
        {
            return DateTime.Now - Process.GetProcessById(process).StartTime;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return TimeSpan.Zero;    // it has ended already
        }
    }
}
