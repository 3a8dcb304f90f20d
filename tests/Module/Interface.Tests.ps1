BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    Initialize-Lab
    ip link add eth5 type veth peer name eth6
    ip addr add 192.0.2.5/24 dev eth5
    ip link set eth5 up
    ip link set eth6 up
    ip link add bare0 type veth peer name bare1
}

AfterAll {
    ip link del eth5
    ip link del bare0
}

Describe 'Find-FlannelInterface' {
    It 'says of each interface whether it would be chosen, and why or why not' {
        $found = Find-FlannelInterface
        $chosen = @($found | Where-Object IsChosen)
        $chosen.Interface | Should -Be 'eth0'
        $found[0].Interface | Should -Be 'eth0' -Because 'the chosen one is what is asked for'
        $chosen[0].Reason | Should -Match 'default route'
        "$($chosen[0].IPAddress) $($chosen[0].PublicIP) $($chosen[0].Mtu) $($chosen[0].IsUp) $($chosen[0].Kind)" | Should -Be '198.18.0.11 198.18.0.11 1500 True veth'
        $reason = @{}
        $found.ForEach({ $reason[$_.Interface] = $_.Reason })
        $reason['eth5'] | Should -Match 'no default route'
        $reason['bare0'] | Should -Match 'no usable IPv4 address'
        $reason['lo'] | Should -Match 'no usable IPv4 address'
        ($found | Where-Object IsUsable).Interface | Should -Be 'eth0', 'eth5'
    }

    It 'chooses by <Case>' -ForEach @(
        @{ Case = 'name'; Parameters = @{ Interface = 'eth5' }; Expected = 'eth5' }
        @{ Case = 'flanneld''s own name of the option'; Parameters = @{ iface = 'eth5' }; Expected = 'eth5' }
        @{ Case = 'address'; Parameters = @{ Interface = '192.0.2.5' }; Expected = 'eth5' }
        @{ Case = 'the first that fits'; Parameters = @{ Interface = 'bare0', 'eth5', 'eth0' }; Expected = 'eth5' }
        @{ Case = 'pattern'; Parameters = @{ InterfaceRegex = '^192\.0' }; Expected = 'eth5' }
        @{ Case = 'reachable address'; Parameters = @{ CanReach = '192.0.2.77' }; Expected = 'eth5' }
        @{ Case = 'public address'; Parameters = @{ PublicIP = '192.0.2.5' }; Expected = 'eth5' }
    ) {
        (Find-FlannelInterface @Parameters -WarningAction SilentlyContinue | Where-Object IsChosen).Interface | Should -Be $Expected
    }

    It 'is what a node then takes' {
        $etcd = Start-LabEtcd
        Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"host-gw"}}'
        try {
            $node = Start-FlannelNode -Interface bare0, eth5
            $node.Interface | Should -Be (Find-FlannelInterface bare0, eth5 -WarningAction SilentlyContinue | Where-Object IsChosen).Interface
        }
        finally {
            Get-FlannelNode | Stop-FlannelNode -Force -Cleanup
            $etcd | Stop-LabEtcd
        }
    }

    It 'tells what lies behind a NAT, and what is odd about a choice' {
        $found = Find-FlannelInterface -PublicIP 203.0.113.9 | Where-Object IsChosen
        "$($found.IPAddress) $($found.PublicIP)" | Should -Be '198.18.0.11 203.0.113.9'
        ip link set eth5 down
        try {
            $null = Find-FlannelInterface eth5 -WarningVariable warning -WarningAction SilentlyContinue
            $warning | Should -Match 'down'
        }
        finally { ip link set eth5 up }
    }

    It 'needs both families with -DualStack' {
        ip -6 addr flush dev eth0
        (Get-FailureOf { Find-FlannelInterface -DualStack -ErrorAction Stop } InterfaceNotFound).Exception.Message | Should -Match 'IPv6'
        ip addr add 2001:db8::11/64 dev eth0 nodad
        try { "$((Find-FlannelInterface -DualStack | Where-Object IsChosen).PublicIPv6)" | Should -Be '2001:db8::11' }
        finally { ip addr del 2001:db8::11/64 dev eth0 }
    }

    It 'warns of a name that is not there while another fits, and fails where none does' {
        $null = Find-FlannelInterface nosuch0, eth0 -WarningVariable warning -WarningAction SilentlyContinue
        $warning | Should -Match 'nosuch0'
        $found = Find-FlannelInterface nosuch0 -ErrorVariable problem -ErrorAction SilentlyContinue
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'InterfaceNotFound,*'
        $problem[0].Exception.Message | Should -Match 'nosuch0'
        $found.Interface | Should -Contain 'eth0' -Because 'it still shows what there is'
        $found.IsChosen | Should -Not -Contain $true
    }

    It 'F83: takes no name that is none: <_>' -ForEach 'a/b', "x`ny", 'x; touch /tmp/hacked', ('x' * 16) {
        $failure = Get-FailureOf { Find-FlannelInterface -Interface $_ } InterfaceNotFound
        $failure.Exception.Message | Should -Not -Match "`n"
    }

    It 'takes no pattern that is none, and waits for none that never ends' {
        $null = Get-FailureOf { Find-FlannelInterface -InterfaceRegex '(' } NodeOptionInvalid
        ip link set bare0 name aaaaaaaaaaaaaab
        try {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $null = Find-FlannelInterface -InterfaceRegex '^(([a-z])+.)+[A-Z]([a-z])+$' -ErrorAction SilentlyContinue
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 2
        }
        finally { ip link set aaaaaaaaaaaaaab name bare0 }
    }

    It 'needs no rights' {
        $said = setpriv --reuid=65534 --regid=65534 --clear-groups pwsh -NoProfile -Command "`$env:HOME = '/tmp'; Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; (Find-FlannelInterface | Where-Object IsChosen).Interface"
        $said | Should -Be 'eth0'
    }

    It 'completes interfaces' {
        $line = 'Find-FlannelInterface et'
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Contain 'eth5'
    }
}
