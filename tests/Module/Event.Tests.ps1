BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd
    Set-LabKey $etcd /coreos.com/network/config '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}'
}

AfterAll {
    $etcd | Stop-LabEtcd
}

Describe 'Get-FlannelEvent' {
    BeforeAll {
        function Start-Following([string] $Script) {
            $output = [Collections.Concurrent.ConcurrentQueue[psobject]]::new()
            $shell = [powershell]::Create().AddScript("param(`$output) Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1; $Script | ForEach-Object { `$output.Enqueue(`$_) }").AddArgument($output)
            [pscustomobject]@{ Shell = $shell; Output = $output; Handle = $shell.BeginInvoke() }
        }
    }
    BeforeEach { $node = Start-FlannelNode }
    AfterEach {
        Get-FlannelNode | Where-Object State -NE Stopped | Stop-FlannelNode -Force
        Get-FlannelNode | Reset-FlannelNode -Force
    }

    It 'tells what happened, oldest first' {
        $events = Get-FlannelEvent
        $events.Kind | Should -Contain 'LeaseAcquired'
        $events.Kind | Should -Contain 'NodeReady'
        $events.Number | Should -Be ($events.Number | Sort-Object)
        $lease = $events | Where-Object Kind -EQ LeaseAcquired
        $lease.Message | Should -Match ([regex]::Escape("$($node.Subnet)"))
        $lease.Level | Should -Be 'Information'
        $lease.Node | Should -Be 'flannel'
        $lease.Time | Should -BeGreaterThan ([DateTimeOffset]::Now.AddMinutes(-1))
        $lease.Id | Should -Be 2003
    }

    It 'chooses by time and level' {
        Get-FlannelEvent -Since ([DateTimeOffset]::Now.AddMinutes(1)) | Should -BeNullOrEmpty
        $since = (Get-FlannelEvent -Since ([timespan]'00:05:00')).Count
        (Get-FlannelEvent).Count - $since | Should -BeIn 0, 1 -Because 'something may happen meanwhile'
        (Get-FlannelEvent).Count - (Get-FlannelEvent -Since 300).Count | Should -BeIn -1, 0
        Get-FlannelEvent -Level Error | Should -BeNullOrEmpty
        Set-LabKey $etcd /coreos.com/network/subnets/garbage 'no lease' 0
        try {
            Wait-Until { Get-FlannelEvent -Level Warning }
            (Get-FlannelEvent -Level Warning).Level | Should -Not -Contain 'Information'
        }
        finally { $null = Invoke-Etcdctl $etcd del /coreos.com/network/subnets/garbage }
    }

    It '-Follow tells what comes as it comes, and ends when the node stops' {
        $following = Start-Following 'Get-FlannelEvent -Follow'
        Wait-Until { $following.Output.Kind -contains 'NodeReady' }
        Set-LabLease $etcd 10.42.7.0/24 198.18.0.27
        $clock = [Diagnostics.Stopwatch]::StartNew()
        Wait-Until { $following.Output.Kind -contains 'PeerAdded' }
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 2
        Stop-FlannelNode flannel
        $following.Handle.AsyncWaitHandle.WaitOne(3000) | Should -BeTrue
        $following.Shell.EndInvoke($following.Handle)
        $following.Shell.HadErrors | Should -BeFalse
        @($following.Output)[-1].Kind | Should -Be 'StopRequested'
        ($following.Output.Number | Select-Object -Unique).Count | Should -Be $following.Output.Count -Because 'none comes twice'
    }

    It '-Follow follows several nodes at once' {
        Set-LabKey $etcd /second/config '{"Network":"10.43.0.0/16","Backend":{"Type":"vxlan","VNI":2}}'
        $null = Start-FlannelNode -Name second -Prefix /second -SubnetFile /run/flannel/second.env
        $following = Start-Following 'Get-FlannelEvent -Follow'
        Wait-Until { ($following.Output | Where-Object Kind -EQ NodeReady).Count -eq 2 }
        $following.Output.Node | Select-Object -Unique | Sort-Object | Should -Be 'flannel', 'second'
        Stop-FlannelNode second
        Set-LabLease $etcd 10.42.8.0/24 198.18.0.28
        Wait-Until { $following.Output.Message -match '10\.42\.8\.0/24' }
        $following.Shell.Stop()
    }

    It 'F90: -Follow ends within a second of Ctrl+C, and holds up no stop of the node' {
        $following = Start-Following 'Get-FlannelEvent -Follow'
        Wait-Until { $following.Output.Count -gt 0 }
        Start-Sleep -Milliseconds 300
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $following.Shell.Stop()
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 1
        $other = Start-Following 'Get-FlannelEvent -Follow'
        Wait-Until { $other.Output.Count -gt 0 }
        $clock.Restart()
        Stop-FlannelNode flannel
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 1.5
    }

    It 'is read one by one: the first is there before the node says the last' {
        $first = Get-FlannelEvent -Follow | Select-Object -First 1
        $first.Number | Should -Be 1
    }

    It 'says of a node that is not there, or does not run, which of the two it is' {
        $null = Get-FailureOf { Get-FlannelEvent nosuch -ErrorAction Stop } NodeNotFound
        Stop-FlannelNode flannel
        $null = Get-FailureOf { Get-FlannelEvent -ErrorAction Stop } NodeNotRunning
        $null = Get-FailureOf { Get-FlannelEvent -Follow -ErrorAction Stop } NodeNotRunning
    }
}
