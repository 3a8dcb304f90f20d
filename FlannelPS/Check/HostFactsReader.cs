using System.Net.Sockets;
using System.Text.Json;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Node;

namespace FlannelPS.Checks;

/// <summary>Reads what there is to know of a host, in the network namespace of the calling thread. Changes nothing.</summary>
internal static class HostFactsReader
{
    private static readonly string[] Tools = ["nft", "iptables"];
    private static readonly string[] ToolFolders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/local/bin"];

    /// <summary>Reads it.</summary>
    /// <param name="interfaces">What was said of the interface.</param>
    /// <param name="dual">Whether the network has both families.</param>
    /// <param name="subnetFile">Where the subnet is written.</param>
    /// <param name="patience">How long to watch a counter of errors that is not zero.</param>
    /// <exception cref="FactsMissingException">The kernel does not tell.</exception>
    public static HostFacts Read(InterfaceOptions interfaces, bool dual, string subnetFile, TimeSpan patience)
    {
        try
        {
            using var socket = new RouteSocket();
            var links = socket.DumpLinks();
            var selection = NodeFactsReader.Select(socket, interfaces, dual);
            var (vxlan, evidence) = KernelModule.Vxlan(links);
            return new()
            {
                CanChangeNetwork = Privileges.CanChangeNetwork(),
                Links = links,
                Addresses = socket.DumpAddresses(),
                Routes = [.. socket.DumpRoutes(AddressFamily.InterNetwork), .. socket.DumpRoutes(AddressFamily.InterNetworkV6)],
                Settings = ReadSettings(links),
                HasVxlan = vxlan,
                VxlanEvidence = evidence,
                TunProblem = KernelModule.TunProblem(),
                UdpUsers = ProcessTable.UdpUsers(),
                Originals = ProcessTable.Named("flanneld", ThreadNamespace),
                Daemons = Daemons(),
                Tools = [.. Tools.Where(tool => FindTool(tool) is not null)],
                Selection = selection,
                Chosen = selection.Interface is { } chosen ? NodeFactsReader.Read(socket, chosen, dual) : null,
                Places = WritingPlaces.Read(subnetFile),
                Namespace = ThreadNamespace,
                Checksums = ProtocolCounters.Watch(patience),
            };
        }
        catch (NetlinkException e)
        {
            throw new FactsMissingException($"The kernel does not tell: {e.Message}.", e);
        }
    }

    /// <summary>Path of a program, from the folders of the system only.</summary>
    public static string? FindTool(string name) => ToolFolders.Select(folder => Path.Join(folder, name)).FirstOrDefault(File.Exists);

    private static string ThreadNamespace => new FileInfo("/proc/thread-self/ns/net").LinkTarget ?? "";

    private static Dictionary<string, string?> ReadSettings(List<Link> links)
    {
        var settings = new Dictionary<string, string?>();
        foreach (var path in HostSetting.Paths(links.Select(link => link.Name).Where(name => name is not "lo")))
            settings[path] = Read(path);
        return settings;

        static string? Read(string path)
        {
            try
            {
                return Sysctl.TryRead(path);
            }
            catch (FileException)
            {
                return null;
            }
        }
    }

    private static List<DaemonFacts> Daemons()
    {
        var found = new List<DaemonFacts>();
        foreach (var name in LocalNodes.Names())
        {
            try
            {
                var status = Task.Run(() => LocalNodes.AskAsync(name, ControlVerbs.Status, null, TimeSpan.FromSeconds(2), CancellationToken.None)).GetAwaiter().GetResult();
                found.Add(Daemon(name, status));
            }
            catch (Exception e) when (e is NodeSilentException or ControlException)
            {
                // It runs, and does not say what it has.
                if (IsHeld(name, out var process))
                    found.Add(new(name, process, "", "", "", []));
            }
        }
        return found;
    }

    private static bool IsHeld(string name, out int process)
    {
        try
        {
            return LocalNodes.IsHeld(name, out process);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            process = 0;
            return false;
        }
    }

    private static DaemonFacts Daemon(string name, JsonElement status)
    {
        var process = (int)(status.Number("pid") ?? 0);
        return new(name, process, ProcessTable.NamespaceOf(process) ?? "", status.Part("subnetFile").Text("path") ?? "", status.Part("store").Text("prefix") ?? "", status.Texts("devices")) { Network = status.Network("network") };
    }
}
