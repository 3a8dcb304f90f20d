BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd
    Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
    Set-LabLease $etcd 10.42.1.0/24 198.18.0.21
    Set-LabLease $etcd 10.42.2.0/24 198.18.0.22
    $null = Start-FlannelNode
    # An address of this host in another host's lease is not believed.
    Set-LabLease $etcd 10.42.3.0/24 198.18.0.11
    Wait-Until { @(Get-FlannelPeer).Count -eq 3 }
}

AfterAll {
    Get-FlannelNode | Stop-FlannelNode -Force
    Get-FlannelNode | Reset-FlannelNode -Force
    $etcd | Stop-LabEtcd
}

Describe 'Get-FlannelPeer' {
    It 'shows each peer, and why one is not programmed or not reachable' {
        Wait-Until { @(Get-FlannelPeer -State Unreachable).Count -eq 2 } 15    # nobody is there
        $peers = Get-FlannelPeer | Sort-Object { "$_" }
        $peers.ForEach({ "$($_.Subnet) $($_.PublicIP) $($_.BackendType) $($_.State) $($_.Programmed) $($_.Node)" }) | Should -Be @(
            '10.42.1.0/24 198.18.0.21 vxlan Unreachable True flannel'
            '10.42.2.0/24 198.18.0.22 vxlan Unreachable True flannel'
            '10.42.3.0/24 198.18.0.11 vxlan Refused False flannel')
        $peers[2].Reason | Should -Match 'our own'
        $peers[0].Reason | Should -Be '10.42.1.0 has never answered'
        $peers[0].LossLastMinute | Should -Be 1
        $node = Get-FlannelNode flannel
        "$($node.State) $($node.IsReady) $($node.UnreachablePeers) of $($node.Peers)" | Should -Be 'PeerUnreachable True 2 of 2'
        $node.Causes | Should -Be 'Peers: 2 cannot be reached, such as: 10.42.1.0/24 is Unreachable'
    }

    It 'chooses by <Case>' -ForEach @(
        @{ Case = 'subnet'; Parameters = @{ Subnet = '10.42.1.0/24' }; Expected = '10.42.1.0/24' }
        @{ Case = 'network'; Parameters = @{ Subnet = '10.42.2.0/23' }; Expected = '10.42.2.0/24', '10.42.3.0/24' }
        @{ Case = 'pattern'; Parameters = @{ Subnet = '10.42.[13]*' }; Expected = '10.42.1.0/24', '10.42.3.0/24' }
        @{ Case = 'state'; Parameters = @{ State = 'ref*' }; Expected = '10.42.3.0/24' }
        @{ Case = 'node'; Parameters = @{ Name = 'flan*' }; Expected = '10.42.1.0/24', '10.42.2.0/24', '10.42.3.0/24' }
        @{ Case = 'another node'; Parameters = @{ Name = 'other*' }; Expected = @() }
    ) {
        @(Get-FlannelPeer @Parameters).ForEach({ "$_" }) | Sort-Object | Should -Be $Expected
    }

    It 'takes nodes and leases from the pipeline, and feeds Get-FlannelLease' {
        (Get-FlannelNode | Get-FlannelPeer).Count | Should -Be 3
        "$(Get-FlannelLease 10.42.1.0/24 | Get-FlannelPeer)" | Should -Be '10.42.1.0/24'
        "$((Get-FlannelPeer -Subnet 10.42.2.0/24 | Get-FlannelLease).Subnet)" | Should -Be '10.42.2.0/24'
    }

    It 'says of a place that somebody else keeps that the peer is not programmed' {
        try {
            Wait-Until { ip route replace 10.42.2.0/24 via 198.18.0.1 proto static; Get-FlannelPeer -State Failed } -Seconds 15
            $peer = Get-FlannelPeer -State Failed
            "$($peer.Subnet)" | Should -Be '10.42.2.0/24'
            $peer.Reason | Should -Match 'contested'
        }
        finally {
            ip route del 10.42.2.0/24 via 198.18.0.1
            Wait-Until { -not (Get-FlannelPeer -State Failed) }
        }
    }

    It 'says of <Case> what is wrong' -ForEach @(
        @{ Case = 'a subnet without a peer'; Parameters = @{ Subnet = '10.42.9.0/24' }; Id = 'LeaseNotFound'; Match = '10\.42\.9\.0/24' }
        @{ Case = 'host bits'; Parameters = @{ Subnet = '10.42.1.7/24' }; Id = 'SubnetInvalid'; Match = '10\.42\.1\.0/24' }
        @{ Case = 'no subnet at all'; Parameters = @{ Subnet = 'x' }; Id = 'SubnetInvalid'; Match = 'x' }
        @{ Case = 'a node that is not there'; Parameters = @{ Name = 'nosuch' }; Id = 'NodeNotFound'; Match = 'nosuch' }
    ) {
        (Get-FailureOf { Get-FlannelPeer @Parameters -ErrorAction Stop } $Id).Exception.Message | Should -Match $Match
    }

    It 'completes nodes, subnets and states' {
        foreach ($case in @(('Get-FlannelPeer fl', 'flannel'), ('Get-FlannelPeer -Subnet 10.42.2', '10.42.2.0/24'), ('Get-FlannelPeer -State R', 'Refused'))) {
            (TabExpansion2 $case[0] $case[0].Length).CompletionMatches.CompletionText | Should -Contain $case[1]
        }
    }

    It 'says of a node that is stopped that it does not run' {
        Stop-FlannelNode flannel
        try { $null = Get-FailureOf { Get-FlannelPeer -ErrorAction Stop } NodeNotRunning }
        finally { $null = Start-FlannelNode }
    }

    It 'F75: shows of a peer that answers the way, the length and who it is' {
        try {
            $other = Start-LabPeer (New-LabHost 2) $etcd.Remote
            Wait-Until { Get-FlannelPeer flannel -State Reachable | Where-Object LastHeard } 20
            $peer = Get-FlannelPeer flannel -State Reachable
            "$($peer.PublicIP) $($peer.WorkingMtu) $($peer.LossLastMinute) $($peer.LossLastHour) $($peer.HostName)" | Should -Be "198.18.0.12 1450 0 0 $([Environment]::MachineName)"
            "$($peer.ProbeAddress)/24" | Should -Be "$($peer.Subnet)"
            $peer.RoundTripTime.TotalMilliseconds | Should -BeGreaterThan 0
            $peer.RoundTripTime.TotalMilliseconds | Should -BeLessThan 1000
            ([DateTimeOffset]::Now - $peer.LastAnswer).TotalSeconds | Should -BeLessThan 10
            $peer.Version | Should -Be (Get-Module FlannelPS).Version
            (Get-FlannelNode flannel).ReachablePeers | Should -Be 1
            $peer | Format-Table | Out-String | Should -Match 'Reachable .*ms +0%'
        }
        finally {
            if ($other) { $other.Kill() }
            Remove-LabHost 2
        }
    }
}
