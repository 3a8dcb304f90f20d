using static Programs;

/// <summary>Something from a Debian package.</summary>
/// <param name="Package">The package's name.</param>
/// <param name="Purpose">What it is for, as told to whoever sees it installed.</param>
/// <param name="Files">One of these shows that it is there: a program on the path, or a file.</param>
internal sealed record Tool(string Package, string Purpose, params string[] Files);

/// <summary>The packages of each kind of work.</summary>
internal static class Tools
{
    public static readonly Tool[] Compiler =
    [
        new("gcc", "links the native daemon", "gcc"),
        new("libc6-dev", "links the native daemon", "/usr/lib/x86_64-linux-gnu/crt1.o", "/usr/lib64/crt1.o"),
    ];

    public static readonly Tool[] Network =
    [
        new("iproute2", "makes the network namespaces", "ip"),
        new("iputils-ping", "pings through the network", "ping"),
        new("iperf3", "measures TCP throughput", "iperf3"),
    ];

    public static readonly Tool[] Firewall =
    [
        new("nftables", "holds firewall rules", "nft"),
        new("iptables", "holds firewall rules the older way", "iptables"),
    ];

    /// <summary>What the tests look at the network and the store with, beside what is looked at.</summary>
    public static readonly Tool[] Tests =
    [
        new("etcd-client", "writes to the store by other means than ours", "etcdctl"),
        new("ethtool", "shows a device's offloads", "ethtool"),
        new("tcpdump", "captures packets", "tcpdump"),
        new("libfaketime", "a wall clock that jumps, for one process", "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"),
    ];

    /// <summary>What shares a host with a node. A container engine is installed on a machine of its own alone: nobody's workstation is given one.</summary>
    public static readonly Tool[] Neighbors = Environment.GetEnvironmentVariable("CI") is not { Length: > 0 } ? [] :
    [
        new("docker.io", "containers on two hosts", "dockerd"),
        new("containernetworking-plugins", "the bridge that a CNI configuration is for", "/usr/lib/cni/bridge", "/opt/cni/bin/bridge"),
        new("systemd", "runs a node as a service", "/lib/systemd/systemd"),
        new("udev", "reads the link file", "udevadm"),
        new("chromium", "a browser that opens the report", "chromium"),
        new("prometheus", "reads the alert rules; its service is not started", "promtool"),
        new("openssh-server", "computers that are asked over SSH; its service is not started", "sshd"),
        new("qemu-system-x86", "a host with another kernel", "qemu-system-x86_64"),
        new("busybox-static", "what that host has for a shell", "busybox"),
        new("linux-image-cloud-amd64", "a kernel whose modules are not loaded; this machine does not start it", "/usr/share/doc/linux-image-cloud-amd64/copyright"),
    ];

    public const string PowerShellVersion = "7.6.9", PesterVersion = "5.7.1", NextPesterVersion = "6.2.0", PlatyPSVersion = "1.0.3";

    public static readonly Tool Etcd = new("etcd-server", "a store to run against; its service is not started", "etcd");
}

/// <summary>What the machine must have, and is given.</summary>
internal static class Machine
{
    /// <summary>Whether this is root.</summary>
    public static bool IsRoot { get; } = Environment.UserName == "root";

    /// <summary>Whether it can become root; else it says why it should.</summary>
    public static bool CanBeRoot(string why)
    {
        if (IsRoot || IsThere("sudo"))
        {
            return true;
        }

        Console.Error.WriteLine($"root is needed ({why}), and there is no sudo here: run it as root");
        return false;
    }

    /// <summary>Installs the packages of what is missing, with a line for each.</summary>
    public static bool Install(Tool[] tools)
    {
        var missing = tools.Where(tool => !tool.Files.Any(file => file.Contains('/') ? File.Exists(file) : IsThere(file))).ToList();
        if (missing.Count == 0)
        {
            return true;
        }

        string packages = string.Join(' ', missing.Select(tool => tool.Package));
        if (!IsThere("apt-get"))
        {
            Console.Error.WriteLine($"missing: {packages}; there is no apt-get here, install them by hand");
            return false;
        }

        if (!CanBeRoot($"to install {packages}"))
        {
            return false;
        }

        foreach (var tool in missing)
        {
            Console.WriteLine($"installing {tool.Package}: {tool.Purpose}");
        }

        // policy-rc.d keeps the packages' services from being started; what was there before comes back. A kernel that starts in a virtual machine alone needs no initrd.
        string script = $$"""
            policy=/usr/sbin/policy-rc.d
            [ ! -e $policy ] || mv $policy $policy.kept
            trap 'rm -f $policy; [ ! -e $policy.kept ] || mv $policy.kept $policy' EXIT
            trap 'exit 1' INT TERM
            printf '#!/bin/sh\nexit 101\n' > $policy && chmod 755 $policy
            export DEBIAN_FRONTEND=noninteractive INITRD=No
            install() { apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends {{packages}} >/dev/null; }
            install 2>/dev/null || { apt-get -qq -o DPkg::Lock::Timeout=300 update && install; }
            """;
        int code = IsRoot ? Run("sh", ["-c", script]) : Run("sudo", ["sh", "-c", script]);
        return code == 0 || Fail($"installing {packages} failed; apt-get's reason is above") == 0;
    }

    /// <summary>Whether a program is on the path, or where root's are.</summary>
    public static bool IsThere(string program) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
