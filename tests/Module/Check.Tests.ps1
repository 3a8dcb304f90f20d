# The doctor against real daemons: a healthy network has nothing to tell, and each fault that is put in is named by the right check, and by no other.
BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd
    Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","SubnetMax":"10.42.249.0","Backend":{"Type":"vxlan"}}'
    $other, $third = (New-LabHost 2), (New-LabHost 3)
    $peers = @((Start-LabPeer $other $etcd.Remote), (Start-LabPeer $third $etcd.Remote))
    $null = Start-FlannelNode -LeaseTtlSeconds 3600
    Wait-Until { @(Get-FlannelPeer flannel | Where-Object Programmed).Count -eq 2 }
    $subnetOf = @{}
    Get-FlannelPeer flannel | ForEach-Object { $subnetOf["$($_.PublicIP)"] = "$($_.Subnet)" }
    Wait-Until { Test-FlannelConnectivity flannel } -Seconds 30

    # Names of the checks that are not as they should be.
    function Get-Complaint($Result) { @($Result | Where-Object Status -In Fail, Warn | ForEach-Object Name | Sort-Object -Unique) }
    # One check, which must have a cause and a remedy when it complains.
    function Get-Result($Result, [string] $Name, [string] $Target = '*') {
        $found = @($Result | Where-Object { $_.Name -eq $Name -and $_.Target -like $Target })
        $found.Count | Should -BeGreaterThan 0 -Because "$Name must be told"
        foreach ($bad in $found | Where-Object Status -In Fail, Warn) {
            $bad.Cause | Should -Not -BeNullOrEmpty -Because "$bad"
            $bad.Remedy | Should -Not -BeNullOrEmpty -Because "$bad"
        }
        $found
    }
}

AfterAll {
    Get-FlannelNode | Stop-FlannelNode -Force -ErrorAction Ignore
    Get-FlannelNode flannel | Reset-FlannelNode -Force
    $peers | Where-Object { -not $_.HasExited } | ForEach-Object { $_.Kill(); $_.WaitForExit() }
    Remove-LabHost 2
    Remove-LabHost 3
    $etcd | Stop-LabEtcd
}

Describe 'A healthy network' {
    It 'passes every check of the node, and says why it skips one' {
        $results = Test-FlannelNode -Detailed
        Get-Complaint $results | Should -BeNullOrEmpty -Because ($results | Where-Object Status -In Fail, Warn | Out-String)
        $results | Where-Object Status -EQ Skip | ForEach-Object { $_.Message | Should -Not -BeNullOrEmpty }
        ($results | Where-Object Status -EQ Skip).Name | Should -BeIn 'BridgeFilter', 'NodeFirewall'
        @($results.Name | Select-Object -Unique) | Should -Be @((Get-FlannelCheck | Where-Object { $_.Scope -band 'Node' }).Name)
        Test-FlannelNode | Should -BeTrue
    }

    It 'passes every check of the host' {
        $results = Test-FlannelHost -Detailed
        Get-Complaint $results | Should -BeNullOrEmpty -Because ($results | Where-Object Status -In Fail, Warn | Out-String)
        ($results | Where-Object Status -EQ Skip).Name | Should -Be 'BridgeFilter'
        Test-FlannelHost | Should -BeTrue
    }

    It 'has a way to every other host, at the tunnel''s whole MTU' {
        $results = Test-FlannelConnectivity flannel -Detailed | Sort-Object { "$($_.PublicIP)" }
        $results.ForEach({ "$($_.Node) $($_.PublicIP) $($_.Subnet) $($_.Status) $($_.Received)/$($_.Sent) $($_.Mtu) $($_.WorkingMtu) $($_.IsUnderlayReachable)" }) | Should -Be @(
            "flannel 198.18.0.12 $($subnetOf['198.18.0.12']) Pass 3/3 1450 1450 True", "flannel 198.18.0.13 $($subnetOf['198.18.0.13']) Pass 3/3 1450 1450 True")
        $results.RoundTripTime | ForEach-Object { $_ | Should -BeGreaterThan ([timespan]::Zero) }
        Test-FlannelConnectivity flannel | Should -BeTrue
    }

    It 'is the same to Invoke-FlannelCheck, which finds the node''s store by itself' {
        $results = Invoke-FlannelCheck -Name flannel
        Get-Complaint $results | Should -BeNullOrEmpty -Because ($results | Where-Object Status -In Fail, Warn | Out-String)
        @($results.Name | Sort-Object -Unique) | Should -Be @((Get-FlannelCheck).Name | Sort-Object -Unique)
    }
}

Describe 'A healthy network with a firewall' {
    It 'F51: passes where the policy of FORWARD is DROP, because the node''s own rules stand before it' {
        iptables -P FORWARD DROP
        try { Wait-Until { -not (Get-Complaint (Test-FlannelNode -Detailed)) } -Seconds 20 }
        finally { iptables -P FORWARD ACCEPT }
    }
}

Describe 'A fault of the kernel' {
    It 'F45: net.ipv4.ip_forward is off' {
        Set-LabSetting net.ipv4.ip_forward 0
        try {
            $results = Test-FlannelNode -Detailed
            Get-Complaint $results | Should -Be 'Forwarding'
            (Get-Result $results Forwarding net.ipv4.ip_forward).Remedy | Should -Match 'net\.ipv4\.ip_forward=1'
            Test-FlannelNode | Should -BeFalse
            Get-Complaint (Test-FlannelHost -Detailed) | Should -Be 'Forwarding'
        }
        finally { Set-LabSetting net.ipv4.ip_forward 1 }
        Get-Complaint (Test-FlannelNode -Detailed) | Should -BeNullOrEmpty
    }

    It 'F83: refuses what can be no interface and no regular expression, as Find-FlannelInterface does' {
        $null = Get-FailureOf { Test-FlannelHost -Interface 'a/b' } InterfaceNotFound
        $null = Get-FailureOf { Test-FlannelHost -InterfaceRegex '(' } NodeOptionInvalid
    }

    It 'F45: rp_filter is strict, and there is a second way out' {
        ip link add eth1 type veth peer name far0
        ip addr add 203.0.113.2/24 dev eth1
        ip link set eth1 up
        ip link set far0 up
        ip route add default via 203.0.113.1 metric 500
        Set-LabSetting net.ipv4.conf.eth0.rp_filter 1
        try {
            $results = Test-FlannelNode -Detailed
            Get-Complaint $results | Should -Be 'ReversePath'
            (Get-Result $results ReversePath eth0).Remedy | Should -Match 'rp_filter=2'
        }
        finally {
            Set-LabSetting net.ipv4.conf.eth0.rp_filter 0
            ip link del eth1
        }
    }

    It 'F45: there is a bridge that iptables does not see' {
        ip link add br1 type bridge
        try {
            $result = Get-Result (Test-FlannelHost -Detailed) BridgeFilter
            $expected = (Get-Content /proc/sys/net/bridge/bridge-nf-call-iptables -ErrorAction Ignore) -eq 1 ? 'Pass' : 'Warn'
            $result.Status | Should -Be $expected
            $result.Target | Should -Be 'br1'
        }
        finally { ip link del br1 }
    }

    It 'F40: a route that another program puts back again and again' {
        $subnet = $subnetOf['198.18.0.12']
        try {
            Wait-Until { ip route replace $subnet via 198.18.0.1 proto static; Get-FlannelPeer flannel -State Failed } -Seconds 30
            $results = Test-FlannelNode -Detailed
            Get-Complaint $results | Should -Contain 'ContestedRoute'
            # The route is not there, and so is not what depends on it.
            Get-Complaint $results | Should -BeIn 'ContestedRoute', 'Routes', 'Peers', 'Ready', 'Overlap'
            (Get-Result $results ContestedRoute $subnet).Remedy | Should -Match 'ip monitor route'
            (Get-Result $results Routes).Cause | Should -Match 'ContestedRoute'
        }
        finally {
            ip route del $subnet via 198.18.0.1
            Wait-Until { Test-FlannelNode } -Seconds 30
        }
    }
}

Describe 'A fault of the firewall' {
    BeforeAll {
        # A node that keeps no forward rules: its own would let the overlay pass.
        $null = Stop-FlannelNode flannel
        $null = Start-FlannelNode -LeaseTtlSeconds 3600 -ForwardRules $false
        Wait-Until { Test-FlannelConnectivity flannel } -Seconds 30
    }

    AfterAll {
        $null = Stop-FlannelNode flannel
        $null = Start-FlannelNode -LeaseTtlSeconds 3600
        Wait-Until { Test-FlannelConnectivity flannel } -Seconds 30
    }

    It 'F51: the policy of FORWARD is DROP' {
        iptables -P FORWARD DROP
        try {
            $results = Test-FlannelNode -Detailed
            Get-Complaint $results | Should -Be 'ForwardRule'
            $found = Get-Result $results ForwardRule
            $found.Count | Should -Be 2 -Because 'both ways are closed'
            $found[0].Target | Should -Be 'iptables filter, chain FORWARD, policy'
            $found[0].Remedy | Should -Match 'iptables -I FORWARD -s 10\.42\.0\.0/16 -j ACCEPT'
            # The remedy is one.
            iptables -I FORWARD -s 10.42.0.0/16 -j ACCEPT
            iptables -I FORWARD -d 10.42.0.0/16 -j ACCEPT
            Get-Complaint (Test-FlannelNode -Detailed) | Should -BeNullOrEmpty
        }
        finally {
            iptables -F FORWARD
            iptables -P FORWARD ACCEPT
        }
    }

    It 'F51: a rule of iptables rejects, in a chain that is jumped to' {
        iptables -N LOCKED
        iptables -A LOCKED -i lo -j ACCEPT
        iptables -A LOCKED -m comment --comment 'nobody passes' -j REJECT
        iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -s 10.42.0.0/16 -j LOCKED
        try {
            $found = Get-Result (Test-FlannelNode -Detailed) ForwardRule | Where-Object Target -Like '*LOCKED*'
            $found[0].Target | Should -Be 'iptables filter, chain LOCKED, rule 2'
            $found[0].Evidence | Should -Match 'nobody passes.*rejects'
        }
        finally {
            iptables -F FORWARD
            iptables -F LOCKED
            iptables -X LOCKED
        }
    }

    It 'F51: a table of nftables drops, as firewalld''s would' {
        Invoke-Checked nft add table inet wall
        Invoke-Checked nft add chain inet wall forward '{ type filter hook forward priority 10; policy drop; }'
        Invoke-Checked nft add rule inet wall forward ct state 'established,related' accept
        Invoke-Checked nft add rule inet wall forward iifname eth0 oifname eth0 accept
        try {
            $results = Test-FlannelNode -Detailed
            Get-Complaint $results | Should -Be 'ForwardRule'
            (Get-Result $results ForwardRule)[0].Target | Should -Be 'nftables inet wall, chain forward, policy'
            Invoke-Checked nft insert rule inet wall forward ip saddr 10.42.0.0/16 accept
            Invoke-Checked nft insert rule inet wall forward ip daddr 10.42.0.0/16 accept
            Get-Complaint (Test-FlannelNode -Detailed) | Should -BeNullOrEmpty
        }
        finally { nft delete table inet wall }
    }

    It 'F76: the tunnel''s port is closed here; the rule is named, and the packets agree' {
        Invoke-Checked nft add table inet wall
        Invoke-Checked nft add chain inet wall input '{ type filter hook input priority 0; }'
        Invoke-Checked nft add rule inet wall input udp dport 8472 drop
        try {
            $results = Test-FlannelNode -Detailed
            Get-Complaint $results | Should -Be 'TunnelRule'
            (Get-Result $results TunnelRule).Target | Should -Be 'nftables inet wall, chain input, rule 1'
            Test-FlannelConnectivity flannel -TimeoutSeconds 1 | Should -BeFalse
        }
        finally { nft delete table inet wall }
        Wait-Until { Test-FlannelConnectivity flannel } -Seconds 30
    }
}

Describe 'The way to other hosts' {
    It 'F76: UDP 8472 is blocked on the other host' {
        Invoke-Checked ip netns exec h2 nft add table inet wall
        Invoke-Checked ip netns exec h2 nft add chain inet wall input '{ type filter hook input priority 0; }'
        Invoke-Checked ip netns exec h2 nft add rule inet wall input udp dport 8472 drop
        try {
            $results = Test-FlannelConnectivity flannel -Detailed -TimeoutSeconds 1
            $bad = $results | Where-Object Status -EQ Fail
            "$($bad.PublicIP)" | Should -Be '198.18.0.12' -Because 'the third host answers'
            $bad.IsUnderlayReachable | Should -BeTrue
            $bad.Cause | Should -Match 'UDP 8472 is blocked'
            $bad.Remedy | Should -Match '8472'
            Get-Complaint (Invoke-FlannelCheck -Name flannel) | Should -Be 'PeerReach'
        }
        finally { ip netns exec h2 nft delete table inet wall }
        Wait-Until { Test-FlannelConnectivity flannel } -Seconds 30
    }

    It 'F75: frames that are too long vanish on the way' {
        Invoke-Checked ip -n lan link set h2 mtu 1400
        try {
            $bad = Test-FlannelConnectivity flannel -Detailed -TimeoutSeconds 1 | Where-Object Status -EQ Fail
            "$($bad.PublicIP)" | Should -Be '198.18.0.12'
            $bad.Mtu | Should -Be 1450
            # The tunnel's headers take 50 of 1400 bytes; a bridge lets a frame be longer by the four of a VLAN tag.
            $bad.WorkingMtu | Should -BeIn 1350, 1354
            $bad.Cause | Should -Match 'MTU black hole'
            $results = Invoke-FlannelCheck -Name flannel -Tag Comprehensive
            Get-Complaint $results | Should -Be 'PeerMtu'
            (Get-Result $results PeerMtu $subnetOf['198.18.0.12']).Status | Should -Be 'Fail'
        }
        finally {
            ip -n lan link set h2 mtu 1500
        }
        Wait-Until { Test-FlannelConnectivity flannel } -Seconds 60
    }

    It 'a host that is gone' {
        ip -n lan link set h3 down
        try {
            $bad = Test-FlannelConnectivity flannel -Subnet $subnetOf['198.18.0.13'] -Detailed -TimeoutSeconds 1
            $bad.Status | Should -Be 'Fail'
            $bad.IsUnderlayReachable | Should -BeFalse
            $bad.Cause | Should -Match 'down'
        }
        finally { ip -n lan link set h3 up }
        Wait-Until { Test-FlannelConnectivity flannel } -Seconds 60
    }

    It 'chooses hosts by <Case>' -ForEach @(
        @{ Case = 'subnet'; Try = { Test-FlannelConnectivity flannel -Subnet $subnetOf['198.18.0.13'] -Detailed } }
        @{ Case = 'peer'; Try = { Get-FlannelPeer flannel | Where-Object PublicIP -EQ 198.18.0.13 | Test-FlannelConnectivity -Detailed } }
        @{ Case = 'lease'; Try = { Get-FlannelLease -PublicIP 198.18.0.13 | Test-FlannelConnectivity -Name flannel -Detailed } }
    ) {
        "$((& $Try).PublicIP)" | Should -Be '198.18.0.13'
    }

    It 'says what it cannot find' {
        $null = Get-FailureOf { Test-FlannelConnectivity flannel -Subnet 10.99.0.0/24 -ErrorAction Stop } LeaseNotFound
        $null = Get-FailureOf { Test-FlannelConnectivity nosuch -ErrorAction Stop } NodeNotFound
        $null = Get-FailureOf { Test-FlannelConnectivity flannel -Subnet x -ErrorAction Stop } SubnetInvalid
    }

    It 'tries from the network namespace of the node' {
        # The second host's daemon writes its socket here; its way is not ours.
        $results = Test-FlannelConnectivity h2 -Detailed
        @($results.PublicIP | ForEach-Object { "$_" } | Sort-Object) | Should -Be '198.18.0.11', '198.18.0.13'
        $results.Status | Select-Object -Unique | Should -Be 'Pass'
        ip -n lan link set h2 down
        try { Test-FlannelConnectivity h2 -TimeoutSeconds 1 | Should -BeFalse }
        finally { ip -n lan link set h2 up }
        Wait-Until { Test-FlannelConnectivity h2 } -Seconds 60
    }

    It 'F90: gives the prompt back within a second of Ctrl+C' {
        ip -n lan link set h3 down
        try {
            $shell = [powershell]::Create().AddScript("Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; Test-FlannelConnectivity flannel -TimeoutSeconds 60")
            $null = $shell.BeginInvoke()
            Start-Sleep -Seconds 2
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $shell.Stop()
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 1
        }
        finally { ip -n lan link set h3 up }
        Wait-Until { Test-FlannelConnectivity flannel } -Seconds 60
    }
}

Describe 'A fault of leases and configuration' {
    It 'F66: a key among the leases is none' {
        $null = Invoke-Etcdctl $etcd put /coreos.com/network/subnets/10.42.200.0-24 'no lease'
        try {
            Wait-Until { Get-FlannelLease -Invalid }
            Wait-Until { (Get-Complaint (Test-FlannelNode -Detailed)) -contains 'JunkLease' }
            Get-Complaint (Test-FlannelNode -Detailed) | Should -Be 'JunkLease'
            $results = Test-FlannelHost -Detailed
            Get-Complaint $results | Should -Be 'JunkLease'
            (Get-Result $results JunkLease).Target | Should -Be '/coreos.com/network/subnets/10.42.200.0-24'
        }
        finally { $null = Invoke-Etcdctl $etcd del /coreos.com/network/subnets/10.42.200.0-24 }
        Wait-Until { -not (Get-Complaint (Test-FlannelNode -Detailed)) }
    }

    It 'F24: two leases have one public IP' {
        Set-LabLease $etcd 10.42.201.0/24 198.18.0.12
        try {
            Wait-Until { (Get-Complaint (Test-FlannelNode -Detailed)) -contains 'LeaseOwner' }
            $results = Test-FlannelHost -Detailed
            Get-Complaint $results | Should -Be 'LeaseOwner'
            $result = Get-Result $results LeaseOwner
            $result.Target | Should -Be '198.18.0.12'
            $result.Evidence | Should -Match '10\.42\.201\.0/24'
        }
        finally { $null = Invoke-Etcdctl $etcd del /coreos.com/network/subnets/10.42.201.0-24 }
        Wait-Until { -not (Get-Complaint (Test-FlannelNode -Detailed)) }
    }

    It 'F67: a lease overlaps another one' {
        Set-LabLease $etcd 10.42.128.0/17 198.18.0.99
        try {
            Wait-Until { (Get-Complaint (Test-FlannelNode -Detailed)) -contains 'Peers' }
            $complaints = Get-Complaint (Test-FlannelNode -Detailed)
            $complaints | Should -BeIn 'Peers', 'LeaseOwner'
            (Get-Result (Test-FlannelNode -Detailed) Peers).Cause | Should -Not -BeNullOrEmpty
        }
        finally { $null = Invoke-Etcdctl $etcd del /coreos.com/network/subnets/10.42.128.0-17 }
        Wait-Until { -not (Get-Complaint (Test-FlannelNode -Detailed)) }
    }

    It 'F67: the network overlaps what this host is connected to' {
        ip link add eth1 type veth peer name far0
        ip addr add 10.42.250.7/24 dev eth1
        try {
            $results = Test-FlannelHost -Detailed
            Get-Complaint $results | Should -Be 'Overlap'
            (Get-Result $results Overlap).Target | Should -Be '10.42.250.0/24'
            (Get-Result (Test-FlannelNode -Detailed) Overlap).Status | Should -Be 'Fail'
        }
        finally { ip link del eth1 }
        Get-Complaint (Test-FlannelHost -Detailed) | Should -BeNullOrEmpty
    }

    It 'F26: there is no configuration, or one that cannot be used' {
        $results = Test-FlannelHost -Prefix /nothing -Detailed
        Get-Complaint $results | Should -Be 'NetworkConfig'
        (Get-Result $results NetworkConfig).Remedy | Should -Match 'Set-FlannelNetworkConfig'
        ($results | Where-Object Name -EQ Overlap).Status | Should -Be 'Skip' -Because 'there is nothing to look by'
        Set-LabKey $etcd /bad/config '{"Network":"10.43.0.0/16","SubnetLen":8}'
        $results = Test-FlannelHost -Prefix /bad -Detailed
        Get-Complaint $results | Should -Be 'NetworkConfig'
        (Get-Result $results NetworkConfig).Evidence | Should -Match 'SubnetLen'
        Test-FlannelHost -Prefix /bad | Should -BeFalse
    }

    It 'another program has the tunnel''s port' {
        Set-LabKey $etcd /port/config '{"Network":"10.43.0.0/16","Backend":{"Type":"vxlan","VNI":5,"Port":8999}}'
        $socket = [Net.Sockets.UdpClient]::new(8999)
        try {
            $results = Test-FlannelHost -Prefix /port -Detailed
            Get-Complaint $results | Should -Be 'TunnelPort'
            (Get-Result $results TunnelPort 'UDP 8999').Evidence | Should -Match "process $PID"
        }
        finally { $socket.Dispose() }
        Get-Complaint (Test-FlannelHost -Prefix /port -Detailed) | Should -BeNullOrEmpty
    }
}

Describe 'A fault of the host' {
    It 'the interface is <Case>' -ForEach @(
        @{ Case = 'not there'; Interface = 'nosuch0'; Status = 'Fail'; Match = 'nosuch0' }
        @{ Case = 'loopback'; Interface = 'lo'; Status = 'Fail'; Match = 'lo' }
        @{ Case = 'VirtualBox''s NAT'; Interface = 'vbox'; Status = 'Warn'; Match = 'VirtualBox' }
    ) {
        ip link add vbox type veth peer name far0
        ip addr add 10.0.2.15/24 dev vbox
        ip link set vbox up
        try {
            $result = Get-Result (Test-FlannelHost -Interface $Interface -Detailed) Interface
            $result.Status | Should -Be $Status
            $result.Evidence | Should -Match $Match
        }
        finally { ip link del vbox }
    }

    It 'F62: a folder stands where the subnet file belongs' {
        $null = New-Item -ItemType Directory /run/flannel/taken.env
        try {
            $results = Test-FlannelHost -SubnetFile /run/flannel/taken.env -Detailed
            Get-Complaint $results | Should -Be 'Place'
            (Get-Result $results Place /run/flannel/taken.env).Evidence | Should -Match 'directory'
        }
        finally { Remove-Item /run/flannel/taken.env }
    }

    It 'F62: somebody else could exchange the subnet file' {
        $null = New-Item -ItemType Directory /run/flannel/open
        chmod 0777 /run/flannel/open
        try {
            $result = Get-Result (Test-FlannelHost -SubnetFile /run/flannel/open/subnet.env -Detailed) Place /run/flannel/open/subnet.env
            $result.Status | Should -Be 'Fail'
            $result.Evidence | Should -Match 'chmod go-w'
        }
        finally { Remove-Item /run/flannel/open }
    }

    It 'F61: the subnet file''s place is read-only' {
        $null = New-Item -ItemType Directory /run/flannel/ro
        Invoke-Checked mount -t tmpfs -o 'ro,mode=0755' tmpfs /run/flannel/ro
        try {
            $result = Get-Result (Test-FlannelHost -SubnetFile /run/flannel/ro/subnet.env -Detailed) Place /run/flannel/ro/subnet.env
            $result.Status | Should -Be 'Fail'
            $result.Evidence | Should -Match 'read-only'
        }
        finally {
            umount /run/flannel/ro
            Remove-Item /run/flannel/ro
        }
    }

    It 'F60: the subnet file cannot be written, because a folder stands there' {
        Remove-Item /run/flannel/subnet.env
        $null = New-Item -ItemType Directory /run/flannel/subnet.env
        try {
            Wait-Until { (Get-Complaint (Test-FlannelNode -Detailed)) -contains 'Place' }
            $complaints = Get-Complaint (Test-FlannelNode -Detailed)
            $complaints | Should -BeIn 'Place', 'SubnetFile', 'Ready'
            $complaints | Should -Contain 'SubnetFile'
        }
        finally { Remove-Item /run/flannel/subnet.env }
        Wait-Until { $null = Repair-FlannelNode; Test-FlannelNode } -Seconds 30
    }

    It 'F32: another node has the subnet file' {
        $results = Test-FlannelHost newcomer -Detailed
        Get-Complaint $results | Should -Be 'SecondDaemon'
        (Get-Result $results SecondDaemon flannel).Remedy | Should -Match 'Stop-FlannelNode flannel'
        Get-Complaint (Test-FlannelHost newcomer -SubnetFile /run/flannel/newcomer.env -Detailed) | Should -BeNullOrEmpty
    }

    It 'flanneld runs beside' {
        # A program of that name is enough: it is only named, never asked.
        Copy-Item (Get-Command sleep).Source $TestDrive/flanneld
        $process = Start-Process $TestDrive/flanneld 60 -PassThru
        try {
            Wait-Until { (Get-Content /proc/$($process.Id)/comm) -eq 'flanneld' }
            $results = Test-FlannelNode -Detailed
            Get-Complaint $results | Should -Be 'Flanneld'
            (Get-Result $results Flanneld).Evidence | Should -Match "process $($process.Id)"
        }
        finally { $process.Kill() }
    }
}

Describe 'A fault of the store' {
    It 'F04: nobody answers there' {
        $results = Test-FlannelHost -Endpoint http://127.0.0.1:9 -TimeoutSeconds 1 -Detailed
        Get-Complaint $results | Should -Be 'StoreContact', 'StoreMember'
        (Get-Result $results StoreContact).Cause | Should -Match 'No endpoint answers'
        ($results | Where-Object Name -EQ NetworkConfig).Status | Should -Be 'Skip'
    }

    It 'F11: one of two endpoints is dead' {
        $results = Test-FlannelHost -Endpoint http://127.0.0.1:9, $etcd.Endpoint -TimeoutSeconds 2 -Detailed
        Get-Complaint $results | Should -Be 'StoreMember'
        Test-FlannelHost -Endpoint http://127.0.0.1:9, $etcd.Endpoint -TimeoutSeconds 2 | Should -BeTrue
    }

    It 'F13: its certificate is of another authority' {
        $pki = New-LabCertificate "$TestDrive/pki"
        $null = New-LabCertificate "$TestDrive/foreign"
        $secure = Start-LabEtcd -Port 2479 -Scheme https -Option '--cert-file', "$pki/server.pem", '--key-file', "$pki/server-key.pem"
        try {
            $null = Invoke-Etcdctl $secure "--cacert=$pki/ca.pem" put /coreos.com/network/config '{"Network":"10.44.0.0/16","Backend":{"Type":"vxlan","VNI":3}}'
            $results = Test-FlannelHost -Endpoint $secure.Endpoint -CACertificatePath "$TestDrive/foreign/ca.pem" -TimeoutSeconds 2 -Detailed
            (Get-Result $results StoreContact).Cause | Should -Match 'does not trust'
            Get-Complaint $results | Should -Be 'StoreContact', 'StoreMember'
            Get-Complaint (Test-FlannelHost -Endpoint $secure.Endpoint -CACertificatePath "$pki/ca.pem" -Detailed) | Should -BeNullOrEmpty
        }
        finally { $secure | Stop-LabEtcd }
    }

    It 'F12: it is full' {
        $full = Start-LabEtcd -Port 2579 -Option '--quota-backend-bytes=65536'
        try {
            Set-LabKey $full /coreos.com/network/config '{"Network":"10.44.0.0/16","Backend":{"Type":"vxlan","VNI":3}}'
            $null = Get-Complaint (Test-FlannelHost -Endpoint $full.Endpoint -Detailed) | Should -BeNullOrEmpty
            $env:ETCDCTL_API = '3'
            1..40 | ForEach-Object { 'x' * 8000 | etcdctl "--endpoints=$($full.Endpoint)" put "/fill/$_" 2>&1 } | Out-Null
            $results = Test-FlannelHost -Endpoint $full.Endpoint -Detailed
            Get-Complaint $results | Should -Be 'StoreWrite'
            (Get-Result $results StoreWrite).Remedy | Should -Match 'NOSPACE'
        }
        finally { $full | Stop-LabEtcd }
    }

    It 'F14: <Case>' -ForEach @(
        @{ Case = 'the password is wrong'; User = 'root'; Password = 'wrong'; Complaint = 'StoreContact' }
        @{ Case = 'the user may only read'; User = 'reader'; Password = 'reader'; Complaint = 'StoreWrite' }
        @{ Case = 'nobody is named'; User = $null; Complaint = 'StoreContact' }
    ) {
        $guarded = Start-LabEtcd -Port 2679
        try {
            Set-LabKey $guarded /coreos.com/network/config '{"Network":"10.44.0.0/16","Backend":{"Type":"vxlan","VNI":3}}'
            $null = Invoke-Etcdctl $guarded role add reading
            $null = Invoke-Etcdctl $guarded role grant-permission --prefix reading read /coreos.com/
            $null = Invoke-Etcdctl $guarded user add reader:reader
            $null = Invoke-Etcdctl $guarded user grant-role reader reading
            $null = Enable-LabAuthentication $guarded
            $login = $User ? @{ Credential = [pscredential]::new($User, (ConvertTo-SecureString $Password -AsPlainText -Force)) } : @{}
            $results = Test-FlannelHost -Endpoint $guarded.Endpoint @login -TimeoutSeconds 3 -Detailed
            Get-Complaint $results | Should -Be $Complaint
            $null = Get-Result $results $Complaint
            "$($results | ConvertTo-Json -Depth 3)" | Should -Not -Match 'wrong"'
        }
        finally { $guarded | Stop-LabEtcd }
    }

    It 'F02: it is away while the node runs, and the node is named with the reason' {
        kill -STOP $etcd.Process.Id
        try {
            Wait-Until { (Get-Complaint (Test-FlannelNode -Detailed)) -contains 'Store' } -Seconds 40
            $results = Test-FlannelNode -Detailed
            Get-Complaint $results | Should -BeIn 'Store', 'Ready', 'Lease'
            (Get-Result $results Store).Cause | Should -Not -BeNullOrEmpty
        }
        finally { kill -CONT $etcd.Process.Id }
        Wait-Until { Test-FlannelNode } -Seconds 40
    }
}
