# A node within this very process, started and stopped again and again: what it does not give back stays with the process.
BeforeAll {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    Import-Module $env:FLANNELPS_MODULE/FlannelPS.psd1 -Force
    $etcd = Start-LabEtcd

    function Invoke-Cycle([string] $Prefix, [int] $Count) {
        foreach ($time in 1..$Count) {
            $job = Start-FlannelNode -AsJob -Prefix $Prefix -Name cycle -SubnetFile /run/flannel/cycle.env
            $null = Wait-FlannelNode cycle -State Ready -TimeoutSeconds 60
            Stop-Job $job
            $job.State | Should -Be Stopped
            Remove-Job $job
        }
        foreach ($time in 1..2) {
            [GC]::Collect()
            [GC]::WaitForPendingFinalizers()
        }
        [pscustomobject]@{
            Descriptors = @(Get-ChildItem /proc/self/fd).Count
            Threads     = @(Get-ChildItem /proc/self/task).Count
            Keys        = (Invoke-Etcdctl $etcd get --prefix $Prefix --keys-only | Where-Object { $_ }) -join ' '
            Leases      = @(Invoke-Etcdctl $etcd lease list).Count
            Files       = (Get-ChildItem -Recurse -Force /run/flannelps, /run/flannel, /var/lib/flannelps | ForEach-Object FullName) -join ' '
            Links       = (ip -br link | ForEach-Object { ($_ -split '[ @]')[0] }) -join ' '
        }
    }
}

AfterAll {
    $etcd | Stop-LabEtcd
    Remove-Module FlannelPS
}

Describe 'Starts and stops in one process' {
    It 'F35: leave nothing open and nothing behind: <Backend>' -ForEach @{ Backend = 'vxlan' }, @{ Backend = 'host-gw' }, @{ Backend = 'udp' } {
        # A thousand with --long.
        $count = $env:FLANNELPS_TEST_LONG -eq '1' ? 1000 : 25
        Set-LabKey $etcd "/$Backend/config" "{`"Network`":`"10.42.0.0/16`",`"Backend`":{`"Type`":`"$Backend`"}}" 0
        $before = Invoke-Cycle "/$Backend" 5
        $after = Invoke-Cycle "/$Backend" $count
        foreach ($name in 'Keys', 'Leases', 'Files', 'Links') { "$name $($after.$name)" | Should -Be "$name $($before.$name)" }
        # The runtime's own come and go; what a node left open would be one more with each.
        $after.Descriptors - $before.Descriptors | Should -BeLessThan ($count / 3)
        $after.Threads - $before.Threads | Should -BeLessThan ($count / 3 + 4)
        Reset-FlannelNode cycle -Force
    }
}

Describe 'A shell that is the first process of a container' {
    It 'resets a node, firewall and all: .NET takes the end of every child there' {
        Set-LabKey $etcd /first/config '{"Network":"10.44.0.0/16","Backend":{"Type":"host-gw"}}' 0
        $job = Start-FlannelNode -AsJob -Prefix /first -Name first -SubnetFile /run/flannel/first.env -IPMasquerade
        $null = Wait-FlannelNode first -State Ready -TimeoutSeconds 60
        $stands = { @(if (Get-Command nft -ErrorAction Ignore) { nft list ruleset }) + @(iptables-save 2>$null) -match 'first' }
        foreach ($turn in 1..600) { if (& $stands) { break } Start-Sleep -Milliseconds 100 }
        & $stands | Should -Not -BeNullOrEmpty
        Stop-Job $job
        Remove-Job $job
        $said = & unshare --pid --fork --kill-child --mount-proc ([Environment]::ProcessPath) -NoProfile -NonInteractive -Command @"
            `$ErrorActionPreference = 'Stop'
            Import-Module '$env:FLANNELPS_MODULE/FlannelPS.psd1'
            `$PID
            Reset-FlannelNode first -Force -WarningAction Ignore
            'done'
"@
        "$said" | Should -Match '^1 .*done$'
        & $stands | Should -BeNullOrEmpty
    }
}
