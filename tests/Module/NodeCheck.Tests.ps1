BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd
    Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
    Set-LabLease $etcd 10.42.1.0/24 198.18.0.21
    $node = Start-FlannelNode -LeaseTtlSeconds 3600 -Probe $false
    Wait-Until { @(Get-FlannelPeer | Where-Object Programmed).Count -eq 1 }
    # The store goes, and comes back as it was.
    function Suspend-Store {
        $script:command = (Get-Content -Raw "/proc/$($etcd.Process.Id)/cmdline").TrimEnd("`0") -split "`0"
        $etcd.Process.Kill()
        $etcd.Process.WaitForExit()
    }
    function Resume-Store {
        $etcd.Process = Start-Process $command[0] $command[1..99] -PassThru -RedirectStandardOutput /dev/null -RedirectStandardError "$($etcd.Folder)/err"
        Wait-Until { Test-FlannelStore -ErrorAction Ignore }
    }
    function Get-Check([string] $Check) { Test-FlannelNode -Detailed | Where-Object Name -EQ $Check }
}

AfterAll {
    Get-FlannelNode | Stop-FlannelNode -Force
    Get-FlannelNode | Reset-FlannelNode -Force
    $etcd | Stop-LabEtcd
}

Describe 'Test-FlannelNode' {
    It 'is true for a node that is as it says, and tells each check' {
        Test-FlannelNode | Should -BeTrue
        $checks = Test-FlannelNode flannel -Detailed
        @($checks.Name)[0..9] | Should -Be 'Answers', 'Ready', 'Lease', 'Store', 'Configuration', 'Device', 'Routes', 'Neighbors', 'Peers', 'SubnetFile'
        @($checks.Status)[0..9] | Select-Object -Unique | Should -Be 'Pass'
        $checks | Where-Object Status -In Fail, Warn | Should -BeNullOrEmpty
        ($checks | Where-Object Name -EQ Device).Message | Should -Match "flannel\.1 is up, MTU 1450, MAC $((ip -json link show flannel.1 | ConvertFrom-Json).address)"
        ($checks | Where-Object Name -EQ Lease).Message | Should -Match ([regex]::Escape("$($node.Subnet)"))
        ($checks | Where-Object Name -EQ Routes).Message | Should -Match 'All 1 routes'
        $checks.Node | Select-Object -Unique | Should -Be 'flannel'
    }

    It 'takes nodes from the pipeline' {
        Get-FlannelNode | Test-FlannelNode | Should -BeTrue
    }

    It 'sees that <Case>' -ForEach @(
        @{ Case = 'the subnet file is gone'; Check = 'SubnetFile'; Change = { Remove-Item /run/flannel/subnet.env }; Match = 'not there' }
        @{ Case = 'the subnet file has another subnet'; Check = 'SubnetFile'; Change = { (Get-Content /run/flannel/subnet.env) -replace '(SUBNET)=.*', '$1=10.42.250.1/24' | Set-Content /run/flannel/subnet.env }; Match = '10\.42\.250\.0/24' }
        @{ Case = 'the subnet file has another MTU'; Check = 'SubnetFile'; Change = { (Get-Content /run/flannel/subnet.env) -replace '(MTU)=.*', '$1=9000' | Set-Content /run/flannel/subnet.env }; Match = 'MTU 9000 in place of 1450' }
    ) {
        $null = Repair-FlannelNode    # the next look of its own is five seconds away
        & $Change
        try {
            $check = Get-Check $Check
            $check.Status | Should -Be 'Fail'
            $check.Message | Should -Match $Match
            $check.Remedy | Should -Not -BeNullOrEmpty
            Test-FlannelNode | Should -BeFalse
        }
        finally { $null = Repair-FlannelNode }
        Test-FlannelNode | Should -BeTrue
    }

    It 'warns of a lease that is not believed' {
        Set-LabLease $etcd 10.42.3.0/24 198.18.0.11
        try {
            Wait-Until { Get-FlannelPeer -State Refused }
            $check = Get-Check Peers
            $check.Status | Should -Be 'Warn'
            $check.Message | Should -Match '10\.42\.3\.0/24'
            Test-FlannelNode | Should -BeTrue -Because 'the node is right'
        }
        finally { $null = Invoke-Etcdctl $etcd del /coreos.com/network/subnets/10.42.3.0-24 }
    }

    It 'warns of a configuration that was changed since the start' {
        Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan","VNI":7}}'
        try {
            Wait-Until { (Get-Check Configuration).Status -eq 'Warn' }
            (Get-Check Configuration).Message | Should -Match 'restarted'
        }
        finally { Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}' }
        Wait-Until { (Get-Check Configuration).Status -eq 'Pass' }
    }

    It 'is false while somebody else''s route stands where a peer''s belongs' {
        try {
            Wait-Until { ip route replace 10.42.1.0/24 via 198.18.0.1 proto static; Get-FlannelPeer -State Failed } -Seconds 15
            Test-FlannelNode | Should -BeFalse
            (Get-Check Peers).Message | Should -Match 'contested'
            (Get-Check Routes).Message | Should -Match 'Foreign'
        }
        finally {
            ip route del 10.42.1.0/24 via 198.18.0.1
            Wait-Until { Test-FlannelNode }
        }
    }

    It 'is false while the store is away, with the reason' {
        Suspend-Store
        try {
            Wait-Until { -not (Test-FlannelNode) } -Seconds 20
            (Get-Check Store).Status | Should -Be 'Fail'
            (Get-Check Ready).Message | Should -Match 'Store|Lease'
            (Get-Check Device).Status | Should -Be 'Pass' -Because 'what is programmed stays'
        }
        finally { Resume-Store }
        Wait-Until { Test-FlannelNode } -Seconds 20
    }

    It 'is false, and within its time, for a node that hangs' {
        $process = (Get-FlannelNode flannel).Id
        kill -STOP $process
        try {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $check = Get-Check Answers
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 6
            $check.Status | Should -Be 'Fail'
            $check.Message | Should -Match 'no answer'
        }
        finally { kill -CONT $process }
    }

    It 'is false for a node that does not run, and an error for one that is not there' {
        Stop-FlannelNode flannel
        try {
            Test-FlannelNode | Should -BeFalse
            (Get-Check Answers).Message | Should -Match 'No node .flannel. runs'
        }
        finally { $node = Start-FlannelNode -LeaseTtlSeconds 3600 -Probe $false }
        $null = Get-FailureOf { Test-FlannelNode nosuch -ErrorAction Stop } NodeNotFound
    }
}

Describe 'Repair-FlannelNode' {
    It 'says that nothing was to be done where all is as it should be' {
        $results = Repair-FlannelNode
        $results.ForEach({ "$($_.Name) $($_.Component) $($_.Repaired) $($_.Succeeded)" }) | Should -Be 'flannel Lease 0 True', 'flannel Kernel 0 True', 'flannel SubnetFile 0 True'
    }

    It 'writes a subnet file that is gone, before it returns' {
        Remove-Item /run/flannel/subnet.env
        ($result = Get-FlannelNode | Repair-FlannelNode -Component SubnetFile).Repaired | Should -Be 1
        @($result).Count | Should -Be 1
        Test-Path /run/flannel/subnet.env | Should -BeTrue
    }

    It 'takes back a place that was left to somebody else, and says what it put there' {
        Wait-Until { ip route replace 10.42.1.0/24 via 198.18.0.1 proto static; Get-FlannelPeer -State Failed } -Seconds 15
        $result = Repair-FlannelNode -Component Kernel
        $result.Detail | Should -Be '1 route'
        $result.Repaired | Should -Be 1
        $result.Succeeded | Should -BeTrue
        ip route show 10.42.1.0/24 | Should -Match 'flannel\.1'
    }

    It 'does not touch <Other> when it is asked for <Component>' -ForEach @(
        @{ Component = 'Lease'; Other = 'the subnet file' }
        @{ Component = 'Kernel'; Other = 'the subnet file' }
    ) {
        $null = Repair-FlannelNode
        Remove-Item /run/flannel/subnet.env
        (Repair-FlannelNode -Component $Component).Component | Should -Be $Component
        Test-Path /run/flannel/subnet.env | Should -BeFalse
        (Repair-FlannelNode).Repaired | Should -Be 0, 0, 1
    }

    It 'ends waiting after a conflict, and takes the lease again' {
        $subnet = (Get-FlannelNode flannel).Subnet
        Set-LabLease $etcd "$subnet" 198.18.0.99
        Wait-Until { (Get-FlannelNode flannel).State -eq 'Conflict' }
        (Repair-FlannelNode -Component Lease).Problem | Should -Match 'Conflict'
        $null = Invoke-Etcdctl $etcd del "/coreos.com/network/subnets/$("$subnet" -replace '/', '-')"
        Wait-Until { (Repair-FlannelNode -Component Lease).Succeeded }
        Wait-Until { (Get-FlannelNode flannel).IsReady }
        "$((Get-FlannelLease -PublicIP 198.18.0.11).Subnet)" | Should -Be "$subnet"
    }

    It 'says of a node that has not come up what it waits for' {
        $job = Start-FlannelNode -Name second -Interface nosuch0 -SubnetFile /run/flannel/second.env -Prefix /second -AsJob
        Set-LabKey $etcd /second/config '{"Network":"10.43.0.0/16","Backend":{"Type":"vxlan","VNI":2}}'
        try {
            Wait-Until { (Get-FlannelNode second -ErrorAction Ignore).Phase -eq 'Interface' }
            $result = Repair-FlannelNode second
            $result.Succeeded | Should -Be $false, $false, $false
            $result[0].Problem | Should -Match 'nosuch0'
        }
        finally {
            $job | Stop-Job -PassThru | Remove-Job
            Reset-FlannelNode second -Force
            Remove-Item -Recurse /var/lib/flannelps/second -ErrorAction Ignore
        }
    }

    It 'says within its time that the store is away' {
        kill -STOP $etcd.Process.Id
        try {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $result = Repair-FlannelNode
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 15
            ($result | Where-Object Component -EQ Lease).Succeeded | Should -BeFalse
            ($result | Where-Object Component -EQ Kernel).Succeeded | Should -BeTrue
        }
        finally { kill -CONT $etcd.Process.Id }
        Wait-Until { (Get-FlannelNode flannel).IsReady } -Seconds 20
    }

    It 'F90: gives the prompt back within a second of Ctrl+C' {
        kill -STOP $etcd.Process.Id
        try {
            $shell = [powershell]::Create().AddScript("Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; Repair-FlannelNode")
            $null = $shell.BeginInvoke()
            Start-Sleep -Milliseconds 700
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $shell.Stop()
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 1
        }
        finally { kill -CONT $etcd.Process.Id }
        Wait-Until { (Get-FlannelNode flannel).IsReady } -Seconds 20
    }

    It 'F93: asks nothing of the node with -WhatIf' {
        Remove-Item /run/flannel/subnet.env
        Repair-FlannelNode -WhatIf | Should -BeNullOrEmpty
        Test-Path /run/flannel/subnet.env | Should -BeFalse
        $null = Repair-FlannelNode
    }

    It 'says of a node that is not there, or does not run, which of the two it is' {
        $null = Get-FailureOf { Repair-FlannelNode nosuch -ErrorAction Stop } NodeNotFound
        Stop-FlannelNode flannel
        try { $null = Get-FailureOf { Repair-FlannelNode -ErrorAction Stop } NodeNotRunning }
        finally { $null = Start-FlannelNode -LeaseTtlSeconds 3600 -Probe $false }
    }
}

Describe 'Get-FlannelHealth' {
    BeforeAll {
        Stop-FlannelNode flannel
        $null = Start-FlannelNode -HealthzIP 127.0.0.1 -HealthzPort 8471 -Probe $false
    }

    It 'tells of the nodes of this host whether they live and are ready' {
        $health = Get-FlannelHealth
        "$($health.Name) $($health.IsAlive) $($health.IsReady)" | Should -Be 'flannel True True'
        $health.Reason | Should -BeNullOrEmpty
        $health.Latency.TotalSeconds | Should -BeLessThan 1
        (Get-FlannelNode | Get-FlannelHealth).IsReady | Should -BeTrue
    }

    It 'asks others over HTTP, whatever of the address is given: <_>' -ForEach 'http://127.0.0.1:8471', '127.0.0.1:8471', 'http://127.0.0.1:8471/readyz', 'localhost:8471' {
        $health = Get-FlannelHealth -Uri $_
        "$($health.IsAlive) $($health.IsReady)" | Should -Be 'True True'
    }

    It 'tells the reasons of one that is not ready, here and over HTTP' {
        Suspend-Store
        try {
            Wait-Until { -not (Get-FlannelHealth flannel).IsReady } -Seconds 20
            (Get-FlannelHealth flannel).Reason | Should -Match 'Lease|Store'
            $health = 'http://127.0.0.1:8471' | Get-FlannelHealth
            "$($health.IsAlive) $($health.IsReady)" | Should -Be 'True False'
            $health.Reason | Should -Match 'Lease|Store'
        }
        finally { Resume-Store }
        Wait-Until { (Get-FlannelHealth flannel).IsReady } -Seconds 20
    }

    It 'tells that a stopped node does not live' {
        Stop-FlannelNode flannel
        try {
            $health = Get-FlannelHealth flannel
            "$($health.IsAlive) $($health.IsReady)" | Should -Be 'False False'
            $null = Get-FailureOf { Get-FlannelHealth -Uri http://127.0.0.1:8471 -ErrorAction Stop } HealthUnreachable
        }
        finally { $null = Start-FlannelNode -HealthzIP 127.0.0.1 -HealthzPort 8471 }
    }

    It 'says of <Case> that no health is told there' -ForEach @(
        @{ Case = 'a server that is no node'; Uri = 'http://127.0.0.1:2379/x' }
        @{ Case = 'a port without a listener'; Uri = 'http://127.0.0.1:9' }
        @{ Case = 'no address at all'; Uri = 'ftp://127.0.0.1' }
        @{ Case = 'a name that nobody has'; Uri = 'http://nosuch.invalid' }
    ) {
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $null = Get-FailureOf { Get-FlannelHealth -Uri $Uri -TimeoutSeconds 2 -ErrorAction Stop } HealthUnreachable
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 4
    }

    It 'goes on with the others behind one that is away' {
        $health = Get-FlannelHealth -Uri http://127.0.0.1:9, http://127.0.0.1:8471 -ErrorAction SilentlyContinue
        "$($health.Name)" | Should -Be '127.0.0.1'
    }

    It 'F90: waits for a silent listener as long as it was told, and not for one that talks for ever; Ctrl+C ends it' {
        $listener = [Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 8472)
        $listener.Start()
        try {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $null = Get-FailureOf { Get-FlannelHealth -Uri http://127.0.0.1:8472 -TimeoutSeconds 1 -ErrorAction Stop } HealthUnreachable
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 2.5
            $shell = [powershell]::Create().AddScript("Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; Get-FlannelHealth -Uri http://127.0.0.1:8472 -TimeoutSeconds 60")
            $null = $shell.BeginInvoke()
            Start-Sleep -Milliseconds 700
            $clock.Restart()
            $shell.Stop()
            $clock.Elapsed.TotalSeconds | Should -BeLessThan 1
        }
        finally { $listener.Stop() }
    }

    It 'takes flanneld''s answer for what it is: alive, and no word of readiness' {
        if (-not ($env:FLANNELD -and (Test-Path $env:FLANNELD))) { Set-ItResult -Skipped -Because 'FLANNELD does not name the original'; return }
        $original = New-LabHost 2
        $process = Start-Process ip 'netns', 'exec', $original.Name, $env:FLANNELD, "-etcd-endpoints=$($etcd.Remote)", '-iface=eth0', '-subnet-file=/run/flannel/original.env', '-healthz-ip=0.0.0.0', '-healthz-port=8473' -PassThru -RedirectStandardError "$TestDrive/flanneld"
        try {
            Wait-Until { Get-FlannelHealth -Uri http://198.18.0.12:8473 -ErrorAction Ignore }
            $health = Get-FlannelHealth -Uri http://198.18.0.12:8473
            $health.IsAlive | Should -BeTrue
            $health.IsReady | Should -BeNullOrEmpty
        }
        finally {
            $process.Kill()
            Remove-LabHost 2
        }
    }

    It 'says of a name that no node has that there is none' {
        $null = Get-FailureOf { Get-FlannelHealth nosuch -ErrorAction Stop } NodeNotFound
    }
}

Describe 'Get-FlannelMetric' {
    It 'gives each number with its type and its meaning' {
        $metrics = Get-FlannelMetric
        $peers = $metrics | Where-Object Name -EQ flannelps_peers
        "$($peers.Value) $($peers.Type) $($peers.Node)" | Should -Be "$(@(Get-FlannelPeer | Where-Object Programmed).Count) gauge flannel"
        $peers.Help | Should -Match 'Peers'
        $peers.Labels.Count | Should -Be 0
        $rounds = $metrics | Where-Object Name -EQ flannelps_rounds_total
        $rounds.Type | Should -Be 'counter'
        $rounds.Value | Should -BeGreaterThan 0
        (Get-FlannelMetric flannel flannelps_lease*).Name | Should -Contain 'flannelps_leases'
        (Get-FlannelNode | Get-FlannelMetric -Metric *s_ready).Value | Should -Be 1
    }

    It 'gives the parts of a histogram, states and words with the type of their family' {
        $metrics = Get-FlannelMetric
        $buckets = @($metrics | Where-Object Name -EQ flannelps_round_seconds_bucket)
        $buckets.Type | Sort-Object -Unique | Should -Be histogram
        $buckets[-1].Labels['le'] | Should -Be '+Inf'
        $buckets[-1].Value | Should -Be ($metrics | Where-Object Name -EQ flannelps_round_seconds_count).Value
        $buckets[-1].Help | Should -Match 'round'
        ($metrics | Where-Object Name -EQ flannelps_node_info).Labels['name'] | Should -Be flannel
        $state = $metrics | Where-Object { $_.Type -eq 'stateset' -and $_.Value -eq 1 }
        $state.Labels['flannelps_node_state'] | Should -Be (Get-FlannelNode flannel).State
        ($metrics | Where-Object Name -EQ flannelps_peers_by_state | Measure-Object Value -Sum).Sum | Should -Be @(Get-FlannelPeer).Count
    }

    It 'F82: tells them on the port of the loopback that was asked for, and nowhere else' {
        Stop-FlannelNode flannel
        $null = Start-FlannelNode -MetricsPort 9478
        try {
            $answer = Invoke-WebRequest http://127.0.0.1:9478/metrics -NoProxy
            "$($answer.Headers['Content-Type'])" | Should -Match '^application/openmetrics-text; version=1\.0\.0'
            [Text.Encoding]::UTF8.GetString($answer.Content) | Should -Match '(?s)flannelps_ready 1.*# EOF\n$'
            { Invoke-WebRequest http://198.18.0.11:9478/metrics -NoProxy -TimeoutSec 2 } | Should -Throw
            (Invoke-WebRequest http://127.0.0.1:9478/status -NoProxy -SkipHttpErrorCheck).StatusCode | Should -Be 404
            (Get-FailureOf { Start-FlannelNode -Name second -Prefix /second -SubnetFile /run/flannel/second.env -MetricsPort 9478 } NodeStartFailed).Exception.Message | Should -Match '--metrics-port'
        }
        finally {
            Stop-FlannelNode flannel
            $null = Start-FlannelNode
        }
    }

    It 'gives the text that Prometheus reads' {
        $text = Get-FlannelMetric -AsPrometheus
        $text | Should -BeOfType ([string])
        $text | Should -Match '# TYPE flannelps_peers gauge'
        $text | Should -Match "# EOF`n$"
    }

    It 'says of a node that is not there, or does not run, which of the two it is' {
        $null = Get-FailureOf { Get-FlannelMetric nosuch -ErrorAction Stop } NodeNotFound
        Stop-FlannelNode flannel
        try { $null = Get-FailureOf { Get-FlannelMetric -ErrorAction Stop } NodeNotRunning }
        finally { $null = Start-FlannelNode }
    }
}
