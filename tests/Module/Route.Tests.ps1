BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd
    Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
    Set-LabLease $etcd 10.42.1.0/24 198.18.0.21
    Set-LabLease $etcd 10.42.2.0/24 198.18.0.22
    $node = Start-FlannelNode
    Wait-Until { @(Get-FlannelPeer | Where-Object Programmed).Count -eq 2 }
}

AfterAll {
    Get-FlannelNode | Stop-FlannelNode -Force
    Get-FlannelNode | Reset-FlannelNode -Force
    $etcd | Stop-LabEtcd
}

Describe 'Get-FlannelRoute' {
    It 'shows the routes of the overlay, and no others' {
        (Get-FlannelRoute).ForEach({ "$($_.DestinationPrefix) $($_.NextHop) $($_.Interface) $($_.State) $($_.Node)" }) | Should -Be @(
            '10.42.1.0/24 10.42.1.0 flannel.1 Active flannel'
            '10.42.2.0/24 10.42.2.0 flannel.1 Active flannel')
    }

    It 'chooses by <Case>' -ForEach @(
        @{ Case = 'destination'; Parameters = @{ DestinationPrefix = '10.42.2.0/24' }; Expected = '10.42.2.0/24' }
        @{ Case = 'network'; Parameters = @{ DestinationPrefix = '10.42.0.0/23' }; Expected = '10.42.1.0/24' }
        @{ Case = 'pattern'; Parameters = @{ DestinationPrefix = '*.2.0/24' }; Expected = '10.42.2.0/24' }
        @{ Case = 'state'; Parameters = @{ State = 'Miss*' }; Expected = @() }
        @{ Case = 'node'; Parameters = @{ Name = 'flannel' }; Expected = '10.42.1.0/24', '10.42.2.0/24' }
        @{ Case = 'another node'; Parameters = @{ Name = 'other*' }; Expected = @() }
    ) {
        @(Get-FlannelRoute @Parameters).ForEach({ "$_" }) | Should -Be $Expected
    }

    It 'takes nodes from the pipeline' {
        @(Get-FlannelNode | Get-FlannelRoute).Count | Should -Be 2
    }

    It 'says of a route that somebody else keeps that it is foreign' {
        try {
            # At the third time the node leaves the place.
            Wait-Until { ip route replace 10.42.2.0/24 via 198.18.0.1 proto static; Get-FlannelPeer -State Failed } -Seconds 15
            $route = Get-FlannelRoute -State Foreign
            "$route $($route.NextHop) $($route.Interface)" | Should -Be '10.42.2.0/24 198.18.0.1 eth0'
        }
        finally {
            ip route del 10.42.2.0/24 via 198.18.0.1
            Wait-Until { -not (Get-FlannelPeer -State Failed) }
        }
    }

    It 'shows what a stopped node has left, to root by its name and to others by its mark' {
        Stop-FlannelNode flannel
        try {
            (Get-FlannelRoute -Name flannel).ForEach({ "$_ $($_.State) $($_.Node)" }) | Should -Be '10.42.1.0/24 Active flannel', '10.42.2.0/24 Active flannel'
            $said = setpriv --reuid=65534 --regid=65534 --clear-groups pwsh -NoProfile -Command "`$env:HOME = '/tmp'; Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; Get-FlannelRoute | ForEach-Object { `"`$_ `$(`$_.State) '`$(`$_.Node)'`" }"
            $said | Should -Be "10.42.1.0/24 Active ''", "10.42.2.0/24 Active ''"
        }
        finally { $null = Start-FlannelNode }
    }

    It 'needs no rights while the node runs, and says so where its name is asked for' {
        $said = setpriv --reuid=65534 --regid=65534 --clear-groups pwsh -NoProfile -Command "`$env:HOME = '/tmp'; Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; (Get-FlannelRoute).Count; try { Get-FlannelRoute -Name flannel -ErrorAction Stop } catch { `$_.FullyQualifiedErrorId }"
        $said | Should -Be '2', 'PrivilegeRequired,FlannelPS.Commands.GetFlannelRouteCommand'
    }

    It 'says of <Case> what is wrong' -ForEach @(
        @{ Case = 'a destination without a route'; Parameters = @{ DestinationPrefix = '10.42.9.0/24' }; Id = 'RouteNotFound' }
        @{ Case = 'host bits'; Parameters = @{ DestinationPrefix = '10.42.1.7/24' }; Id = 'SubnetInvalid' }
        @{ Case = 'a node that is not there'; Parameters = @{ Name = 'nosuch' }; Id = 'NodeNotFound' }
    ) {
        $null = Get-FailureOf { Get-FlannelRoute @Parameters -ErrorAction Stop } $Id
    }

    It 'completes states' {
        $line = 'Get-FlannelRoute -State A'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'Active'
    }
}
