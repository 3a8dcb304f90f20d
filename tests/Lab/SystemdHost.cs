using System.Diagnostics;

namespace FlannelPS.Lab;

/// <summary>A systemd of its own on a host of the lab: pid 1 of a container made by unshare(1), in the host's network namespace, with one unit.</summary>
/// <remarks>Its root is an overlay of the machine's with everything written kept in memory. Needs root, systemd and a cgroup2 tree.</remarks>
public sealed class SystemdHost : IDisposable
{
    private const string Groups = "/sys/fs/cgroup/unified";
    private readonly string _group;
    private readonly Daemon _container;
    private readonly Host _host;

    private SystemdHost(Host host, string group, Daemon container) => (_host, _group, _container) = (host, group, container);

    /// <summary>Why there can be none here; null when there can.</summary>
    public static string? Missing =>
        !File.Exists("/usr/lib/systemd/systemd") ? "systemd is not installed"
        : !File.Exists(Groups + "/cgroup.procs") ? $"there is no cgroup2 tree at {Groups}"
        : null;

    /// <summary>What systemd and the unit wrote.</summary>
    public string Log => _container.Log + (File.Exists(LogFile) ? File.ReadAllText(LogFile) : "");

    private string LogFile => Path.Combine(_host.Folder, "unit.log");

    /// <summary>Boots it with the unit <c>flannelpsd.service</c> of the daemon under test.</summary>
    /// <param name="host">Where.</param>
    /// <param name="endpoints">The store.</param>
    /// <param name="settings">Further lines of its [Service] section.</param>
    public static SystemdHost Start(Host host, string endpoints, params IReadOnlyList<string> settings)
    {
        string folder = host.Folder, group = Path.Combine(Groups, host.Name);
        // The overlay holds the root file system alone; what is mounted below it is not seen inside.
        File.Copy(Programs.Flannelpsd, Path.Combine(folder, "flannelpsd"));
        File.WriteAllText(Path.Combine(folder, "flannelpsd.service"), $"""
            [Unit]
            DefaultDependencies=no
            StartLimitIntervalSec=0
            [Service]
            Type=notify
            ExecStart={folder}/flannelpsd --etcd-endpoints={endpoints} --iface=eth0 --subnet-file={host.SubnetFile} --name={host.Name}
            FileDescriptorStoreMax=8
            StandardOutput=append:{folder}/unit.log
            StandardError=append:{folder}/unit.log
            {string.Join('\n', settings)}

            """);
        File.WriteAllText(Path.Combine(folder, "lab.target"), "[Unit]\nDefaultDependencies=no\nRequires=flannelpsd.service\nAfter=flannelpsd.service\n");
        File.WriteAllText(Path.Combine(folder, "boot.sh"), $$"""
            set -e
            mount --make-rprivate /
            mkdir {{folder}}/c
            mount -t tmpfs tmpfs {{folder}}/c
            cd {{folder}}/c
            mkdir -p upper/etc/systemd/system work root
            cp {{folder}}/flannelpsd.service {{folder}}/lab.target upper/etc/systemd/system/
            mount -t overlay overlay -o lowerdir=/,upperdir=$PWD/upper,workdir=$PWD/work root
            mkdir -p root{{folder}}
            for place in run tmp dev; do mount -t tmpfs tmpfs root/$place; done
            # Else systemd mounts one over what is bound there.
            mkdir root/dev/shm
            mount -t tmpfs tmpfs root/dev/shm
            mkdir -p root{{folder}} root/dev/pts root/dev/net
            mount --bind {{folder}} root{{folder}}
            mount -t proc proc root/proc
            mount -t sysfs sysfs root/sys
            for node in null zero full random urandom tty net/tun; do touch root/dev/$node; mount --bind /dev/$node root/dev/$node; done
            mount -t devpts -o newinstance,ptmxmode=0666 devpts root/dev/pts
            mount -t cgroup2 cgroup2 root/sys/fs/cgroup
            mkdir root/run/old
            pivot_root root root/run/old
            cd /
            exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/lib/systemd/systemd --unit=lab.target --log-target=console --show-status=no
            """);
        Directory.CreateDirectory(group);
        string enter = $"echo $BASHPID > {group}/cgroup.procs; exec unshare -m -p -f -u -i -C --kill-child bash {folder}/boot.sh";
        return new(host, group, host.Start("bash", ["-c", enter]));
    }

    /// <summary>Runs systemctl inside.</summary>
    public async Task<CommandResult> ControlAsync(params IReadOnlyList<string> arguments)
    {
        string children = await File.ReadAllTextAsync($"/proc/{_container.Id}/task/{_container.Id}/children");
        return await _host.Namespace.RunAsync("nsenter", ["-t", children.Trim(), "-m", "-p", "-u", "-i", "-C", "systemctl", .. arguments]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _container.Dispose();
        var clock = Stopwatch.StartNew();
        while (Directory.Exists(_group) && clock.Elapsed < TimeSpan.FromSeconds(5))
        {
            try
            {
                foreach (string inner in Directory.EnumerateDirectories(_group, "*", SearchOption.AllDirectories).OrderByDescending(name => name.Length).ToList())
                {
                    Directory.Delete(inner);
                }

                Directory.Delete(_group);
            }
            catch (IOException)
            {
                Thread.Sleep(50);    // its processes are still ending
            }
        }
    }
}
