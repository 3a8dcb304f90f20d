namespace FlannelPS;

/// <summary>The text of systemd's unit for a node.</summary>
/// <remarks>systemd.unit(5), systemd.service(5), systemd.exec(5).</remarks>
internal static class ServiceUnit
{
    /// <summary>A unit with the native daemon.</summary>
    /// <param name="daemon">Its path.</param>
    public static string Native(string daemon) => Render($"{Quote(daemon)} --name=%i $FLANNELPS_FLAGS", "MemoryDenyWriteExecute=yes", "SystemCallFilter=~@resources");

    /// <summary>A unit with a PowerShell process around the same engine.</summary>
    /// <param name="pwsh">Path of the PowerShell program.</param>
    /// <param name="module">Path of the module's manifest.</param>
    public static string PowerShell(string pwsh, string module)
    {
        // Options of pwsh stand before -Command: all behind it is the script.
        var script = $"Import-Module {Literal(module)}; exit [FlannelPS.NodeHost]::Run(@('--name=%i') + @((-split $env:FLANNELPS_FLAGS) -ne ''))";
        return Render(
            $"{Quote(pwsh)} -NoLogo -NoProfile -NonInteractive -Command \"{Escape(script).Replace("%%i", "%i", StringComparison.Ordinal)}\"",
            "Environment=HOME=/root POWERSHELL_TELEMETRY_OPTOUT=1 POWERSHELL_UPDATECHECK=Off NO_COLOR=1");
    }

    /// <summary>What one service adds to the template; empty for nothing.</summary>
    /// <param name="writable">Folders it writes to beside the usual ones.</param>
    /// <param name="environmentFile">One more file of settings; null for none.</param>
    /// <param name="group">Group of the control socket; null for none. Who is in it may give a file to it, without the right to give files to anybody.</param>
    public static string DropIn(IReadOnlyCollection<string> writable, string? environmentFile, string? group)
    {
        var lines = writable.Select(folder => $"ReadWritePaths={Quote(folder)}").ToList();
        if (environmentFile is not null)
            lines.Add($"EnvironmentFile={Escape(environmentFile)}");
        if (group is not null)
            lines.Add($"SupplementaryGroups={Escape(group)}");
        return lines.Count == 0 ? "" : $"# Written by Register-FlannelService.\n[Service]\n{string.Join('\n', lines)}\n";
    }

    private static string Render(string start, params string[] more)
        => $"""
            # Written by FlannelPS {ServicePaths.Version}, and written anew by Register-FlannelService. Settings of your own belong into a drop-in: systemctl edit flannelps@NAME
            [Unit]
            Description=Overlay network node %i
            After=network-online.target etcd.service
            Wants=network-online.target
            Before=docker.service containerd.service

            [Service]
            Type=notify
            NotifyAccess=main
            Environment=FLANNELPS_FLAGS=
            EnvironmentFile=-/etc/flannelps/%i.env
            ExecStart={start}
            Restart=on-failure
            RestartSec=5
            RestartPreventExitStatus=2
            TimeoutStartSec=infinity
            TimeoutStopSec=20
            WatchdogSec=60
            FileDescriptorStoreMax=16
            LimitNOFILE=40000
            RuntimeDirectory=flannel flannelps
            RuntimeDirectoryPreserve=yes
            StateDirectory=flannelps
            # Root's files, none of root's rights: the network's, and raw sockets for ICMP errors and iptables.
            CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW
            AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW
            NoNewPrivileges=yes
            UMask=0077
            # Written: /run (subnet files, locks of firewall tools) and sysctls of the network. Not what would make more of it: service manager, bus, container engines.
            ProtectSystem=strict
            ReadWritePaths=/run -/proc/sys/net
            ReadOnlyPaths=-/run/systemd -/run/udev
            InaccessiblePaths=-/run/systemd/private -/run/dbus -/run/docker.sock -/run/containerd
            ProtectHome=read-only
            ProtectKernelTunables=yes
            ProtectKernelModules=yes
            ProtectKernelLogs=yes
            ProtectControlGroups=yes
            ProtectClock=yes
            ProtectHostname=yes
            ProtectProc=invisible
            DevicePolicy=closed
            DeviceAllow=/dev/net/tun rw
            RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
            RestrictNamespaces=yes
            RestrictRealtime=yes
            RestrictSUIDSGID=yes
            LockPersonality=yes
            SystemCallArchitectures=native
            SystemCallFilter=@system-service
            SystemCallFilter=~@privileged
            SystemCallFilter=@chown
            SystemCallErrorNumber=EPERM
            {string.Join('\n', more)}

            [Install]
            WantedBy=multi-user.target

            """.ReplaceLineEndings("\n");

    /// <summary>One word of a command line or of a list of paths.</summary>
    public static string Quote(string word)
    {
        var escaped = Escape(word);
        return escaped.Any(character => character is ' ' or '\t' or '\'' or ';' or '\\') ? $"\"{escaped}\"" : escaped;
    }

    /// <summary>Takes the meaning from what systemd would expand; in double quotes it takes a backslash before a quote or a backslash away.</summary>
    public static string Escape(string text)
        => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("%", "%%", StringComparison.Ordinal).Replace("$", "$$", StringComparison.Ordinal);

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
