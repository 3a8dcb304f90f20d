# What the units promise, under a real systemd: the hardened service does its work with two capabilities, and what stands beside it is understood.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Systemd.psm1 -Force
    $script:why = Get-SystemdProblem
    $script:noDocker = -not (Get-Command dockerd -ErrorAction Ignore)
}

BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $PSScriptRoot/Systemd.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
}

AfterAll { Remove-Module FlannelPS }

Describe 'Export-FlannelServiceUnit -Kind' {
    It 'F85: asks for two capabilities and no more' {
        $lines = (Export-FlannelServiceUnit) -split "`n"
        $lines | Should -Contain 'CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW'
        $lines | Where-Object { $_ -match '^(AmbientCapabilities|CapabilityBoundingSet)=' } | Should -HaveCount 2
        $lines | Should -Contain 'NoNewPrivileges=yes'
        $lines | Should -Contain 'ProtectSystem=strict'
        $lines | Should -Contain 'MemoryDenyWriteExecute=yes'
        (Export-FlannelServiceUnit -HostType PowerShell) -split "`n" | Should -Not -Contain 'MemoryDenyWriteExecute=yes'    # it compiles while it runs
    }

    It 'gives drop-ins that systemd has nothing to say about: <Kind>' -ForEach @{ Kind = 'Docker'; Unit = 'docker.service' }, @{ Kind = 'Containerd'; Unit = 'containerd.service' } {
        if (-not (Get-Command systemd-analyze -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'systemd-analyze is not installed (package systemd)' }
        Set-Content "$TestDrive/$Unit" '[Service]', 'ExecStart=/usr/bin/true'
        $null = Export-FlannelServiceUnit "$TestDrive/$Unit.d/50-flannelps.conf" -Kind $Kind -ProgramPath /usr/bin/true
        $null = Export-FlannelServiceUnit "$TestDrive/flannelps@.service" -ProgramPath /usr/bin/true
        systemd-analyze verify --man=no "$TestDrive/$Unit" 2>&1 | Where-Object { "$_" -match 'flannelps' } | Should -BeNullOrEmpty
    }

    It 'tells Docker to leave masquerading to a node that does it, and to masquerade itself otherwise' {
        Export-FlannelServiceUnit -Kind Docker -IPMasquerade | Should -Match '--ip-masq=false '
        Export-FlannelServiceUnit -Kind Docker -Name two -SubnetFile /run/flannel/two.env | Should -Match '(?s)After=flannelps@two\.service.*EnvironmentFile=/run/flannel/two\.env.*--ip-masq=true '
    }

    It 'has an example beside it by which udev leaves a tunnel''s MAC alone' {
        if (-not (Get-Command udevadm -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'udevadm is not installed (package udev)' }
        $script = "mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /run; mkdir -p /run/systemd/network; cp '$env:FLANNELPS_MODULE/Examples/50-flannel.link' /run/systemd/network
            ip link add flannel.7 type vxlan id 7 dstport 8472; udevadm test-builtin net_setup_link /sys/class/net/flannel.7 2>&1; cat /sys/class/net/flannel.7/addr_assign_type"
        $said = Invoke-Checked unshare --net --mount bash -ec $script | Out-String
        $said | Should -Match 'ID_NET_LINK_FILE=/run/systemd/network/50-flannel\.link'
        $said | Should -Match '\n1\s*$'    # NET_ADDR_RANDOM: with the default policy udev would have set it, 3
    }
}

Describe 'A hardened service' -Skip:([bool]$why) {
    BeforeAll {
        $seen = Invoke-UnderSystemd -TimeoutSeconds 300 {
            param($tests)
            Import-Module $tests/Lab.psm1
            Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1
            Initialize-Lab
            $etcd = Start-LabEtcd
            $other = New-LabHost 2
            groupadd --system watchers
            $daemon = Join-Path $env:FLANNELPS_MODULE runtimes/linux-x64/native/flannelpsd
            $networks = [ordered]@{ vxlan = '10.42.0.0/16'; 'host-gw' = '10.43.0.0/16'; udp = '10.44.0.0/16' }

            # A workload is an address on a bridge: what it sends goes the way of a container's packets.
            function Add-Workload([string] $File, [string[]] $In) {
                $subnet = (Get-Content $File | Where-Object { $_ -match '^FLANNEL_SUBNET=' }) -replace '.*='
                $name = 'w-' + [IO.Path]::GetFileNameWithoutExtension($File)
                Invoke-Checked ip @In link add $name type bridge
                Invoke-Checked ip @In addr add $subnet dev $name
                Invoke-Checked ip @In link set $name up
                $subnet -replace '/.*'
            }
            function Start-Probe([string] $Network) {
                Start-Process ping @('-i', '0.01', '-I', $from.$Network, $to.$Network) -PassThru -RedirectStandardOutput "/tmp/probe-$Network"
            }
            # What was lost before the last answer: that one proves that the way is open at the end.
            function Stop-Probe($Process, [string] $Network) {
                Start-Sleep 1
                kill -INT $Process.Id
                $Process.WaitForExit()
                $text = Get-Content -Raw "/tmp/probe-$Network"
                $answers = [regex]::Matches($text, 'icmp_seq=(\d+)').ForEach({ [int]$_.Groups[1].Value }) | Sort-Object -Unique
                $sent = [int][regex]::Match($text, '(\d+) packets transmitted').Groups[1].Value
                "$($answers[-1] - $answers.Count) lost$($answers[-1] -lt $sent - 20 ? ", none of the last $($sent - $answers[-1])" : '')$($answers.Count -lt 50 ? ", only $($answers.Count) answers" : '')"
            }
            function Get-Fact([int] $Process) {
                $status = Get-Content "/proc/$Process/status"
                ('CapEff', 'CapBnd', 'NoNewPrivs', 'Seccomp').ForEach({ $name = $_; ($status | Where-Object { $_ -match "^${name}:" }) -replace '\s+', ' ' }) -join ', '
            }
            $see = @{ ping = @{}; facts = @{}; restart = @{}; firewall = @{}; rules = @{} }
            $from = @{}
            $to = @{}
            foreach ($network in $networks.Keys) {
                # Both ways to the firewall have to work with the service's rights.
                Set-LabKey $etcd "/$network/config" "{`"Network`":`"$($networks[$network])`",`"EnableNFTables`":$($network -eq 'vxlan' ? 'true' : 'false'),`"Backend`":{`"Type`":`"$network`"}}" 0
                $null = Register-FlannelService -Name $network -Prefix "/$network" -SubnetFile "/run/flannel/$network.env" -Start -SocketGroup watchers -IPMasquerade
                $null = Start-Process ip @('netns', 'exec', 'h2', $daemon, "--name=h2-$network", "--etcd-prefix=/$network", "--subnet-file=/run/flannel/h2-$network.env", "--etcd-endpoints=$($etcd.Remote)", '--iface=eth0') -PassThru -RedirectStandardError "/tmp/h2-$network.log"
                Wait-Until { Test-Path "/run/flannel/h2-$network.env" } 30
                $from.$network = Add-Workload "/run/flannel/$network.env"
                $to.$network = Add-Workload "/run/flannel/h2-$network.env" '-n', 'h2'
                Wait-Until { $null = ping -c 1 -W 1 -I $from.$network $to.$network; $LASTEXITCODE -eq 0 } 30
                $see.ping.$network = 'answered'
                Wait-Until { (Get-FlannelNode $network).Firewall -notin $null, '', 'none' } 30
                $see.firewall.$network = "$((Get-FlannelNode $network).Firewall) $((Get-FlannelNode $network).FirewallProblem)"
                $see.rules.$network = @($network -eq 'vxlan' ? (nft list ruleset) : (iptables-save)).Where({ $_ -match [regex]::Escape($networks[$network]) -and $_ -match 'masquerade' }).Count
                $see.facts.$network = Get-Fact (Get-FlannelService $network).MainPid
            }
            $see.socket = stat -c '%a %U:%G' /run/flannelps/vxlan.sock
            $see.files = 'subnet file', (stat -c '%a' /run/flannel/vxlan.env), 'state', (stat -c '%a' /var/lib/flannelps/vxlan) -join ' '

            # What the process could write to, seen from inside its mounts, with all of root's rights.
            $process = (Get-FlannelService vxlan).MainPid
            $see.readOnly = foreach ($place in '/etc/x', '/usr/local/x', '/var/lib/x', '/tmp/x', '/root/x', '/run/systemd/system/x', '/sys/fs/cgroup/x', '/proc/sys/kernel/domainname') {
                $null = nsenter -t $process -m bash -c "echo x > $place" 2>&1
                "$place $LASTEXITCODE"
            }
            $see.writable = foreach ($place in '/run/flannel/x', '/var/lib/flannelps/x', '/run/x', '/proc/sys/net/ipv4/ip_forward') {
                $null = nsenter -t $process -m bash -c "echo 1 > $place" 2>&1
                "$place $LASTEXITCODE"
            }
            $null = nsenter -t $process -m ls /run/systemd/private/x 2>&1
            $see.manager = nsenter -t $process -m stat -c '%a' /run/systemd/private
            $see.exposure = (systemd-analyze security --no-pager flannelps@vxlan.service | Where-Object { $_ -match 'Overall exposure' }) -replace '.*: ([\d.]+).*', '$1'

            # What the daemon starts runs in the same sandbox.
            $tools = 'iptables', 'iptables-legacy', 'iptables-nft', 'ip6tables', 'nft' | Where-Object { Get-Command $_ -ErrorAction Ignore }
            $see.tools = foreach ($tool in $tools) {
                $program = (Get-Command $tool).Source
                $line = $tool -eq 'nft' ? "$program add table inet flannelps_test" : "$program -w 5 -t filter -N FLANNELPS-TEST"
                $null = New-Item -ItemType Directory -Force /etc/systemd/system/flannelps@host-gw.service.d
                Set-Content /etc/systemd/system/flannelps@host-gw.service.d/50-test.conf '[Service]', "ExecStartPost=$line"
                systemctl daemon-reload
                systemctl restart flannelps@host-gw.service
                $restarted = $LASTEXITCODE
                $made = $tool -eq 'nft' ? (nft list tables) : (& $tool -S)
                "$tool $restarted $([bool]($made -match 'flannelps.test'))"
                if ($tool -eq 'nft') { nft delete table inet flannelps_test } else { & $tool -X FLANNELPS-TEST }
            }
            Remove-Item /etc/systemd/system/flannelps@host-gw.service.d/50-test.conf
            systemctl daemon-reload

            foreach ($network in $networks.Keys) {
                $probe = Start-Probe $network
                Start-Sleep 1
                $before = (Get-FlannelService $network).MainPid
                systemctl restart "flannelps@$network.service"
                $see.restart.$network = "$(Stop-Probe $probe $network)$((Get-FlannelService $network).MainPid -eq $before ? ', the same process' : '')"
            }
            $probe = Start-Probe vxlan
            $before = (Get-FlannelService vxlan).MainPid
            $node = Restart-FlannelNode vxlan -PassThru
            $see.restartNode = "$($node.State) $($node.Id -ne $before) $(Stop-Probe $probe vxlan)"

            # A daemon that stands still feeds no watchdog.
            $null = New-Item -ItemType Directory -Force /etc/systemd/system/flannelps@vxlan.service.d
            Set-Content /etc/systemd/system/flannelps@vxlan.service.d/50-test.conf '[Service]', 'WatchdogSec=2', 'TimeoutAbortSec=2', 'RestartSec=0', 'LimitCORE=0'
            systemctl daemon-reload
            systemctl restart flannelps@vxlan.service
            Start-Sleep 5
            $see.fed = (Get-FlannelService vxlan).Restarts
            $probe = Start-Probe vxlan
            $before = (Get-FlannelService vxlan).MainPid
            kill -STOP $before
            Wait-Until { $now = Get-FlannelService vxlan; $now.Status -eq 'Running' -and $now.Restarts -eq 1 } 60
            $see.watchdog = "$((Get-FlannelService vxlan).MainPid -ne $before) $(Stop-Probe $probe vxlan)"

            # A key of another user: root's mode-free look is not among the rights.
            Set-Content /tmp/key.pem secret
            chown 65534 /tmp/key.pem
            chmod 600 /tmp/key.pem
            $null = Register-FlannelService -Name key -Endpoint https://127.0.0.1:2379 -CACertificatePath /tmp/key.pem -SubnetFile /run/flannel/key.env -StartupType Manual -WarningVariable warned -WarningAction SilentlyContinue
            $see.unreadable = "$warned"
            $null = New-Item -ItemType Directory -Force /etc/systemd/system/flannelps@key.service.d
            Set-Content /etc/systemd/system/flannelps@key.service.d/50-test.conf '[Service]', 'StandardError=file:/run/key.log', 'Restart=no'
            systemctl daemon-reload
            systemctl start flannelps@key.service 2>$null
            $see.unreadableStart = "$LASTEXITCODE $(Get-Content /run/key.log)"
            $see
        } -ArgumentList $PSScriptRoot
    }

    It 'F85: carries <_> traffic with CAP_NET_ADMIN and CAP_NET_RAW alone, and can gain nothing' -ForEach 'vxlan', 'host-gw', 'udp' {
        $seen.ping.$_ | Should -Be answered
        $seen.facts.$_ | Should -Be 'CapEff: 0000000000003000, CapBnd: 0000000000003000, NoNewPrivs: 1, Seccomp: 2'
    }

    It 'F85: has its rules in <Firewall>: <Network>' -ForEach @(
        @{ Network = 'vxlan'; Firewall = 'nftables' }
        @{ Network = 'host-gw'; Firewall = 'iptables' }
        @{ Network = 'udp'; Firewall = 'iptables' }
    ) {
        if (-not (Get-Command ($Firewall -replace 'nftables', 'nft') -ErrorAction Ignore)) { Set-ItResult -Skipped -Because "$Firewall is not installed" }
        $seen.firewall.$Network.Trim() | Should -Be $Firewall
        $seen.rules.$Network | Should -BeGreaterThan 0
    }

    It 'F85: writes to its own places and to the network''s sysctls, and nowhere else' {
        $seen.readOnly | Where-Object { $_ -match ' 0$' } | Should -BeNullOrEmpty
        $seen.writable | Where-Object { $_ -notmatch ' 0$' } | Should -BeNullOrEmpty
        $seen.manager | Should -Be '0'
        $seen.files | Should -Be 'subnet file 644 state 700'
    }

    It 'F64: gives the socket to a group without the right to give files away' {
        $seen.socket | Should -Be '660 root:watchers'
    }

    It 'F85: lets <_> do its work from inside' -ForEach 'iptables', 'iptables-legacy', 'iptables-nft', 'ip6tables', 'nft' {
        if (-not (Get-Command $_ -ErrorAction Ignore)) { Set-ItResult -Skipped -Because "$_ is not installed" }
        $tool = $_
        $seen.tools | Where-Object { $_ -like "$tool *" } | Should -Be "$tool 0 True"
    }

    It 'is exposed less than systemd calls medium' {
        [double]$seen.exposure | Should -BeLessThan 3
    }

    It 'F30: loses no probe over systemctl restart: <_>' -ForEach 'vxlan', 'host-gw', 'udp' {
        $seen.restart.$_ | Should -Be '0 lost'
    }

    It 'is restarted by Restart-FlannelNode, which waits for the new process' {
        $seen.restartNode | Should -Be 'Ready True 0 lost'
    }

    It 'F31: is started again by the watchdog when it stands still, without a lost probe' {
        $seen.fed | Should -Be 0
        $seen.watchdog | Should -Be 'True 0 lost'
    }

    It 'says which of the store''s files it cannot read' {
        $seen.unreadable | Should -Match '/tmp/key\.pem belongs to user 65534'
        $seen.unreadableStart | Should -Match '^1 .*/tmp/key\.pem'
    }
}

Describe 'Docker beside a service' -Skip:([bool]$why -or $noDocker) {
    BeforeAll {
        $seen = Invoke-UnderSystemd -TimeoutSeconds 240 {
            param($tests)
            Import-Module $tests/Lab.psm1
            Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1
            Initialize-Lab
            $etcd = Start-LabEtcd
            Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}' 0
            $null = Register-FlannelService -IPMasquerade
            $null = New-Item -ItemType Directory -Force /etc/default
            Set-Content /etc/default/docker 'DOCKER_OPTS="--storage-driver=vfs --exec-opt native.cgroupdriver=cgroupfs"'
            $null = Export-FlannelServiceUnit /etc/systemd/system/docker.service.d/50-flannelps.conf -Kind Docker -IPMasquerade -ProgramPath (Get-Command dockerd).Source
            $null = Export-FlannelServiceUnit /etc/systemd/system/containerd.service.d/50-flannelps.conf -Kind Containerd
            systemctl daemon-reload
            $see = @{}
            systemctl start docker.service
            $see.started = $LASTEXITCODE
            $see.node = (Get-FlannelService flannel).Status
            $see.bridge = (ip -j -4 addr show docker0 | ConvertFrom-Json).addr_info | ForEach-Object { "$($_.local)/$($_.prefixlen)" }
            $see.subnet = (Get-Content /run/flannel/subnet.env | Where-Object { $_ -match 'SUBNET' }) -replace '.*='
            $see.command = (Get-Content -Raw "/proc/$(systemctl show -p MainPID --value docker.service)/cmdline") -replace "`0", ' '
            systemctl stop docker.service docker.socket containerd.service
            $see
        } -ArgumentList $PSScriptRoot
    }

    It 'brings the node up, waits for it, and takes its subnet, MTU and masquerading' {
        $seen.started | Should -Be 0
        $seen.node | Should -Be Running
        $seen.bridge | Should -Be $seen.subnet
        $seen.command | Should -Match "--bip=$([regex]::Escape($seen.subnet)) --mtu=1450 --ip-masq=false"
    }
}
