BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd
    $prefix = '/coreos.com/network'
    function Get-StoreRevision { (Invoke-Etcdctl $etcd get --write-out=json nothing | ConvertFrom-Json).header.revision }
    function Remove-Key([string] $Key) { $null = Invoke-Etcdctl $etcd del "$prefix/subnets/$Key" }
    function Clear-Network { $null = Invoke-Etcdctl $etcd del --prefix $prefix }
    function Format-Event { process { "$($_.Type) $($_.Subnet)".Trim() } }

    # A pipeline that runs beside the test: what it wrote so far, and how long it takes to stop.
    function Start-Pipeline([string] $Script) {
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'; $Script")
        $output = [System.Management.Automation.PSDataCollection[psobject]]::new()
        $null = $shell.BeginInvoke([System.Management.Automation.PSDataCollection[psobject]]::new(), $output)
        [pscustomobject]@{ Shell = $shell; Output = $output }
    }
    # What it wrote so far; to enumerate the collection itself waits until the pipeline ends.
    function Get-Written($Pipeline) {
        $copy = [psobject[]]::new($Pipeline.Output.Count)
        for ($i = 0; $i -lt $copy.Count; $i++) { $copy[$i] = $Pipeline.Output[$i] }
        $copy
    }
    function Stop-Pipeline($Pipeline) {
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $stop = $Pipeline.Shell.BeginStop($null, $null)
        $ended = $stop.AsyncWaitHandle.WaitOne(5000)
        $seconds = $clock.Elapsed.TotalSeconds
        $Pipeline.Shell.Dispose()
        if ($ended) { $seconds } else { 99 }
    }
    # etcd again on its old data, as after a restart of the machine.
    function Restart-Etcd([scriptblock] $Between = { }) {
        $commandLine = (Get-Content "/proc/$($etcd.Process.Id)/cmdline" -Raw).TrimEnd("`0") -split "`0"
        $etcd.Process.Kill(); $etcd.Process.WaitForExit()
        & $Between
        $etcd.Process = Start-Process $commandLine[0] $commandLine[1..99] -PassThru -RedirectStandardOutput /dev/null -RedirectStandardError "$($etcd.Folder)/err2"
        Wait-Until { Test-LabPort $etcd.Port }
    }
}

AfterAll {
    $etcd | Stop-LabEtcd
    Remove-Module FlannelPS
}

Describe 'Watch-FlannelLease' {
    BeforeEach {
        Clear-Network
        Set-LabLease $etcd 10.42.1.0/24 198.18.0.21
        $watch = $null
    }
    AfterEach { if ($watch) { $null = Stop-Pipeline $watch } }

    It 'tells what is added, updated and removed, as it happens' {
        $watch = Start-Pipeline 'Watch-FlannelLease'
        # Nothing tells that a watch stands; a lease that is written again and again is heard of in the end.
        Wait-Until { Set-LabLease $etcd 10.42.9.0/24; $watch.Output.Count -gt 0 } 20
        # Its last echo may still be under way: what is told of it is left out below.
        function Get-Told { Get-Written $watch | Where-Object { "$($_.Subnet)" -ne '10.42.9.0/24' } }
        Set-LabLease $etcd 10.42.2.0/24 198.18.0.22
        Set-LabLease $etcd 10.42.2.0/24 198.18.0.23
        Remove-Key 10.42.1.0-24
        Remove-Key 10.42.2.0-24
        Wait-Until { @(Get-Told).Count -ge 4 }
        $events = Get-Told
        $events | Format-Event | Should -Be 'Added 10.42.2.0/24', 'Updated 10.42.2.0/24', 'Removed 10.42.1.0/24', 'Removed 10.42.2.0/24'
        "$($events.PublicIP)" | Should -Be '198.18.0.22 198.18.0.23 198.18.0.21 198.18.0.23'
        $events[3].Lease.BackendData.VNI | Should -Be 1
        $events[3].Revision | Should -Be (Get-StoreRevision)
        $events[3].Time | Should -BeGreaterThan ([DateTimeOffset]::Now.AddSeconds(-10))
        $events[0].GetType().FullName | Should -Be 'FlannelPS.FlannelLeaseEvent'
    }

    It 'begins with what stands, with -IncludeExisting, and ends after -Count' {
        Set-LabLease $etcd 10.42.2.0/24 198.18.0.22 -TimeToLive 0
        Set-LabKey $etcd "$prefix/subnets/garbage" 'junk'
        $events = Watch-FlannelLease -IncludeExisting -Count 2
        $events | Format-Event | Should -Be 'Added 10.42.1.0/24', 'Added 10.42.2.0/24'
        $events[1].Lease.IsReservation | Should -BeTrue
    }

    It 'ends after -TimeoutSeconds, without an error' {
        $clock = [Diagnostics.Stopwatch]::StartNew()
        @(Watch-FlannelLease -IncludeExisting -TimeoutSeconds 1 -ErrorAction Stop).Count | Should -Be 1
        $clock.Elapsed.TotalSeconds | Should -BeGreaterThan 0.9
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 3
    }

    It 'goes on behind a revision' {
        $revision = Get-StoreRevision
        Set-LabLease $etcd 10.42.2.0/24
        Set-LabLease $etcd 10.42.1.0/24 198.18.0.99
        Remove-Key 10.42.1.0-24
        $events = Watch-FlannelLease -SinceRevision $revision -Count 3
        $events | Format-Event | Should -Be 'Added 10.42.2.0/24', 'Updated 10.42.1.0/24', 'Removed 10.42.1.0/24'
        @(Watch-FlannelLease -SinceRevision $events[-1].Revision -TimeoutSeconds 1).Count | Should -Be 0
        # Of a lease that was there before and is gone since, the key is all there is.
        Set-LabLease $etcd 10.42.3.0/24
        $revision = Get-StoreRevision
        Remove-Key 10.42.3.0-24
        $gone = Watch-FlannelLease -SinceRevision $revision -Count 1
        $gone | Format-Event | Should -Be 'Removed 10.42.3.0/24'
    }

    It 'says that history is gone, and tells what stands (F05)' {
        $revision = Get-StoreRevision
        Set-LabLease $etcd 10.42.2.0/24
        $null = Invoke-Etcdctl $etcd compaction (Get-StoreRevision)
        Watch-FlannelLease -SinceRevision ($revision - 1) -TimeoutSeconds 2 | Format-Event | Should -Be 'Reset', 'Added 10.42.1.0/24', 'Added 10.42.2.0/24'
        Watch-FlannelLease -SinceRevision 999999999 -TimeoutSeconds 1 | Format-Event | Should -Be 'Reset', 'Added 10.42.1.0/24', 'Added 10.42.2.0/24'
    }

    It 'hears of a lease that turns into junk as removed, and of junk nothing' {
        $watch = Start-Pipeline 'Watch-FlannelLease -IncludeExisting'
        Wait-Until { $watch.Output.Count -eq 1 } 20
        Set-LabKey $etcd "$prefix/subnets/garbage" 'junk'
        Set-LabKey $etcd "$prefix/subnets/10.42.1.0-24" 'junk'
        Set-LabLease $etcd 10.42.1.0/24 198.18.0.22
        Wait-Until { $watch.Output.Count -ge 3 } 20
        Get-Written $watch | Select-Object -Skip 1 | Format-Event | Should -Be 'Removed 10.42.1.0/24', 'Updated 10.42.1.0/24'
    }

    It 'lives over a restart of etcd, and loses nothing (F02, L7)' {
        $watch = Start-Pipeline 'Watch-FlannelLease -WarningVariable +global:told -WarningAction SilentlyContinue'
        Wait-Until { Set-LabLease $etcd 10.42.9.0/24; $watch.Output.Count -gt 0 } 20
        Restart-Etcd
        Set-LabLease $etcd 10.42.7.0/24
        Wait-Until { Get-Written $watch | Where-Object { "$($_.Subnet)" -eq '10.42.7.0/24' } } 20
        Set-LabLease $etcd 10.42.8.0/24
        Wait-Until { Get-Written $watch | Where-Object { "$($_.Subnet)" -eq '10.42.8.0/24' } } 20
    }

    It 'tells the differences after a restart and a compaction: Reset, then each (F05)' {
        Set-LabLease $etcd 10.42.2.0/24
        Set-LabLease $etcd 10.42.4.0/24
        $watch = Start-Pipeline 'Watch-FlannelLease -IncludeExisting -WarningAction SilentlyContinue'
        Wait-Until { $watch.Output.Count -ge 3 } 20
        $watch.Output.Count | Should -Be 3
        # While the watcher cannot see it: stopped by a signal it keeps its connection, which ends with etcd.
        Restart-Etcd -Between {
            $other = [pscustomobject]@{ Endpoint = 'http://127.0.0.1:2479' }
            $data = "$($etcd.Folder)/data"
            $second = Start-Process etcd @('--name', "e$($etcd.Port)", '--data-dir', $data, '--listen-client-urls', $other.Endpoint, '--advertise-client-urls', $other.Endpoint, '--listen-peer-urls', 'http://127.0.0.1:12379', '--initial-advertise-peer-urls', 'http://127.0.0.1:12379', '--initial-cluster', "e$($etcd.Port)=http://127.0.0.1:12379", '--log-level', 'error', '--logger', 'zap', '--log-outputs', '/dev/null') -PassThru -RedirectStandardError "$($etcd.Folder)/err3" -RedirectStandardOutput /dev/null
            Wait-Until { Test-LabPort 2479 }
            $null = Invoke-Etcdctl $other del "$prefix/subnets/10.42.1.0-24"
            Set-LabLease $other 10.42.2.0/24 198.18.0.99
            Set-LabLease $other 10.42.3.0/24
            $null = Invoke-Etcdctl $other compaction ((Invoke-Etcdctl $other get --write-out=json nothing | ConvertFrom-Json).header.revision)
            $second.Kill(); $second.WaitForExit()
        }
        Wait-Until { $watch.Output.Count -ge 7 } 20
        Get-Written $watch | Select-Object -Skip 3 | Format-Event | Should -Be 'Reset', 'Removed 10.42.1.0/24', 'Updated 10.42.2.0/24', 'Added 10.42.3.0/24'
    }

    It 'ends on Ctrl+C within a second' {
        $watch = Start-Pipeline 'Watch-FlannelLease -IncludeExisting'
        Wait-Until { $watch.Output.Count -ge 1 } 20
        $seconds = Stop-Pipeline $watch
        $watch = $null
        $seconds | Should -BeLessThan 1
    }

    It 'ends when nobody reads on' {
        $clock = [Diagnostics.Stopwatch]::StartNew()
        (Watch-FlannelLease -IncludeExisting | Select-Object -First 1).Type | Should -Be 'Added'
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 3
    }

    It 'says that the store is away, at the beginning' {
        Get-FailureOf { Watch-FlannelLease -Endpoint http://127.0.0.1:9 } StoreUnreachable
    }

    It 'refuses <Case>' -ForEach @(@{ Case = 'Count = 0'; Parameters = @{ Count = 0 } }, @{ Case = 'SinceRevision = -1'; Parameters = @{ SinceRevision = -1 } }, @{ Case = 'TimeoutSeconds = 0'; Parameters = @{ TimeoutSeconds = 0 } }, @{ Case = 'SinceRevision = 1; IncludeExisting'; Parameters = @{ SinceRevision = 1; IncludeExisting = $true } }) {
        { Watch-FlannelLease @Parameters } | Should -Throw
    }

    It 'works on a local: store' {
        $endpoint = "local:$TestDrive/watch"
        $null = '{"Network":"10.42.0.0/16","Backend":{"Type":"vxlan"}}' | & "$env:FLANNELPS_MODULE/runtimes/linux-x64/native/flannelpsd" --set-config - "--etcd-endpoints=$endpoint"
        $watch = Start-Pipeline "Watch-FlannelLease -Endpoint $endpoint -IncludeExisting"
        Add-FlannelReservation 10.42.5.0/24 198.18.0.50 -Endpoint $endpoint
        Wait-Until { $watch.Output.Count -ge 1 } 20
        Remove-FlannelReservation 10.42.5.0/24 -Endpoint $endpoint -Force
        Wait-Until { $watch.Output.Count -ge 2 } 20
        Get-Written $watch | Format-Event | Should -Be 'Added 10.42.5.0/24', 'Removed 10.42.5.0/24'
    }
}

Describe 'Watch-FlannelLease -AsJob' {
    BeforeEach {
        Clear-Network
        Set-LabLease $etcd 10.42.1.0/24 198.18.0.21
    }
    AfterEach { Get-Job | Remove-Job -Force }

    It 'is a job of the session whose output streams' {
        $job = Watch-FlannelLease -IncludeExisting -AsJob
        $job | Should -BeOfType System.Management.Automation.Job
        (Get-Job -Id $job.Id).State | Should -Be Running
        Wait-Until { $job.HasMoreData }
        Receive-Job $job | Format-Event | Should -Be 'Added 10.42.1.0/24'
        Set-LabLease $etcd 10.42.2.0/24
        Wait-Until { $job.HasMoreData }
        Receive-Job $job | Format-Event | Should -Be 'Added 10.42.2.0/24'
        $clock = [Diagnostics.Stopwatch]::StartNew()
        Stop-Job $job
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 1
        $job.State | Should -Be Stopped
        $job.Location | Should -Match '127\.0\.0\.1:2379'
    }

    It 'completes after -Count, and can be waited for' {
        $job = Watch-FlannelLease -IncludeExisting -Count 1 -AsJob
        $job | Wait-Job -Timeout 10 | Should -Be $job
        $job.State | Should -Be Completed
        ($job | Receive-Job -Wait -AutoRemoveJob).PublicIP | Should -Be '198.18.0.21'
        Get-Job | Should -BeNullOrEmpty
    }

    It 'completes after -TimeoutSeconds' {
        $job = Watch-FlannelLease -TimeoutSeconds 1 -AsJob
        ($job | Wait-Job -Timeout 10).State | Should -Be Completed
    }

    It 'fails with the error''s own id while the store is away' {
        $job = Watch-FlannelLease -AsJob -Endpoint http://127.0.0.1:9
        ($job | Wait-Job -Timeout 10).State | Should -Be Failed
        Receive-Job $job -ErrorAction SilentlyContinue -ErrorVariable problem
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'StoreUnreachable*'
    }

    It 'uses the connected store, and outlives its connection' {
        $store = Connect-FlannelStore
        $job = Watch-FlannelLease -AsJob
        Disconnect-FlannelStore
        Wait-Until { Set-LabLease $etcd 10.42.3.0/24; $job.HasMoreData } 20
        (Receive-Job $job)[0].Type | Should -BeIn 'Added', 'Updated'
        $store.Name | Should -Be default
    }
}

Describe 'Wait-FlannelLease' {
    BeforeEach {
        Clear-Network
        Set-LabLease $etcd 10.42.1.0/24 198.18.0.21
    }

    It 'gives a lease that is there, with the time it has left' {
        $lease = Wait-FlannelLease 198.18.0.21
        "$($lease.Subnet)" | Should -Be '10.42.1.0/24'
        $lease.TimeToLive.TotalSeconds | Should -BeGreaterThan 3500
        "$((Wait-FlannelLease -Subnet 10.42.1.0/24).PublicIP)" | Should -Be '198.18.0.21'
        "$((Wait-FlannelLease -Subnet 10.42.0.0/16).PublicIP)" | Should -Be '198.18.0.21'
        "$((Wait-FlannelLease -PublicIP 198.18.0.* -Subnet 10.42.*).PublicIP)" | Should -Be '198.18.0.21'
    }

    It 'waits for one that comes' {
        $wait = Start-Pipeline 'Wait-FlannelLease 198.18.0.31, 198.18.0.21'
        Wait-Until { $wait.Output.Count -eq 1 } 20
        Set-LabLease $etcd 10.42.5.0/24 198.18.0.30
        Set-LabLease $etcd 10.42.6.0/24 198.18.0.31
        Wait-Until { $wait.Shell.InvocationStateInfo.State -eq 'Completed' } 20
        "$((Get-Written $wait).Subnet)" | Should -Be '10.42.1.0/24 10.42.6.0/24'
        $wait.Shell.Dispose()
    }

    It 'shows its progress' {
        $wait = Start-Pipeline 'Wait-FlannelLease 198.18.0.31, 198.18.0.21 -TimeoutSeconds 3'
        Wait-Until { $wait.Shell.Streams.Progress.Count -gt 0 } 20
        $wait.Shell.Streams.Progress[0].StatusDescription | Should -Be '1 of 2 are there; waiting for 198.18.0.31'
        Wait-Until { $wait.Shell.InvocationStateInfo.State -eq 'Completed' } 20
        $wait.Shell.Streams.Progress[$wait.Shell.Streams.Progress.Count - 1].RecordType | Should -Be Completed
        $wait.Shell.Dispose()
    }

    It 'says which did not come in time, and gives the others' {
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $found = Wait-FlannelLease 198.18.0.21, 198.18.0.99 -TimeoutSeconds 1 -ErrorVariable problem -ErrorAction SilentlyContinue
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 4
        "$($found.PublicIP)" | Should -Be '198.18.0.21'
        $problem[0].FullyQualifiedErrorId | Should -BeLike 'WaitTimeout,*'
        $problem[0].CategoryInfo.Category | Should -Be OperationTimeout
        "$($problem[0])" | Should -Match '198\.18\.0\.99'
        Get-FailureOf { Wait-FlannelLease -Subnet 10.42.9.0/24 -TimeoutSeconds 1 -ErrorAction Stop } WaitTimeout
        Get-FailureOf { Wait-FlannelLease 198.18.0.21 -Subnet 10.42.9.0/24 -TimeoutSeconds 1 -ErrorAction Stop } WaitTimeout
    }

    It 'takes hosts by property name' {
        "$(([pscustomobject]@{ PublicIP = '198.18.0.21' } | Wait-FlannelLease).Subnet)" | Should -Be '10.42.1.0/24'
        "$((Get-FlannelLease | Wait-FlannelLease).Subnet)" | Should -Be '10.42.1.0/24'
    }

    It 'waits over a restart of etcd' {
        $wait = Start-Pipeline 'Wait-FlannelLease 198.18.0.31, 198.18.0.21 -TimeoutSeconds 40'
        Wait-Until { $wait.Output.Count -eq 1 } 20
        Restart-Etcd
        Set-LabLease $etcd 10.42.6.0/24 198.18.0.31
        Wait-Until { $wait.Output.Count -eq 2 } 20
        $wait.Shell.Dispose()
    }

    It 'refuses host bits, and says that the store is away within its time' {
        Get-FailureOf { Wait-FlannelLease -Subnet 10.42.1.1/24 -TimeoutSeconds 1 -ErrorAction Stop } SubnetInvalid
        $clock = [Diagnostics.Stopwatch]::StartNew()
        Get-FailureOf { Wait-FlannelLease 198.18.0.21 -Endpoint http://192.0.2.1:2379 -TimeoutSeconds 1 } StoreUnreachable
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 3
    }

    It 'ends on Ctrl+C within a second' {
        $wait = Start-Pipeline 'Wait-FlannelLease 198.18.0.21, 198.18.0.99'
        Wait-Until { $wait.Output.Count -ge 1 } 20
        Stop-Pipeline $wait | Should -BeLessThan 1
    }
}
