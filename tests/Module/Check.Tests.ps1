# The doctor against real daemons: what its cmdlets give, and how. That the right check names each fault is CheckFault.Tests.ps1's.
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
    Wait-Until { @(Get-FlannelPeer flannel -State Reachable).Count -eq 2 } -Seconds 20    # by the node's own probes

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
        ($results | Where-Object Status -EQ Skip).Name | Should -BeIn 'BridgeFilter', 'Bridge', 'IPv6', 'Service'
        @($results.Name | Select-Object -Unique) | Should -Be @((Get-FlannelCheck | Where-Object { $_.Scope -band 'Node' }).Name)
        Test-FlannelNode | Should -BeTrue
    }

    It 'I8: is not misled by a peer that comes or goes while it looks' {
        foreach ($round in 1..30) {
            Set-LabLease $etcd 10.42.201.0/24
            Get-Complaint (Test-FlannelNode -Detailed | Where-Object Name -In Routes, Neighbors) | Should -BeNullOrEmpty -Because "a peer came (round $round)"
            $null = Invoke-Etcdctl $etcd del /coreos.com/network/subnets/10.42.201.0-24
            Get-Complaint (Test-FlannelNode -Detailed | Where-Object Name -In Routes, Neighbors) | Should -BeNullOrEmpty -Because "it went (round $round)"
        }
    }

    It 'passes every check of the host' {
        $results = Test-FlannelHost -Detailed
        Get-Complaint $results | Should -BeNullOrEmpty -Because ($results | Where-Object Status -In Fail, Warn | Out-String)
        ($results | Where-Object Status -EQ Skip).Name | Should -BeIn 'BridgeFilter', 'Bridge', 'IPv6', 'Service'
        Test-FlannelHost | Should -BeTrue
    }

    It 'has a way to every other host, at the tunnel''s whole MTU' {
        $results = Test-FlannelConnectivity flannel -Detailed | Sort-Object { "$($_.PublicIP)" }
        $results.ForEach({ "$($_.Node) $($_.PublicIP) $($_.Subnet) $($_.Status) $($_.Received)/$($_.Sent) $($_.Mtu) $($_.WorkingMtu) $($_.IsUnderlayReachable)" }) | Should -Be @(
            "flannel 198.18.0.12 $($subnetOf['198.18.0.12']) Pass 10/10 1450 1450 True", "flannel 198.18.0.13 $($subnetOf['198.18.0.13']) Pass 10/10 1450 1450 True")
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

Describe 'Test-FlannelHost' {
    It 'F83: refuses what can be no interface and no regular expression, as Find-FlannelInterface does' {
        $null = Get-FailureOf { Test-FlannelHost -Interface 'a/b' } InterfaceNotFound
        $null = Get-FailureOf { Test-FlannelHost -InterfaceRegex '(' } NodeOptionInvalid
    }

    It 'says of an interface why it is none for other hosts: <Interface>' -ForEach @{ Interface = 'nosuch0' }, @{ Interface = 'lo' } {
        $result = Get-Result (Test-FlannelHost -Interface $Interface -Detailed) Interface
        $result.Status | Should -Be Fail
        $result.Evidence | Should -Match $Interface
    }

    It 'F45: judges a kernel setting as the node does for its findings' {
        Set-LabSetting net.ipv4.ip_forward 0
        try {
            $null = Repair-FlannelNode
            Wait-Until { (Get-FlannelNode flannel).Findings -match 'ip_forward' } -Seconds 70
            $result = Get-Result (Test-FlannelNode -Detailed) Forwarding net.ipv4.ip_forward
            "$((Get-FlannelNode flannel).Findings)" | Should -BeLike "*net.ipv4.ip_forward: is 0*$($result.Remedy)*"
            Test-FlannelNode | Should -BeFalse
        }
        finally { Set-LabSetting net.ipv4.ip_forward 1 }
        Test-FlannelNode | Should -BeTrue
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
            # The node's own probes may have told already, and on the second host its own rule is named.
            $complaints = Get-Complaint (Invoke-FlannelCheck -Name flannel)
            $complaints | Should -Contain 'PeerReach'
            $complaints | Should -BeIn 'PeerReach', 'Probes'
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
        Wait-Until { @(Get-FlannelPeer h2 -State Reachable).Count -eq 2 } -Seconds 20    # what was cut before is forgotten
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
