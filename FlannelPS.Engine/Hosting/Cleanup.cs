using System.Net;
using System.Net.Sockets;
using System.Text;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Firewall;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Node;
using FlannelPS.Engine.Reconcile;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

/// <summary><c>--cleanup</c>: takes out of the host, and out of the store, what the daemon of this name put there.</summary>
internal static class Cleanup
{
    private static readonly TimeSpan StorePatience = TimeSpan.FromSeconds(3);

    /// <summary>Does it.</summary>
    /// <exception cref="StartupException">The daemon runs, or the kernel refuses.</exception>
    public static async Task RunAsync(DaemonOptions options, ILogger logger, TimeProvider time, Action<string> tell, Action<string> warn)
    {
        if (!Privileges.CanChangeNetwork())
            throw new StartupException("Cleaning up needs root, or CAP_NET_ADMIN.");
        var paths = new InstancePaths(options.Name);
        try
        {
            var before = OwnerOf(paths.Lock);
            using (FileLock.TryAcquire(paths.Lock, out var owner)
                ?? throw new StartupException($"The daemon '{options.Name}' runs{(owner > 0 ? $" (process {owner})" : "")}. Stop it first, then clean up."))
            {
                await RunAsync(options, paths, logger, time, tell, warn).ConfigureAwait(false);
                CleanRunFolder(paths, before, tell);
            }
            // Folders of ours that nothing is in any more; the last lock file went just now.
            RemoveIfEmpty(paths.RunFolder);
            RemoveIfEmpty(Path.GetDirectoryName(paths.StateFolder)!);
        }
        catch (Exception e) when (e is NetlinkException or IOException or FirewallException)
        {
            throw new StartupException($"Cleaning up ended early: {e.Message}", e);
        }
    }

    private static async Task RunAsync(DaemonOptions options, InstancePaths paths, ILogger logger, TimeProvider time, Action<string> tell, Action<string> warn)
    {
        var state = new StateFolder(paths, logger);
        var footprint = state.ReadFootprint();
        if (footprint is null && !Directory.Exists(paths.StateFolder))
        {
            tell($"Nothing is known of an instance '{options.Name}' on this host; nothing was removed.");
            return;
        }
        if (footprint is not null)
        {
            CleanKernel(footprint, tell);
            KillPoint.Pass(KillPoint.KernelCleaned);
            if (new HostFirewall(new(options.Name), footprint.Firewall ?? SavedFirewall.None, static _ => { }).Remove())
                tell("Removed the firewall's rules");
            CleanSubnetFile(footprint, tell);
            KillPoint.Pass(KillPoint.FileCleaned);
        }
        await ReleaseLeaseAsync(options, state.ReadLease(), logger, time, tell, warn).ConfigureAwait(false);
        state.Remove();
        tell($"Removed {paths.StateFolder}");
    }

    /// <summary>Lock files hold their owner's process id, and stay behind where that was killed.</summary>
    private static string OwnerOf(string path) => SafeRead.TryReadAllBytes(path, 64) is { } text ? Encoding.ASCII.GetString(text).Trim() : "";

    /// <summary>Removes what a killed daemon left in the folder that all instances share: nobody listens there while we hold its name.</summary>
    private static void CleanRunFolder(InstancePaths paths, string owner, Action<string> tell)
    {
        if (File.Exists(paths.Socket))
        {
            SocketFile.RemoveStale(paths.Socket);
            tell($"Removed {paths.Socket}");
        }
        if (owner.Length == 0 || Directory.Exists($"/proc/{owner}"))
            return;
        foreach (var path in Directory.EnumerateFiles(paths.RunFolder, ".*.lock").Where(path => OwnerOf(path) == owner))
            FileLock.TryAcquire(path, out _)?.Dispose();
    }

    private static void RemoveIfEmpty(string folder)
    {
        try
        {
            if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
                Directory.Delete(folder);
        }
        catch (IOException)
        {
            // A mount, as in a container; or another instance has just begun to use it.
        }
    }

    private static void CleanKernel(SavedFootprint footprint, Action<string> tell)
    {
        using var socket = new RouteSocket();
        var networks = new List<IPNetwork> { IPNetwork.Parse(footprint.Network) };
        var lengths = new List<int> { footprint.SubnetLength };
        if (footprint.IPv6Network is { } v6)
        {
            networks.Add(IPNetwork.Parse(v6));
            lengths.Add(footprint.IPv6SubnetLength);
        }
        // The names are ours; a device of another kind that took one since is not.
        var devices = footprint.Devices.Select(socket.FindLink).Where(link => link?.Kind is "vxlan" or "tun").Select(link => link!).ToList();
        var own = new Ownership(networks, lengths, [.. devices.Select(link => link.Index)], socket.FindLink(footprint.Interface)?.Index ?? -1);

        var routes = socket.DumpRoutes(AddressFamily.InterNetwork);
        if (networks.Count > 1)
            routes = [.. routes, .. socket.DumpRoutes(AddressFamily.InterNetworkV6)];
        var ours = routes.Where(own.Owns).ToList();
        var nexthops = ours.Where(route => route.NexthopId != 0).Select(route => route.NexthopId).ToHashSet();
        var failures = socket.Execute(
            ours.Select(RouteRequest.Delete)
                .Concat<NetlinkRequest>(socket.DumpNexthops().Where(nexthop => nexthops.Contains(nexthop.Id) && nexthop.Protocol == Route.RTPROT_FLANNELPS).Select(NexthopRequest.Delete))
                .Concat(devices.Select(link => LinkRequest.Delete(link.Index))));
        if (failures.FirstOrDefault(failure => !failure.IsAlreadyDone) is { Request: not null } failure)
            throw failure.ToException();
        tell($"Removed {ours.Count} routes{(devices.Count == 0 ? "" : " and " + string.Join(", ", devices.Select(link => link.Name)) + " with all that stood on it")}");
    }

    private static void CleanSubnetFile(SavedFootprint footprint, Action<string> tell)
    {
        // A file that gives another subnet by now is another's. Killed before it could save its subnet, the daemon is known by its network.
        if (SubnetFile.Read(footprint.SubnetFile) is not { } env
            || (Subnet.ParseKey(footprint.Subnet) is { } subnet ? env.Subnet != subnet.IPv4 : env.Network?.ToString() != footprint.Network))
            return;
        AtomicFile.Delete(footprint.SubnetFile);
        if (footprint.SubnetFile == InstanceName.DefaultSubnetFile)
            RemoveIfEmpty(Path.GetDirectoryName(footprint.SubnetFile)!);
        tell($"Removed {footprint.SubnetFile}");
    }

    private static async Task ReleaseLeaseAsync(DaemonOptions options, SavedLease? saved, ILogger logger, TimeProvider time, Action<string> tell, Action<string> warn)
    {
        if (saved is null)
        {
            tell("No lease was saved; if there is one, it ends by itself");
            return;
        }
        using var patience = new CancellationTokenSource(StorePatience, time);
        try
        {
            tell(await ReleaseAsync().ConfigureAwait(false));
        }
        catch (Exception e) when (e is StoreException or OperationCanceledException or ArgumentException)
        {
            warn($"The store did not release the lease {saved.Key} ({(e is OperationCanceledException ? $"no answer in {StorePatience.TotalSeconds} s" : e.Message)}); it ends by itself");
        }

        async Task<string> ReleaseAsync()
        {
            var store = Store.Open(options.Store, logger, time);
            await using var scope = store.ConfigureAwait(false);
            var range = await store.RangeAsync(KeyRange.One(saved.Key), patience.Token).ConfigureAwait(false);
            if (range.Keys is not [var item])
                return $"The lease {saved.Key} is gone already";
            if (item.LeaseId == 0)
                return $"{saved.Key} is a reservation, and stays";
            if (item.LeaseId != saved.EtcdLeaseId && item.ModRevision != saved.ModRevision)
                return $"{saved.Key} is somebody else's by now, and stays";
            var deleted = await store.TxnAsync(
                new([StoreCompare.Unchanged(item.Key, item.ModRevision)], [new StoreOperation.Delete(item.Key)]), patience.Token).ConfigureAwait(false);
            if (!deleted.Succeeded)
                return $"{saved.Key} was changed by somebody else just now, and stays";
            await store.RevokeAsync(item.LeaseId, patience.Token).ConfigureAwait(false);
            return $"Released the lease {saved.Key}";
        }
    }
}
